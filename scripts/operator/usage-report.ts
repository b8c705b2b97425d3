// `usage report` (also `npm run report`): the console's overview and the usage of some days as one HTML file for
// finance, or as JSON. The page is shared/src/console's.

import { writeFile } from 'node:fs/promises';
import {
  createLookups,
  pageHtml,
  readOverview,
  readReport,
  reportPage,
  tableCsv,
  told,
  type ReportSources,
  type Section,
} from '@cody-gateway/shared/console';
import { Catalogue, defaultPrices, defaultsLayer, type PriceBook } from '@cody-gateway/shared/catalogue';
import { createLedger } from '@cody-gateway/shared/events';
import { readCatalogue } from './catalogue-place.ts';
import { readArguments, type Command } from './command.ts';
import { daysMost, lastDays, readDays } from './days.ts';
import { readEntries } from './directory-entries.ts';
import { billOf, reportJson } from './report-json.ts';
import { deploymentOf } from './subscriptions.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';
import { typedOutPath } from '../terminal/typed-path.ts';

const daysByDefault = 30;
/** Of a question: a year of a large gateway takes longer than a page of the console may. */
const timeoutMs = 240_000;

/** The command about usage. */
export const reportCommands: readonly Command[] = [
  {
    name: 'usage report',
    summary: 'the console’s overview as one HTML file: spend, customers, quotas, what is not sure',
    help: `usage: npm run gateway -- usage report [--days <number>] [--out <file>] [--billing] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  --days           of the breakdowns: how many, today included, up to ${daysMost}; ${daysByDefault} where absent. The month's own figures stand above them
  --out            where the page goes; report.html where absent. With --json nothing is written without it
  --billing        with Google's bill, where its export is connected (view cost_by_function)
${warehouseHelp}  --json           the same figures as one JSON document (with npm run --silent, or npm's own lines stand above it)

The file needs nothing else, and prints on A4. Names of customers are the directory's, as far as these credentials may read it; else their ids.
The same in the terminal: usage cost; one subscription by day: usage show; a month for a spreadsheet or a FinOps tool: usage export.

examples:
  npm run gateway -- usage report --days 30 --out may.html
  npm run gateway -- usage report --billing --project my-project
`,
    run: async (args) => {
      // It took a value once: yes.
      const given = args.filter((arg, at) => !(arg === 'yes' && args[at - 1] === '--billing'));
      const names = ['days', 'out', 'project', 'dataset', 'bigquery'] as const;
      const { options, flags } = readArguments(given, names, [], ['billing']);
      const days = options.days === undefined ? daysByDefault : readDays(options.days);
      const name = options.out ?? (args.includes('--json') ? null : 'report.html');
      const file = name === null ? null : typedOutPath(name);
      const { settings, dataset } = await warehouseOf(options);
      const nowMs = Date.now();
      const lookups = createLookups({ ledger: createLedger(settings), now: Date.now, keptMs: timeoutMs, timeoutMs });
      const range = { ...lastDays(days, nowMs, await lookups.timeZone()), bill: flags.has('billing') };
      const faults = new Set<string>();
      const failed = (error: unknown): void => void faults.add(reasonOf(error));
      const [overview, data, prices] = await Promise.all([
        readOverview(lookups, readEntries(options.project), nowMs, failed),
        readReport(lookups, range, failed),
        readPrices(options.project),
      ]);
      if (faults.size > 0) throw new Error([...faults].join('; '));
      const sources: ReportSources = { overview, data, prices, nowMs };
      const project = dataset.split('.')[0] ?? '';
      if (file !== null) await writeFile(file, fileOf(sources, project));
      const json = reportJson(sources, project);
      return { text: sentence(sources, file ?? ''), json };
    },
  },
];

/** An operator may read what a page does not tell. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** The page, and in it the CSV of each of its tables. */
function fileOf(sources: ReportSources, project: string): string {
  const csvOf = ({ table }: Section): string | null =>
    table === null ? null : `data:text/csv;charset=utf-8;base64,${Buffer.from(tableCsv(table)).toString('base64')}`;
  const frame = { environment: `project ${project}`, reader: null, nowMs: sources.nowMs, csvOf, menu: [] };
  return pageHtml(reportPage(sources), frame);
}

/** Those of the deployment, else of this release: savings are by them, no cost is. */
async function readPrices(project: string | undefined): Promise<PriceBook> {
  const own = await told(
    deploymentOf(project)
      .then(readCatalogue)
      .then(({ prices }) => ({ value: prices, readAtMs: 0 })),
    () => undefined,
  );
  if (!('fault' in own)) return own.value;
  return new Catalogue({ reviewed: [defaultsLayer()], mounted: () => true, defaultPrices }).prices();
}

function sentence({ overview, data }: ReportSources, file: string): string {
  const dollars = (nano: number): string => `$${(nano / 1e9).toFixed(2)}`;
  const days = 'fault' in data.days ? [] : data.days.value;
  const sum = (of: (day: (typeof days)[number]) => number): number => days.reduce((all, day) => all + of(day), 0);
  const parts = 'fault' in data.bill ? null : data.bill.value;
  const bill = parts === null ? null : billOf(parts);
  const [unpriced, partly, unconfirmed, estimated] = [
    sum((day) => day.unpriced),
    sum((day) => day.partly_unpriced),
    sum((day) => day.unconfirmed_nano_usd),
    sum((day) => day.estimated_nano_usd),
  ];
  return [
    `${data.from} to ${data.to}: ${sum((day) => day.events)} events, ${sum((day) => day.units)} units, ${dollars(sum((day) => day.cost_nano_usd))}`,
    ...(bill === null
      ? []
      : [
          `with Google's bill ${dollars(bill.total_micro_usd * 1_000)}; unexplained ${dollars(bill.unexplained_micro_usd * 1_000)}, ` +
            `${((bill.unexplained_micro_usd * 100) / Math.max(1, bill.google_micro_usd)).toFixed(2)} % of Google's`,
        ]),
    ...(unpriced > 0 ? [`${unpriced} charged calls have no price and count as nothing`] : []),
    ...(partly > 0 ? [`${partly} calls used something that has no price, and cost more than is counted`] : []),
    ...(unconfirmed > 0 ? [`${dollars(unconfirmed)} of it at unconfirmed prices`] : []),
    ...(estimated > 0 ? [`${dollars(estimated)} of it estimated: nobody reported the tokens`] : []),
    ...('fault' in overview.entries ? [`customers are named by their ids: ${overview.entries.fault}`] : []),
    ...(file === '' ? [] : [`written to ${file}`]),
  ].join('\n');
}
