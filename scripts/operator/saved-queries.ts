// `queries list | run`: the saved queries that Terraform deploys as table functions (terraform/events/queries), with
// their parameters.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments, UsageError, type Command } from './command.ts';
import { formatTable } from '../terminal/table.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';

const queriesDir = path.resolve(import.meta.dirname, '../../terraform/events/queries');

/** A saved query, as its file says. */
interface SavedQuery {
  readonly name: string;
  /** The first sentence of its comment. */
  readonly summary: string;
  /** In the order of the table function's. */
  readonly parameters: readonly string[];
  /** By its columns: a table function keeps no order. */
  readonly order: string;
}

const saved: readonly SavedQuery[] = readdirSync(queriesDir)
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
  .map((file) => {
    const sql = readFileSync(path.join(queriesDir, file), 'utf8');
    const [, summary = ''] = /^-- (.*?)\.?$/m.exec(sql) ?? [];
    const [line = ''] = /^-- Parameters: .*$/m.exec(sql) ?? [];
    const [, order = ''] = /^ORDER BY (.*)$/m.exec(sql) ?? [];
    const parameters = [...line.matchAll(/@(\w+) /g)].map(([, name = '']) => name);
    return { name: path.basename(file, '.sql'), summary, parameters, order };
  });

/** Calls one that is deployed; its parameters are those of the table function by name. */
export function savedQuery(dataset: string, name: string): string {
  const query = named(name);
  const list = query.parameters.map((parameter) => `@${parameter}`).join(', ');
  return `SELECT * FROM \`${dataset}.${query.name}\`(${list})\nORDER BY ${query.order}`;
}

/** The commands about saved queries. */
export const savedQueryCommands: readonly Command[] = [
  {
    name: 'queries list',
    summary: 'the saved queries of the events dataset, and what they take',
    help: `usage: npm run gateway -- queries list [--json]

Those that Terraform deploys as table functions of the dataset: queries run asks them, and so does SELECT * FROM cody_gateway.<name>(…) anywhere else.

example:
  npm run gateway -- queries list
`,
    run: (args) => {
      readArguments(args, []);
      return Promise.resolve({
        text: formatTable(
          ['QUERY', 'TAKES', 'TELLS'],
          saved.map(({ name, summary, parameters }) => [name, parameters.join(', ') || '-', summary]),
        ),
        json: { queries: saved.map(({ name, summary, parameters }) => ({ name, summary, parameters })) },
      });
    },
  },
  {
    name: 'queries run',
    summary: 'runs a saved query with its parameters',
    help: `usage: npm run gateway -- queries run <name> [--source <text>] [--identifier <text>] [--feature <text>] [--event <text>] [--from <time>] [--to <time>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  <name>           one of queries list, which tells what it takes; each has to be given
  --source         where the actor is from, such as dotcom-product-subscriptions
  --identifier     the actor: a subscription's UUID, a user's number
  --feature        chat_completions, code_completions, embeddings
  --event          such as CompletionsFinished
  --from           the first moment: 2026-11-01 (midnight UTC), or 2026-11-01T08:00:00Z
  --to             the first moment that is not meant any more
${warehouseHelp}  --json           one JSON document

example:
  npm run gateway -- queries run redash_events --event all --feature all --identifier all --source all
`,
    run: async (args) => {
      const { options, words } = readArguments(
        args,
        [...parameterOptions, 'project', 'dataset', 'bigquery'],
        ['<name>'],
      );
      const { name, parameters } = named(words[0] ?? '');
      const given = parameterOptions.flatMap((key) => {
        const value = options[key];
        return value === undefined ? [] : [[key, value] as const];
      });
      const missing = parameters.find((parameter) => !given.some(([key]) => key === parameter));
      if (missing !== undefined) throw new UsageError(`${name} takes --${missing}, which is missing`);
      const idle = given.find(([key]) => !parameters.includes(key));
      if (idle !== undefined) throw new UsageError(`${name} takes no --${idle[0]}`);
      for (const [key, value] of given)
        if ((key === 'from' || key === 'to') && Number.isNaN(Date.parse(value)))
          throw new UsageError(`--${key} ${value} is no time such as 2026-11-01 or 2026-11-01T08:00:00Z`);
      const { query, dataset } = await warehouseOf(options);
      const rows = (await query(savedQuery(dataset, name), Object.fromEntries(given))).map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])),
      );
      const [first] = rows;
      return {
        text:
          first === undefined
            ? `${name} has no rows`
            : formatTable(
                Object.keys(first).map((key) => key.toUpperCase()),
                rows.map((row) => Object.values(row).map((value) => String(value ?? '-'))),
              ),
        json: { query: name, rows },
      };
    },
  },
];

const parameterOptions = ['source', 'identifier', 'feature', 'event', 'from', 'to'] as const;

/** @throws UsageError */
function named(name: string): SavedQuery {
  const query = saved.find((one) => one.name === name);
  if (query === undefined)
    throw new UsageError(
      `there is no saved query ${JSON.stringify(name)}; there are ${saved.map((one) => one.name).join(', ')}`,
    );
  return query;
}

/** BigQuery's client wraps days and times in an object. */
function plain(value: unknown): string | number | boolean | null {
  if (typeof value === 'object' && value !== null && 'value' in value) return String(value.value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
