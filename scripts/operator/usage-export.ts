// `usage export`: a month of the ledger as CSV for finance, or as FOCUS has charges. What stands in it is export's.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readArguments, UsageError, type Command, type Output } from './command.ts';
import { readMonth } from './billing-month.ts';
import { readEntries } from './directory-entries.ts';
import { financeLines, focusLines, noSums, type ExportSums } from './export-month.ts';
import { focus } from './focus-rows.ts';
import { customersOf } from './ledger-row.ts';
import { readTimeZone, warehouseHelp, warehouseOf } from './warehouse.ts';
import { typedOutPath } from '../terminal/typed-path.ts';

/** The command that makes files of the ledger. */
export const exportCommands: readonly Command[] = [
  {
    name: 'usage export',
    summary: 'a month of the ledger as CSV for finance, or as FOCUS has charges',
    help: `usage: npm run gateway -- usage export --month <month> [--focus] [--out <file>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  --month          such as 2026-11, by the billing time zone
  --focus          charges as FOCUS ${focus.version} has them (${focus.source}): what BI and FinOps tools read
  --out            where the file goes; standard output where absent (then with npm run --silent)
${warehouseHelp}  --json           what the file came to as one JSON document; with --out

Without --focus one table of everything: day, customer, model, feature, function, home, what became of the calls, tokens by their kind, money to the
billionth of a dollar, and what of it is unconfirmed, estimated or without a price. By the prices that are known now.

With --focus a month keeps what its calls cost when it was closed, 48 hours after its end. What is priced again later (prices reprice) leaves as rows with
ChargeClass Correction, in the file of the month that was open then. All months together are what the views say. A month that is not closed yet still changes.

Names and tags of customers are the directory's, as far as these credentials may read it; else their ids.

examples:
  npm run --silent gateway -- usage export --month 2026-11 > november.csv
  npm run gateway -- usage export --month 2026-11 --focus --out focus.csv --project my-project
`,
    run: async (args) => {
      const names = ['month', 'out', 'project', 'dataset', 'bigquery'] as const;
      const { options, flags } = readArguments(args, names, [], ['focus']);
      if (args.includes('--json') && options.out === undefined)
        throw new UsageError('--json goes with --out: standard output has the CSV itself');
      const file = options.out === undefined ? null : typedOutPath(options.out);
      const { query, stream, dataset } = await warehouseOf(options);
      const nowMs = Date.now();
      const month = readMonth(options.month, await readTimeZone(query, dataset), nowMs);
      const entries = await readEntries(options.project);
      const sums = noSums();
      const sources = { query, stream, dataset, customers: customersOf(entries), nowMs };
      const lines = (flags.has('focus') ? focusLines : financeLines)(sources, month, sums);
      await write(lines, file);
      const notes = [
        ...(nowMs < month.closedMs
          ? [`${month.name} is closed at ${new Date(month.closedMs).toISOString()}: until then its file changes`]
          : []),
        ...('fault' in entries ? [`customers are named by their ids: ${entries.fault}`] : []),
      ];
      const said = [sentence(month.name, sums), ...notes, ...(file === null ? [] : [`written to ${file}`])];
      return file === null ? besideIt(said) : { text: said.join('\n'), json: { file, ...jsonOf(sums), notes } };
    },
  },
];

/** A file is whole or not there: a month that is cut off would be booked. */
async function write(lines: AsyncIterable<string>, file: string | null): Promise<void> {
  if (file === null) return pipeline(Readable.from(lines), process.stdout, { end: false });
  const unfinished = `${file}.unfinished`;
  try {
    await pipeline(Readable.from(lines), createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Standard output has the file. */
function besideIt(said: readonly string[]): Output {
  process.stderr.write(`${said.join('\n')}\n`);
  return { text: '', json: null, streamed: true };
}

function sentence(month: string, sums: ExportSums): string {
  const { rows, corrections, nanoUsd, correctedNanoUsd, unpriced, partlyUnpriced } = sums;
  const { unconfirmedNanoUsd, estimatedNanoUsd } = sums;
  const parts = [
    `${month}: ${rows} rows, $${exact(nanoUsd)}`,
    ...(corrections > 0 ? [`${corrections} corrections of earlier months, $${exact(correctedNanoUsd)}`] : []),
    ...(unpriced > 0 ? [`${unpriced} charged requests without a price, counted as nothing`] : []),
    ...(partlyUnpriced > 0
      ? [`${partlyUnpriced} requests used something without a price, and cost more than is counted`]
      : []),
    ...(unconfirmedNanoUsd > 0n ? [`$${exact(unconfirmedNanoUsd)} at unconfirmed prices`] : []),
    ...(estimatedNanoUsd > 0n ? [`$${exact(estimatedNanoUsd)} estimated`] : []),
  ];
  return parts.join('; ');
}

function jsonOf(sums: ExportSums): object {
  return {
    rows: sums.rows,
    corrections: sums.corrections,
    usd: exact(sums.nanoUsd),
    corrected_usd: exact(sums.correctedNanoUsd),
    unpriced: sums.unpriced,
    partly_unpriced: sums.partlyUnpriced,
    unconfirmed_usd: exact(sums.unconfirmedNanoUsd),
    estimated_usd: exact(sums.estimatedNanoUsd),
  };
}

/** Dollars, to the billionth. */
function exact(nano: bigint): string {
  const digits = String(nano < 0n ? -nano : nano).padStart(10, '0');
  return `${nano < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
