// `events place`: values that waited in `metadata.unplaced`, since the functions were newer than the table, go into
// their columns. Not the waiting (shared/src/events/unplaced.ts).

import { audited } from '@cody-gateway/shared/documents';
import { columns } from '@cody-gateway/shared/events';
import { readArguments, UsageError, type Command } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { requireYes } from './consent.ts';
import { withDirectory } from './deployment.ts';
import { deploymentOf } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';
import { warehouseHelp, warehouseOf, type Query } from './warehouse.ts';

/** BigQuery changes no row that it has streamed in within the last hour and a half. */
const settledHours = 2;
/** Days that are looked at where no first one is named. */
const lookBackDays = 30;
const dayMs = 86_400_000;

/** Columns whose values may wait: what every row must have can't. */
const placeable = Object.entries(columns)
  .filter(([name, { mode }]) => mode === 'NULLABLE' && name !== 'metadata')
  .map(([name, { type }]) => ({ name, type: type === 'INTEGER' ? 'INT64' : type }));
type Placeable = (typeof placeable)[number];

/** Values of one member that wait. */
interface Waiting {
  readonly column: Placeable;
  readonly rows: number;
  /** Written too lately to be changed. */
  readonly tooYoung: number;
}

/** The command about rows that were written before their columns. */
export const eventsPlaceCommands: readonly Command[] = [
  {
    name: 'events place',
    summary: 'moves values that came before their column out of metadata.unplaced',
    help: `usage: npm run gateway -- events place [--from <date>] [--yes --reason <text>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

Functions that are newer than the events table keep what has no column in metadata.unplaced, and log "the events table has no column". Apply Terraform
first: it adds the column. Then this prints how many rows wait for which column; with --yes it moves them. Rows of the last ${settledHours} hours can't be
changed yet: run it again later. Running it twice changes nothing. On Google it needs the entitlement cody-gateway-…-ledger (roles/bigquery.dataEditor), and
cody-gateway-…-operate for its audit record.

  --from <date>    rows from that day on, such as 2026-11-28; the last ${lookBackDays} days where absent
  --yes            move them
${reasonHelp}${warehouseHelp}  --json           one JSON document

examples:
  npm run gateway -- events place
  npm run gateway -- events place --yes --reason "the column is there now"
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, ['from', 'reason', 'project', 'dataset', 'bigquery']);
      if (options.reason !== undefined) requireYes(yes, 'changes rows of the events table');
      const from = options.from ?? new Date(Date.now() - lookBackDays * dayMs).toISOString().slice(0, 10);
      if (!/^\d{4}-\d\d-\d\d$/.test(from) || Number.isNaN(Date.parse(from)))
        throw new UsageError(`--from ${JSON.stringify(from)} is not a day, such as 2026-11-28`);
      const deployment = await deploymentOf(options.project);
      const author = yes ? await readAuthor(options.reason, deployment) : null;
      const { query, dataset } = await warehouseOf(options);
      const table = `\`${dataset}.events\``;
      const waiting = await findWaiting(query, table, from);
      const ready = waiting.filter(({ rows }) => rows > 0);
      for (const { column } of ready) await requireColumn(query, table, column);
      if (author !== null && ready.length > 0) {
        const textOf = (some: readonly Waiting[]): string =>
          some.map(({ column, rows }) => `${column.name} of ${rows} rows`).join(', ');
        await withDirectory(deployment, (directory) =>
          audited(directory, author, { what: 'events place', subject: null, change: textOf(ready) }, async (tell) => {
            for (const [at, { column }] of ready.entries()) {
              await query(placeSql(table, column), { from });
              tell(textOf(ready.slice(0, at + 1)));
            }
          }),
        );
      }
      const done = author !== null;
      const lines = waiting.map(({ column, rows, tooYoung }) => [column.name, String(rows), String(tooYoung)]);
      const hint = !done && ready.length > 0 ? '\n--yes --reason <text> moves them' : '';
      return {
        text:
          waiting.length === 0
            ? `no row since ${from} waits for a column`
            : `${formatTable(['COLUMN', done ? 'MOVED' : 'ROWS', 'TOO YOUNG'], lines)}${hint}`,
        json: {
          from,
          columns: waiting.map(({ column, rows, tooYoung }) => ({
            column: column.name,
            rows,
            too_young: tooYoung,
            moved: done ? rows : 0,
          })),
        },
      };
    },
  },
];

const since = 'created_at >= CAST(@from AS TIMESTAMP)';
const settled = `created_at < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL ${settledHours} HOUR)`;
const valueOf = ({ name }: Placeable): string => `JSON_VALUE(metadata, '$.unplaced.${name}')`;

/** One pass over the days for all columns. */
function waitingSql(table: string): string {
  const counts = placeable.map(
    (column) =>
      `COUNT(CASE WHEN ${settled} THEN ${valueOf(column)} END) AS ${column.name}, ` +
      `COUNT(CASE WHEN NOT (${settled}) THEN ${valueOf(column)} END) AS ${column.name}_young`,
  );
  // A row's time is not ahead of the clock by more than clocks differ.
  return `SELECT ${counts.join(',\n  ')}
FROM ${table} WHERE ${since} AND created_at < TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)`;
}

async function findWaiting(query: Query, table: string, from: string): Promise<Waiting[]> {
  const [row = {}] = await query(waitingSql(table), { from });
  return placeable
    .map((column) => ({ column, rows: Number(row[column.name]), tooYoung: Number(row[`${column.name}_young`]) }))
    .filter(({ rows, tooYoung }) => rows + tooYoung > 0);
}

/** @throws Error in words when the table still lacks it */
async function requireColumn(query: Query, table: string, { name }: Placeable): Promise<void> {
  try {
    await query(columnSql(table, name), {});
  } catch (error) {
    throw new Error(
      `the column ${name} could not be read: apply Terraform, which adds it, then run this again (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
}

function columnSql(table: string, column: string): string {
  return `SELECT ${column} FROM ${table} WHERE created_at >= CURRENT_TIMESTAMP() AND created_at < CURRENT_TIMESTAMP() LIMIT 0`;
}

/** What it asks of a table, for the list of the project's SQL; what changes rows is not in it. */
export function placeQueries(dataset: string): readonly string[] {
  const table = `\`${dataset}.events\``;
  return [waitingSql(table), columnSql(table, 'tokens')];
}

/** What is in the column already stays. */
function placeSql(table: string, column: Placeable): string {
  const { name, type } = column;
  return `UPDATE ${table}
SET ${name} = COALESCE(${name}, CAST(${valueOf(column)} AS ${type})), metadata = JSON_REMOVE(metadata, '$.unplaced.${name}')
WHERE ${since} AND ${settled} AND ${valueOf(column)} IS NOT NULL`;
}
