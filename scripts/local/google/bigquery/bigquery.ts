// BigQuery's REST API over DuckDB for the real client: tables and views, streaming inserts that drop known insertIds,
// queries.

import type { DuckDBConnection, DuckDBResultReader, DuckDBValue } from '@duckdb/node-api';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../process/port.ts';
import { columnType, resultType, setup, statementsOf, toDuckDb } from './dialect.ts';
import { openDatabase } from './in-turn.ts';
import { createPartitions, noteChanges } from './partitions.ts';
import { faultOf, type Column } from './row-fault.ts';

export type { Column } from './row-fault.ts';

/** The real service knows an insertId for about a minute (shared/COMPATIBILITY.md#bigquery-insert-ids). */
const insertIdMs = 60_000;
const bodyBytesMax = 32 * 1024 * 1024;

/** A running stand-in with its controls. */
export interface LocalBigQuery {
  readonly url: string;
  /** @param partitionedBy a column of timestamps, by whose days INFORMATION_SCHEMA.PARTITIONS lists the table */
  createTable(name: string, columns: readonly Column[], partitionedBy?: string): Promise<void>;
  /** Adds a column to a table, empty in the rows that are there. */
  addColumn(table: string, column: Column): Promise<void>;
  /** @param sql in BigQuery's dialect */
  createView(name: string, sql: string): Promise<void>;
  /** @param sql in BigQuery's dialect, with `@name` for a parameter */
  createFunction(name: string, parameters: readonly { readonly name: string }[], sql: string): Promise<void>;
  /** Runs BigQuery SQL and gives plain rows. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** The next `times` inserts answer with that HTTP status; whatever was asked before is forgotten. */
  failInserts(status: number, times: number): void;
  /** Rows with these insertIds are invalid from now on; none any more with an empty list. */
  refuseRows(insertIds: readonly string[]): void;
  readonly stats: { inserts: number; inserted: number; dropped: number };
  close(): Promise<void>;
}

interface Row {
  readonly insertId?: string;
  readonly json: Record<string, unknown>;
}

/** Starts it, empty. */
export async function startBigQuery({ port = 0 }: { port?: number } = {}): Promise<LocalBigQuery> {
  const database = await openDatabase();
  const say = (sql: string, values?: Record<string, DuckDBValue>): Promise<unknown> =>
    database.inTurn((duck) => duck.run(sql, values));
  for (const statement of [...setup, createPartitions]) await say(statement);
  const tables = new Map<string, readonly Column[]>();
  /** Tables and the columns that their partitions are made by. */
  const partitioned = new Map<string, string>();
  const known = new Map<string, number>();
  let failing = { status: 0, times: 0 };
  let refused: ReadonlySet<string> = new Set();
  const stats = { inserts: 0, inserted: 0, dropped: 0 };

  const isKnown = (table: string, insertId: string | undefined): boolean => {
    if (insertId === undefined) return false;
    const now = Date.now();
    for (const [key, at] of known) {
      if (now - at < insertIdMs) break;
      known.delete(key);
    }
    const key = `${table}:${insertId}`;
    if (known.has(key)) return true;
    known.set(key, now);
    return false;
  };

  /** All rows or none: one that can't be taken stops its request, as in the real service. */
  const insertAll = async (table: string, columns: readonly Column[], rows: readonly Row[]): Promise<object> => {
    const faults = rows.map(({ insertId, json }) =>
      insertId !== undefined && refused.has(insertId)
        ? { message: 'refused on request', location: '' }
        : faultOf(columns, json),
    );
    if (faults.some((fault) => fault !== null)) {
      const insertErrors = faults.map((fault, index) => ({
        index,
        errors: [
          fault === null
            ? { reason: 'stopped', location: '', debugInfo: '', message: '' }
            : { reason: 'invalid', location: fault.location, debugInfo: '', message: fault.message },
        ],
      }));
      return { kind: 'bigquery#tableDataInsertAllResponse', insertErrors };
    }
    const fresh = rows.filter(({ insertId }) => !isKnown(table, insertId));
    stats.dropped += rows.length - fresh.length;
    if (fresh.length > 0) {
      const text = JSON.stringify(fresh.map(({ json }) => whole(columns, json)));
      const select = columns
        .map((column) => {
          const nested = column.type === 'RECORD' || column.mode === 'REPEATED';
          return `CAST(${nested ? 'json_extract' : 'json_extract_string'}(j, '$."${column.name}"') AS ${columnType(column)})`;
        })
        .join(', ');
      try {
        await say(`INSERT INTO "${table}" SELECT ${select} FROM (SELECT unnest(CAST($rows AS JSON[])) AS j)`, {
          rows: text,
        });
      } catch (error) {
        // What was not inserted may come again.
        for (const { insertId } of fresh) known.delete(`${table}:${insertId ?? ''}`);
        throw error;
      }
      stats.inserted += fresh.length;
    }
    return { kind: 'bigquery#tableDataInsertAllResponse' };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://local');
    const insert = /\/tables\/([^/]+)\/insertAll$/.exec(pathname);
    const body = await readJson(request);
    if (insert?.[1] !== undefined) {
      stats.inserts++;
      if (failing.times > 0) {
        failing.times--;
        return fail(response, failing.status, 'backendError', 'failed on request');
      }
      const columns = tables.get(insert[1]);
      if (columns === undefined) return fail(response, 404, 'notFound', `Not found: Table ${insert[1]}`);
      return send(response, await insertAll(insert[1], columns, (body as { rows: Row[] }).rows));
    }
    if (pathname.endsWith('/queries'))
      return send(response, await database.inTurn((duck) => query(duck, partitioned, body as QueryRequest)));
    fail(response, 404, 'notFound', `the local BigQuery does not serve ${request.method ?? ''} ${pathname}`);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) =>
      fail(response, 400, 'invalidQuery', error instanceof Error ? error.message : String(error)),
    );
  });
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound}`,
    stats,
    createTable: async (name, columns, partitionedBy) => {
      const list = columns.map(
        (column) => `"${column.name}" ${columnType(column)}${column.mode === 'REQUIRED' ? ' NOT NULL' : ''}`,
      );
      await say(`CREATE TABLE "${name}" (${list.join(', ')})`);
      tables.set(name, columns);
      if (partitionedBy !== undefined) partitioned.set(name, partitionedBy);
    },
    addColumn: async (table, column) => {
      await say(`ALTER TABLE "${table}" ADD COLUMN "${column.name}" ${columnType(column)}`);
      tables.set(table, [...(tables.get(table) ?? []), column]);
    },
    createView: async (name, sql) => void (await say(`CREATE VIEW "${name}" AS ${toDuckDb(sql)}`)),
    createFunction: async (name, parameters, sql) => {
      // A parameter without a mark of its own would be taken for a column of that name, and `from` for a word of SQL.
      const body = sql.replace(/@(\w+)/g, 'arg_$1');
      const list = parameters.map((parameter) => `arg_${parameter.name}`).join(', ');
      await say(`CREATE MACRO "${name}"(${list}) AS TABLE ${toDuckDb(body)}`);
    },
    rows: (sql) => database.inTurn(async (duck) => (await duck.runAndReadAll(toDuckDb(sql))).getRowObjectsJson()),
    refuseRows: (insertIds) => void (refused = new Set(insertIds)),
    failInserts: (status, times) => void (failing = { status, times }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  };
}

/** A record with the members that it leaves out: there they are null, here they must be named. */
function whole(columns: readonly Column[], json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const of = ({ type, mode, fields = [] }: Column, value: unknown): unknown => {
    if (type !== 'RECORD' || value === null || value === undefined) return value;
    if (mode === 'REPEATED') return (value as Readonly<Record<string, unknown>>[]).map((one) => whole(fields, one));
    const record = whole(fields, value as Readonly<Record<string, unknown>>);
    return Object.fromEntries(fields.map(({ name }) => [name, record[name] ?? null]));
  };
  const byName = new Map(columns.map((column) => [column.name, column]));
  const named = Object.fromEntries(columns.map(({ name }) => [name, null]));
  const given = Object.entries(json).map(([name, value]) => {
    const column = byName.get(name);
    return [name, column === undefined ? value : of(column, value)] as const;
  });
  return { ...named, ...Object.fromEntries(given) };
}

interface QueryRequest {
  readonly query: string;
  readonly queryParameters?: readonly {
    readonly name: string;
    readonly parameterType: { readonly type: string };
    readonly parameterValue: { readonly value: string };
  }[];
}

/** `jobs.query`: the whole result in one answer; of a script that of its last statement. */
async function query(
  duck: DuckDBConnection,
  partitioned: ReadonlyMap<string, string>,
  request: QueryRequest,
): Promise<object> {
  const parameters: Record<string, DuckDBValue> = {};
  for (const { name, parameterType, parameterValue } of request.queryParameters ?? []) {
    parameters[name] = /INT|FLOAT|NUMERIC/.test(parameterType.type)
      ? Number(parameterValue.value)
      : parameterValue.value;
  }
  if (request.query.includes('INFORMATION_SCHEMA.PARTITIONS')) await noteChanges(duck, partitioned);
  const reader = await run(duck, request.query, parameters);
  const fields = reader
    .columnNames()
    .map((name, i) => ({ name, type: resultType(String(reader.columnType(i))), mode: 'NULLABLE' }));
  const rows = reader.getRowsJson().map((row) => ({ f: row.map((value, i) => ({ v: cell(value, fields[i]?.type) })) }));
  return {
    kind: 'bigquery#queryResponse',
    jobComplete: true,
    jobReference: { projectId: 'local', jobId: crypto.randomUUID(), location: 'local' },
    schema: { fields },
    rows,
    totalRows: String(rows.length),
  };
}

/** Each statement gets the parameters that it names: DuckDB takes no others. */
async function run(
  duck: DuckDBConnection,
  sql: string,
  parameters: Readonly<Record<string, DuckDBValue>>,
): Promise<DuckDBResultReader> {
  let reader: DuckDBResultReader | null = null;
  let inTransaction = false;
  try {
    for (const statement of statementsOf(sql)) {
      const named = Object.entries(parameters).filter(([name]) => new RegExp(`@${name}\\b`).test(statement));
      reader = await duck.runAndReadAll(toDuckDb(statement), Object.fromEntries(named));
      if (/^\s*BEGIN\b/i.test(statement)) inTransaction = true;
      if (/^\s*COMMIT\b/i.test(statement)) inTransaction = false;
    }
  } catch (error) {
    if (inTransaction) await duck.run('ROLLBACK');
    throw error;
  }
  if (reader === null) throw new Error('the query is empty');
  return reader;
}

/** Values travel as text; timestamps as microseconds since 1970, which is what the client asks for. */
function cell(value: unknown, type: string | undefined): unknown {
  if (value === null) return null;
  if (type === 'TIMESTAMP') return String(Date.parse(value as string) * 1000);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new Error('request is too large');
    chunks.push(chunk);
  }
  return bytes === 0 ? null : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function send(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function fail(response: ServerResponse, code: number, reason: string, message: string): void {
  response
    .writeHead(code, { 'content-type': 'application/json' })
    .end(JSON.stringify({ error: { code, message, errors: [{ reason, message }] } }));
}
