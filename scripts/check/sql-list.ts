// Every text that the project sends to BigQuery, as JSON: tables, views, and queries of commands, functions and
// operators' pages. The form is that of the tool that analyses and runs them on Google's own engine (.ci/run). Calls
// of table functions are written out, since it knows none.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  customerQuestions,
  customersQuestion,
  failuresQuestion,
  functionsQuestions,
  overviewQuestions,
  questionText,
  reportQuestions,
  requestQuestion,
  trafficQuestion,
  type Question,
} from '@cody-gateway/shared/console';
import { budgetSumsSql, closeSql, dueSql, monthSumsSql, unusualSpendSql } from '@cody-gateway/shared/events';
import type { Column } from '../local/google/bigquery/bigquery.ts';
import { eventsFiles, eventsSql, eventsTables, parametersOf } from '../local/google/bigquery/events-dataset.ts';
import { statementsOf } from '../local/google/bigquery/dialect.ts';
import { changedSql, readMonth } from '../operator/billing-month.ts';
import { correctionsSql, financeSql, usageSql } from '../operator/export-sql.ts';
import { placeQueries } from '../operator/events-place.ts';
import { windowsQuery } from '../operator/reconcile.ts';
import { ledgerSql } from '../operator/prices-compare.ts';
import { rowsSql } from '../operator/reprice-days.ts';
import { costQuery } from '../operator/usage-cost.ts';
import { showQuery } from '../operator/usage-show.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = 'the-project';
const dataset = `${project}.cody_gateway`;
const billing = 'billing-project.billing.gcp_billing_export_resource_v1_0';
const names = { project, billingExport: billing, timeZone: 'America/Los_Angeles' };

/** A text and where it stands. */
export interface Sql {
  readonly file: string;
  readonly sql: string;
  /** Why it may read all of events. */
  readonly whole?: string;
}

/** What the tool reads. */
export interface SqlList {
  readonly tables: readonly { readonly name: string; readonly columns: readonly Column[] }[];
  readonly views: readonly (Sql & { readonly name: string })[];
  readonly queries: readonly Sql[];
}

/** What INFORMATION_SCHEMA has of it for our query. */
const partitions: readonly Column[] = [
  { name: 'table_name', type: 'STRING' },
  { name: 'partition_id', type: 'STRING' },
  { name: 'last_modified_time', type: 'TIMESTAMP' },
];

/** @param billingColumns the export's own; those that the local warehouse has where absent */
export async function sqlList(billingColumns?: readonly Column[]): Promise<SqlList> {
  const own = JSON.parse(
    readFileSync(path.join(root, 'scripts/local/google/bigquery/billing-export.json'), 'utf8'),
  ) as Column[];
  const text = (file: string): string => writeOut(eventsSql(file, names));
  const at = (file: string): string => path.join('terraform/events', file);
  const saved = eventsFiles('queries').map((file) => ({ file: at(file), sql: text(file) }));
  const functions = [...eventsFiles('functions'), ...eventsFiles('billing/functions')].map((file) => ({
    file: at(file),
    sql: writeOut(callOf(file)),
  }));
  const [events, ...others] = Object.entries(eventsTables()).map(([name, columns]) => ({
    name: `${dataset}.${name}`,
    columns,
  }));
  if (events === undefined) throw new Error('there is no events table');
  return {
    // The tool draws rows for two tables; the others are empty.
    tables: [events, { name: billing, columns: billingColumns ?? own }],
    views: [
      ...[...others, { name: `${dataset}.INFORMATION_SCHEMA.PARTITIONS`, columns: partitions }].map(empty),
      ...[...eventsFiles(''), ...eventsFiles('billing')].map((file) => ({
        name: `${dataset}.${path.basename(file, '.sql')}`,
        file: at(file),
        sql: text(file),
      })),
    ],
    queries: [...functions, ...saved, ...commands(), ...consoleQuestions(), ...pages()].map((one) => ({
      ...one,
      sql: writeOut(one.sql),
    })),
  };
}

/** A table without rows. */
function empty({ name, columns }: SqlList['tables'][number]): SqlList['views'][number] {
  const types: Readonly<Record<string, string>> = { INTEGER: 'INT64' };
  const list = columns.map((column) => `CAST(NULL AS ${types[column.type] ?? column.type}) AS ${column.name}`);
  return { name, file: `${name}, empty`, sql: `SELECT ${list.join(', ')} LIMIT 0` };
}

/** A table function, asked for days that the tool's parameters name. */
function callOf(file: string): string {
  const list = parametersOf(eventsSql(file, names)).map((parameter) => `CAST(@${parameter.name} AS ${parameter.type})`);
  return `SELECT * FROM \`${dataset}.${path.basename(file, '.sql')}\`(${list.join(', ')})`;
}

/** Table functions by the name that calls them. */
const called = new Map(
  [...eventsFiles('functions'), ...eventsFiles('queries'), ...eventsFiles('billing/functions')].map((file) => [
    `${dataset}.${path.basename(file, '.sql')}`,
    // The engine beside the repository knows no pseudo-columns.
    eventsSql(file, names).replaceAll('_PARTITIONTIME', 'usage_start_time'),
  ]),
);

/** A query with the text of each table function in the place of its call. */
export function writeOut(sql: string): string {
  for (const [name, body] of called) {
    const call = `\`${name}\`(`;
    const start = sql.indexOf(call);
    if (start === -1) continue;
    const { values, end } = argumentsAt(sql, start + call.length);
    const parameters = parametersOf(body);
    if (values.length !== parameters.length)
      throw new Error(`${name} takes ${parameters.length} arguments and gets ${values.length}: ${sql}`);
    const filled = parameters.reduce(
      (text, { name: parameter }, i) => text.replaceAll(new RegExp(`@${parameter}\\b`, 'g'), () => values[i] ?? ''),
      // Its comments name the parameters, too.
      body.replace(/^\s*--.*\n/gm, ''),
    );
    return writeOut(`${sql.slice(0, start)}(${filled.trim()})${sql.slice(end)}`);
  }
  return sql;
}

function argumentsAt(sql: string, start: number): { readonly values: readonly string[]; readonly end: number } {
  const values = [''];
  let depth = 0;
  for (let i = start; i < sql.length; i++) {
    const letter = sql[i] ?? '';
    if (letter === ')' && depth === 0) return { values: values.map((value) => value.trim()), end: i + 1 };
    if (letter === ',' && depth === 0) values.push('');
    else values.push(`${values.pop() ?? ''}${letter}`);
    depth += letter === '(' ? 1 : letter === ')' ? -1 : 0;
  }
  throw new Error(`a call is not closed: ${sql}`);
}

/** What commands and functions send. */
function commands(): readonly Sql[] {
  const month = readMonth('2026-10', names.timeZone, Date.parse('2026-11-28'));
  // Of a script each statement; of one that inserts what it inserts.
  const closing = statementsOf(closeSql(dataset))
    // The tool's @id is no time.
    .map((sql) =>
      sql
        .replace(/^\s*(--.*\n\s*)*/, '')
        .replace('@id', "'2026-11-28 00:00:00+00'")
        .replace(/^(\s*--.*\n)*\s*INSERT INTO `[^`]+`\s+/, ''),
    )
    .filter((sql) => /^\s*(--.*\n\s*)*(SELECT|DELETE)\b/.test(sql))
    .map((sql, i) => ({ file: `shared/src/events/final-days.ts, closing #${i + 1}`, sql }));
  return [
    { file: 'scripts/operator/export-sql.ts, changed days', sql: changedSql(dataset, month) },
    { file: 'scripts/operator/export-sql.ts, usage', sql: usageSql(dataset, month, false) },
    { file: 'scripts/operator/export-sql.ts, usage when it was closed', sql: usageSql(dataset, month, true) },
    {
      file: 'scripts/operator/export-sql.ts, corrections',
      sql: correctionsSql(dataset, month, { from: '2026-09-01', to: '2026-09-30' }),
    },
    { file: 'scripts/operator/export-sql.ts, everything', sql: financeSql(dataset, month) },
    { file: 'shared/src/events/final-days.ts, due days', sql: dueSql(dataset, 40) },
    ...closing,
    { file: 'scripts/operator/usage-cost.ts', sql: costQuery(dataset) },
    { file: 'scripts/operator/usage-show.ts', sql: showQuery(dataset) },
    { file: 'scripts/operator/prices-compare.ts', sql: ledgerSql(dataset) },
    { file: 'scripts/operator/reprice-days.ts', sql: rowsSql(dataset) },
    { file: 'shared/src/events/budget-sums.ts', sql: budgetSumsSql(dataset, ['2026-11', 'life']) },
    {
      file: 'shared/src/events/month-letter.ts',
      sql: monthSumsSql(dataset).replaceAll(/@(from|middle|to)\b/g, "'2026-11-01'"),
    },
    {
      file: 'shared/src/events/unusual-spend.ts',
      // The tool has no parameters of these names.
      sql: unusualSpendSql(dataset)
        .replaceAll('@today', "'2026-11-28'")
        .replaceAll(/@(least|times)\b/g, "'4'"),
    },
    { file: 'scripts/operator/reconcile.ts', sql: windowsQuery(dataset, ['a', 'b']) },
    ...placeQueries(dataset).map((sql, i) => ({ file: `scripts/operator/events-place.ts #${i + 1}`, sql })),
  ];
}

/** What the console's pages ask. */
function consoleQuestions(): readonly Sql[] {
  const all: Readonly<Record<string, Question>> = {
    ...overviewQuestions,
    ...customerQuestions,
    ...Object.fromEntries(Object.entries(reportQuestions).map(([name, question]) => [`report ${name}`, question])),
    customers: customersQuestion,
    traffic: trafficQuestion,
    failures: failuresQuestion,
    'functions spend': functionsQuestions.spend,
    'functions parts': functionsQuestions.parts,
    request: requestQuestion,
  };
  return Object.entries(all).map(([name, question]) => ({
    file: `shared/src/console, ${name}`,
    // The tool has no parameters of these names.
    sql: questionText(question, dataset, names.timeZone)
      .replaceAll(/@(before|same)\b/g, "'2026-10-01'")
      .replaceAll('@ids', "',a,'"),
  }));
}

/** `bq query … '…'` of the operators' pages. */
function pages(): readonly Sql[] {
  const folder = 'terraform/runbooks';
  const files = ['terraform/README.md', ...readdirSync(path.join(root, folder)).map((file) => path.join(folder, file))];
  return files.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/bq query [^'\n]*'([^'\n]+)'/g)].map(
      ([, sql = ''], i) => ({
        file: `${file} #${i + 1}`,
        sql: sql.replace(/\bcody_gateway\.(\w+)/g, `\`${dataset}.$1\``),
        ...(sql.includes('identifier = @id') && { whole: 'an erasure reaches all days' }),
      }),
    ),
  );
}

if (import.meta.main) {
  const [out, columns] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: sql-list.ts <out.json> [<columns of the billing export, JSON>]');
  const list = await sqlList(
    columns === undefined ? undefined : (JSON.parse(readFileSync(columns, 'utf8')) as readonly Column[]),
  );
  writeFileSync(out, JSON.stringify(list, null, 1));
  console.log(`${list.tables.length} tables, ${list.views.length} views, ${list.queries.length} queries`);
}
