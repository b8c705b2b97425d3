// `usage report` (also `npm run report`): the usage of some days as one HTML page for finance, or as JSON. The figures
// are report/figures.ts's.

import { writeFile } from 'node:fs/promises';
import { readFigures, readTimeZone, type Figures } from './report/figures.ts';
import { reportPage } from './report/page.ts';
import { readArguments, type Command } from './command.ts';
import { daysMost, lastDays, readDays } from './days.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';
import { typedPath } from '../terminal/typed-path.ts';

const daysByDefault = 30;

/** The command about usage. */
export const reportCommands: readonly Command[] = [
  {
    name: 'usage report',
    summary: 'spend, requests, quotas, refusals and latency as one HTML page',
    help: `usage: npm run gateway -- usage report [--days <number>] [--out <file>] [--billing] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  --days           how many, today included, up to ${daysMost}; ${daysByDefault} where absent
  --out            where the page goes; report.html where absent. With --json nothing is written without it
  --billing        with Google's bill, where its export is connected (view cost_by_function)
${warehouseHelp}  --json           the same figures as one JSON document (with npm run --silent, or npm's own lines stand above it)

The same in the terminal: usage cost; one subscription by day: usage show.

examples:
  npm run gateway -- usage report --days 30 --out may.html
  npm run gateway -- usage report --billing --project my-project
`,
    run: async (args) => {
      // It took a value once: yes.
      const given = args.filter((arg, at) => !(arg === 'yes' && args[at - 1] === '--billing'));
      const { options, flags } = readArguments(
        given,
        ['days', 'out', 'project', 'dataset', 'bigquery'],
        [],
        ['billing'],
      );
      const days = options.days === undefined ? daysByDefault : readDays(options.days);
      const { query, dataset } = await warehouseOf(options);
      const nowMs = Date.now();
      const timeZone = await readTimeZone(query, dataset);
      const range = { ...lastDays(days, nowMs, timeZone), bill: flags.has('billing'), timeZone };
      const figures = await readFigures(query, dataset, range);
      const name = options.out ?? (args.includes('--json') ? null : 'report.html');
      const file = name === null ? null : typedPath(name);
      if (file !== null) await writeFile(file, reportPage(figures, nowMs));
      return { text: sentence(figures, file ?? ''), json: figures };
    },
  },
];

function sentence({ from, to, total, bill }: Figures, file: string): string {
  const money = (micro: number): string => `$${(micro / 1e6).toFixed(2)}`;
  const unexplained =
    bill === null
      ? ''
      : `\nwith Google's bill ${money(bill.total_micro_usd)}; unexplained ${money(bill.unexplained_micro_usd)}, ` +
        `${((bill.unexplained_micro_usd * 100) / Math.max(1, bill.google_micro_usd)).toFixed(2)} % of Google's`;
  return `${from} to ${to}: ${total.events} events, ${total.units} units, ${money(total.cost_nano_usd / 1_000)}${unexplained}\nwritten to ${file}`;
}
