// `usage show`: what a subscription used in the last seven days by day, feature and model, by the saved queries of the
// licence page.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { subscriptionId } from '@cody-gateway/shared/directory';
import { readArguments, UsageError, type Command } from './command.ts';
import { limitOptions } from './subscription-text.ts';
import { formatTable } from './table.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';

const queriesDir = path.resolve(import.meta.dirname, '../../terraform/events/queries');

/** A day of a model. */
interface Usage {
  readonly date: string;
  readonly feature: string;
  readonly model: string;
  /** Calls; for embeddings tokens. */
  readonly count: number;
}

/** The command about one subscription's usage. */
export const usageCommands: readonly Command[] = [
  {
    name: 'usage show',
    summary: 'a subscription’s usage of the last seven days by model',
    help: `usage: npm run gateway -- usage show <id> [--project <id>] [--dataset <name>] [--json]

  <id>             the subscription's UUID, with or without es_
${warehouseHelp}  --json           for programs: one JSON document (with npm run --silent, or npm's own lines stand above it)

Calls by day, feature and model, failed ones too; for embeddings tokens. The same queries as the licence page's.

example:
  npm run gateway -- usage show 6452a8fc-e650-45a7-a0a2-357f776b3b46 --project my-project
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['project', 'dataset', 'bigquery'], ['<id>']);
      const id = subscriptionId(words[0] ?? '');
      if (id === null) throw new UsageError(`${JSON.stringify(words[0])} is not a subscription id: give a UUID`);
      const { query, dataset } = await warehouseOf(options);
      const ask = async (name: string, feature: string, params: Record<string, string>): Promise<Usage[]> => {
        const sql = (await readFile(path.join(queriesDir, `${name}.sql`), 'utf8')).replaceAll(
          '${project}.${dataset}',
          dataset,
        );
        const actor = { source: 'dotcom-product-subscriptions', identifier: id };
        const rows = await query(sql, { ...actor, ...params });
        return rows.map((row) => ({
          date: dateOf(row['date']),
          feature,
          model: String(row['model']),
          count: Number(row['count']),
        }));
      };
      const { chat, code, embeddings } = limitOptions;
      const found = await Promise.all([
        ...[chat, code].map((feature) => ask('licence_completions', feature, { feature })),
        ask('licence_embeddings', embeddings, {}),
      ]);
      const usage = found
        .flat()
        .filter(({ count }) => count > 0)
        .toSorted((a, b) => b.date.localeCompare(a.date) || a.feature.localeCompare(b.feature) || b.count - a.count);
      return {
        text:
          usage.length === 0
            ? `${id} used nothing in the last seven days`
            : formatTable(
                ['DAY', 'FEATURE', 'MODEL', 'CALLS OR TOKENS'],
                usage.map(({ date, feature, model, count }) => [date, feature, model, String(count)]),
              ),
        json: { id, usage },
      };
    },
  },
];

/** BigQuery's client wraps days in an object. */
function dateOf(value: unknown): string {
  const text = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  return String(text).slice(0, 10);
}
