// `prices compare`: the ledger beside what a provider billed for a month, by model and day, and what explains the
// difference.

import { readFile } from 'node:fs/promises';
import { readArguments, UsageError, type Command } from './command.ts';
import { readMonthName } from './days.ts';
import { modelName, readProviderBill, type BilledLine } from './provider-bill.ts';
import { formatTable } from '../terminal/table.ts';
import { warehouseHelp, warehouseOf, type Query } from './warehouse.ts';
import { typedPath } from '../terminal/typed-path.ts';

/** Differences below it are rounding of the provider's file. */
const centUsd = 0.01;

/** A model on a day, as both say. */
export interface Compared {
  readonly day: string;
  readonly model: string | null;
  readonly ledgerUsd: number;
  readonly billedUsd: number;
  /** Of the ledger: of calls whose usage nobody reported. */
  readonly estimatedUsd: number;
  /** Beside it: what attempts may have cost that nobody got anything of. */
  readonly abandonedUsd: number;
  /** Calls without a price, and calls of which a part has none. */
  readonly unpriced: number;
  readonly partlyUnpriced: number;
  /** Calls of several models: their whole cost, on the line of each. */
  readonly sharedUsd: number;
  readonly explained: readonly string[];
}

/** The command about providers' bills. */
export const compareCommands: readonly Command[] = [
  {
    name: 'prices compare',
    summary: 'the ledger beside a provider’s bill of a month, by model and day',
    help: `usage: npm run gateway -- prices compare --provider <id> --month <month> --file <csv> [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  --provider       as the catalogue names it, such as openai
  --month          such as 2026-11; days are UTC, as providers bill
  --file           the export of costs of the provider's console: Anthropic's (Cost, CSV) or OpenAI's (Usage, Costs, by line item, CSV)
${warehouseHelp}  --json           one JSON document

Lines that differ by a cent or more, and what may explain them: estimated (nobody reported the usage), abandoned (attempts that were billed and gave nothing),
unpriced, several models in one call (the ledger has its cost under the one that was asked for, the bill by each), known to one side alone. What is left is unexplained: a price that is wrong, or a discount (prices set --factor).

example:
  npm run gateway -- prices compare --provider anthropic --month 2026-11 --file claude_api_cost_2026_11.csv --project my-project
`,
    run: async (args) => {
      const { options } = readArguments(args, ['provider', 'month', 'file', 'project', 'dataset', 'bigquery']);
      const { provider, file } = options;
      if (provider === undefined) throw new UsageError('--provider is missing: an id such as openai');
      if (!/^[a-z0-9-]+$/.test(provider)) throw new UsageError(`--provider ${provider} is no id such as openai`);
      const month = readMonthName(options.month);
      if (file === undefined) throw new UsageError('--file is missing: the export of the provider’s console');
      const text = await readFile(typedPath(file), 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new UsageError(`--file ${file} can’t be read: ${error.code ?? error.message}`);
      });
      const billed = readProviderBill(text);
      const { query, dataset } = await warehouseOf(options);
      const all = await compareBill(query, dataset, provider, month, billed);
      const other = billed.filter(({ day }) => !day.startsWith(month)).length;
      const lines = all.filter((one) => Math.abs(one.billedUsd - one.ledgerUsd) >= centUsd || one.explained.length > 0);
      const sum = (of: (one: Compared) => number): number => all.reduce((total, one) => total + of(one), 0);
      const [ledger, bill] = [sum((one) => one.ledgerUsd), sum((one) => one.billedUsd)];
      const dollars = (usd: number): string => usd.toFixed(4);
      const table = formatTable(
        ['DAY', 'MODEL', 'LEDGER, $', 'BILLED, $', 'DIFFERENCE, $', 'EXPLAINED BY'],
        lines.map((one) => [
          one.day,
          one.model ?? '(no model)',
          dollars(one.ledgerUsd),
          dollars(one.billedUsd),
          dollars(one.billedUsd - one.ledgerUsd),
          one.explained.join('; ') || 'nothing',
        ]),
      );
      const total = `${provider} ${month}: $${dollars(ledger)} in the ledger, $${dollars(bill)} billed, difference $${dollars(bill - ledger)} (estimated $${dollars(sum((one) => one.estimatedUsd))}, abandoned $${dollars(sum((one) => one.abandonedUsd))}, ${sum((one) => one.unpriced)} calls unpriced, ${sum((one) => one.partlyUnpriced)} in part)`;
      return {
        text: [
          ...(lines.length > 0 ? [table] : []),
          total,
          ...(other > 0 ? [`${other} lines of the export are of other months and are left out`] : []),
        ].join('\n'),
        json: { provider, month, ledger_usd: ledger, billed_usd: bill, left_out: other, lines: all },
      };
    },
  },
];

/** Parameters: @from, @to, and @source, the provider. */
export function ledgerSql(dataset: string): string {
  return `SELECT CAST(DATE(created_at) AS STRING) AS day, model, price_version,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  SUM(IF(price_version LIKE '%estimated tokens%', cost_nano_usd, 0)) AS estimated_nano_usd,
  SUM(IFNULL(abandoned_nano_usd, 0)) AS abandoned_nano_usd,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced,
  COUNTIF(price_version LIKE '%unpriced dimensions%') AS partly_unpriced
FROM \`${dataset}.events_between\`(CAST(@from AS TIMESTAMP), CAST(@to AS TIMESTAMP))
WHERE provider = @source
GROUP BY day, model, price_version
ORDER BY day, model, price_version`;
}

/** Every model and day that one of the two knows. */
export async function compareBill(
  query: Query,
  dataset: string,
  provider: string,
  month: string,
  billed: readonly BilledLine[],
): Promise<Compared[]> {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const params = {
    from: `${month}-01 00:00:00+00`,
    to: `${new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10)} 00:00:00+00`,
    source: provider,
  };
  const sums = new Map<string, Omit<Compared, 'explained'>>();
  const add = (day: string, model: string | null, more: Partial<Record<keyof Compared, number>>): void => {
    // Names for people have a dot where ids have a hyphen: Claude Opus 4.8.
    const key = JSON.stringify([day, model?.replaceAll('.', '-') ?? null]);
    const zero = {
      ledgerUsd: 0,
      billedUsd: 0,
      estimatedUsd: 0,
      abandonedUsd: 0,
      unpriced: 0,
      partlyUnpriced: 0,
      sharedUsd: 0,
    };
    const sum: Omit<Compared, 'explained'> = sums.get(key) ?? { day, model, ...zero };
    const plus = (member: keyof typeof zero): number => sum[member] + (more[member] ?? 0);
    sums.set(key, {
      day: sum.day,
      model: sum.model,
      ledgerUsd: plus('ledgerUsd'),
      billedUsd: plus('billedUsd'),
      estimatedUsd: plus('estimatedUsd'),
      abandonedUsd: plus('abandonedUsd'),
      unpriced: plus('unpriced'),
      partlyUnpriced: plus('partlyUnpriced'),
      sharedUsd: plus('sharedUsd'),
    });
  };
  for (const row of await query(ledgerSql(dataset), params)) {
    const usd = (name: string): number => Number(row[name] ?? 0) / 1e9;
    const day = String(row['day']);
    const asked = typeof row['model'] === 'string' ? modelName(row['model']) : null;
    const served = servedBy(row['price_version']);
    const [only = asked] = served;
    // A call that another model answered alone is on that one's line of the bill.
    const model = served.length === 1 ? only : asked;
    if (served.length > 1)
      for (const one of new Set([model, ...served])) add(day, one, { sharedUsd: usd('cost_nano_usd') });
    add(day, model, {
      ledgerUsd: usd('cost_nano_usd'),
      estimatedUsd: usd('estimated_nano_usd'),
      abandonedUsd: usd('abandoned_nano_usd'),
      unpriced: Number(row['unpriced']),
      partlyUnpriced: Number(row['partly_unpriced']),
    });
  }
  for (const { day, model, usd } of billed) if (day.startsWith(month)) add(day, model, { billedUsd: usd });
  return [...sums.values()]
    .map((one) => ({ ...one, explained: explain(one) }))
    .toSorted((a, b) => a.day.localeCompare(b.day) || (a.model ?? '').localeCompare(b.model ?? ''));
}

/** Models by whose prices a call was priced, as its row says: `openai/a 2026-01-01 + openai/b 2020-01-01, …`. */
function servedBy(version: unknown): readonly string[] {
  if (typeof version !== 'string') return [];
  const prices = (version.split(', ')[0] ?? '').split(' + ');
  const models = prices.map((price) => /^([a-z0-9-]+\/\S+) \d{4}-\d\d-\d\d/.exec(price)?.[1]);
  // Rows of older functions name a table of prices.
  if (models.includes(undefined)) return [];
  return [...new Set(models.flatMap((model) => modelName(model ?? '') ?? []))];
}

function explain(one: Omit<Compared, 'explained'>): string[] {
  if (Math.abs(one.billedUsd - one.ledgerUsd) < centUsd) return [];
  return [
    ...(one.ledgerUsd === 0 && one.unpriced === 0 && one.sharedUsd === 0 ? ['unknown to the ledger'] : []),
    ...(one.billedUsd === 0 ? ['not on the bill'] : []),
    ...(one.sharedUsd > 0 ? [`in calls of several models, $${one.sharedUsd.toFixed(4)} altogether`] : []),
    ...(one.estimatedUsd > 0 ? [`estimated $${one.estimatedUsd.toFixed(4)}`] : []),
    ...(one.abandonedUsd > 0 ? [`abandoned $${one.abandonedUsd.toFixed(4)}`] : []),
    ...(one.unpriced > 0 ? [`${one.unpriced} calls unpriced`] : []),
    ...(one.partlyUnpriced > 0 ? [`${one.partlyUnpriced} calls unpriced in part`] : []),
  ];
}
