// `usage show`: what one subscription used, and what it cost, by day, feature and model.

import { readArguments, type Command } from './command.ts';
import { daysMost, lastDays, readDays } from './days.ts';
import { idOf, subscriptionHelp } from './subscription-handle.ts';
import { deploymentOf } from './subscriptions.ts';
import { subscriptionId } from '@cody-gateway/shared/directory';
import { formatTable } from '../terminal/table.ts';
import { marked, rowsSince, usageNames, usageSums, withLegend } from './usage-cost.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';

const daysByDefault = 7;

/** What the licence page counts: calls, failed ones too; for embeddings tokens. */
const sql = `
SELECT DATE(created_at) AS date, feature, model,
  SUM(IF(name = 'EmbeddingsFinished', CAST(COALESCE(JSON_VALUE(metadata, '$.tokens_used'), '0') AS INT64), count)) AS count,
  ${usageSums}
FROM ${rowsSince}
WHERE ${usageNames} AND source = @source AND identifier = @identifier
GROUP BY 1, 2, 3
ORDER BY date DESC, feature, count DESC`;

/** Parameters: @source, @identifier and @from. */
export function showQuery(dataset: string): string {
  return sql.replaceAll('$dataset', dataset);
}

const numbers = [
  'count',
  'calls',
  'charged',
  'input_tokens',
  'output_tokens',
  'unpriced',
  'partly_unpriced',
  'cost_nano_usd',
  'unconfirmed_nano_usd',
  'estimated_nano_usd',
] as const;

/** A day of a model. */
type Usage = Readonly<Record<'date' | 'feature' | 'model', string> & Record<(typeof numbers)[number], number>>;

/** The command about one subscription's usage. */
export const usageCommands: readonly Command[] = [
  {
    name: 'usage show',
    summary: 'what one subscription used and cost, by day, feature and model',
    help: `usage: npm run gateway -- usage show <subscription> [--days <number>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

${subscriptionHelp}  --days           how many, today included, up to ${daysMost}; ${daysByDefault} where absent
${warehouseHelp}  --json           for programs: one JSON document (with npm run --silent, or npm's own lines stand above it)

CALLS counts failed ones too, CHARGED those that count against the quota (for embeddings tokens). All subscriptions: usage cost. A page for finance: usage report.

example:
  npm run gateway -- usage show acme --days 30 --project my-project
`,
    run: async (args) => {
      const names = ['days', 'project', 'dataset', 'bigquery'] as const;
      const { options, words } = readArguments(args, names, ['<subscription>']);
      const [handle = ''] = words;
      const days = options.days === undefined ? daysByDefault : readDays(options.days);
      const id = subscriptionId(handle) ?? (await idOf(await deploymentOf(options.project), handle));
      const { query, dataset } = await warehouseOf(options);
      const { from } = lastDays(days, Date.now());
      const params = { source: 'dotcom-product-subscriptions', identifier: id, from };
      const usage = (await query(showQuery(dataset), params)).map(usageOf);
      return {
        text:
          usage.length === 0
            ? `${id} used nothing in the last ${days === 1 ? 'day' : `${days} days`}`
            : withLegend(
                formatTable(
                  [
                    'DAY',
                    'FEATURE',
                    'MODEL',
                    'CALLS',
                    'CHARGED',
                    'INPUT TOKENS',
                    'OUTPUT TOKENS',
                    'UNPRICED',
                    'COST, $',
                  ],
                  usage.map((one) => [
                    one.date,
                    one.feature,
                    one.model,
                    ...(['calls', 'charged', 'input_tokens', 'output_tokens', 'unpriced'] as const).map((name) =>
                      String(one[name]),
                    ),
                    marked(one),
                  ]),
                ),
                usage,
              ),
        json: { id, from, usage },
      };
    },
  },
];

function usageOf(row: Readonly<Record<string, unknown>>): Usage {
  const counts = Object.fromEntries(numbers.map((name) => [name, Number(row[name])])) as Pick<
    Usage,
    (typeof numbers)[number]
  >;
  return { date: dateOf(row['date']), feature: textOf(row['feature']), model: textOf(row['model']), ...counts };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '-');

/** BigQuery's client wraps days in an object. */
function dateOf(value: unknown): string {
  const text = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  return String(text).slice(0, 10);
}
