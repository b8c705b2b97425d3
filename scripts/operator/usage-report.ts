// `usage report` (also `npm run report`): the usage of some days as one HTML page for finance, or as JSON. The figures
// are report/figures.ts's.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readFigures, type Figures } from './report/figures.ts';
import { reportPage } from './report/page.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { daysMost, lastDays, readDays } from './days.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';

const daysByDefault = 30;

/** The command about usage. */
export const reportCommands: readonly Command[] = [
  {
    name: 'usage report',
    summary: 'spend, requests, quotas, refusals and latency as one HTML page',
    help: `usage: npm run gateway -- usage report [--days <number>] [--out <file>] [--billing yes] [--project <id>] [--dataset <name>] [--json]

  --days           how many, today included, up to ${daysMost}; ${daysByDefault} where absent
  --out            where the page goes; report.html where absent. With --json nothing is written without it
  --billing        yes: with Google's bill, where its export is connected (view cost_by_function)
${warehouseHelp}  --json           the same figures as one JSON document (with npm run --silent, or npm's own lines stand above it)
`,
    run: async (args) => {
      const { options } = readArguments(args, ['days', 'out', 'billing', 'project', 'dataset', 'bigquery']);
      const days = options.days === undefined ? daysByDefault : readDays(options.days);
      if (options.billing !== undefined && options.billing !== 'yes')
        throw new UsageError('--billing is yes, or absent');
      const { query, dataset } = await warehouseOf(options);
      const nowMs = Date.now();
      const range = { ...lastDays(days, nowMs), bill: options.billing === 'yes' };
      const figures = await readFigures(query, dataset, range);
      const file = options.out ?? (args.includes('--json') ? null : 'report.html');
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
        `${((bill.unexplained_micro_usd * 100) / Math.max(1, bill.total_micro_usd)).toFixed(2)} %`;
  return `${from} to ${to}: ${total.events} events, ${total.units} units, ${money(total.cost_nano_usd / 1_000)}${unexplained}\nwritten to ${path.resolve(file)}`;
}
