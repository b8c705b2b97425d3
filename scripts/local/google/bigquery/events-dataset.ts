// The events dataset in the local warehouse: tables, table functions, views and saved queries, out of the files that
// Terraform deploys.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Column, LocalBigQuery } from './bigquery.ts';

const eventsDir = path.resolve(import.meta.dirname, '../../../../terraform/events');
const dataset = 'cody_gateway';
const table = 'events';

/** What the billing export is called in the local warehouse, as `project.dataset.table`. */
export const billingExport = 'local.billing.gcp_billing_export';

/** What Terraform fills in. */
export interface EventsNames {
  /** Of the events. */
  readonly project: string;
  /** Of the functions; the same where absent. */
  readonly gatewayProject?: string;
  /** In which days begin and end; UTC where absent. */
  readonly timeZone?: string;
  /** `project.dataset.table`; the local one where absent. */
  readonly billingExport?: string;
}

/**
 * The text of a view, table function or saved query with its names filled in, as Terraform does.
 * @param file below terraform/events, such as `queries/redash_events.sql`
 */
export function eventsSql(file: string, names: EventsNames): string {
  const { project, gatewayProject = project, timeZone = 'UTC', billingExport: bill = billingExport } = names;
  const values: Readonly<Record<string, string>> = {
    project,
    dataset,
    table,
    billing_export: bill,
    gateway_project: gatewayProject,
    time_zone: timeZone,
  };
  return readFileSync(path.join(eventsDir, file), 'utf8').replace(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`terraform/events/${file}: nothing fills in ${whole}`);
    return value;
  });
}

/**
 * Texts of one kind, by name: `''` are views, `functions` and `queries` table functions, `billing` the views that read
 * the bill, `billing/functions` what those read it by.
 */
export function eventsFiles(folder: '' | 'functions' | 'queries' | 'billing' | 'billing/functions'): readonly string[] {
  const files = readdirSync(path.join(eventsDir, folder)).filter((file) => file.endsWith('.sql'));
  return files.toSorted().map((file) => path.join(folder, file));
}

/** A parameter of a table function. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
}

/** What the comment of a table function says that it takes, in their order. */
export function parametersOf(sql: string): readonly Parameter[] {
  const [, line = ''] = /^-- Parameters: (.*)\.$/m.exec(sql) ?? [];
  return [...line.matchAll(/@(\w+) (\w+)/g)].map(([, name = '', type = '']) => ({ name, type }));
}

/** Tables by name, with their columns. */
export function eventsTables(): Readonly<Record<string, readonly Column[]>> {
  const events = columnsOf(path.join(eventsDir, 'schema.json'));
  const others = ['final_usage', 'final_days'].map(
    (name) => [name, columnsOf(path.join(eventsDir, `tables/${name}.json`))] as const,
  );
  return { [table]: events, final_events: events, ...Object.fromEntries(others) };
}

/** Creates tables, table functions and views. */
export async function createEventsDataset(
  bigquery: LocalBigQuery,
  project: string,
  timeZone = 'UTC',
): Promise<LocalBigQuery> {
  for (const [name, columns] of Object.entries(eventsTables()))
    await bigquery.createTable(name, columns, name === table ? 'created_at' : undefined);
  const names = { project, timeZone };
  const create = async (file: string): Promise<void> => {
    const sql = eventsSql(file, names);
    const name = path.basename(file, '.sql');
    if (path.dirname(file) === '.') await bigquery.createView(name, sql);
    else await bigquery.createFunction(name, parametersOf(sql), sql);
  };
  // What others read comes first.
  const first = ['functions/events_between.sql', 'functions/usage_between.sql', 'usage_daily.sql'];
  const all = [...eventsFiles('functions'), ...eventsFiles(''), ...eventsFiles('queries')];
  for (const file of [...first, ...all.filter((one) => !first.includes(one))]) await create(file);
  return bigquery;
}

/**
 * Creates a table in the shape of Google's billing export (of its columns those that anyone here reads), and the
 * table function and the view that join it.
 */
export async function createBillingExport(
  bigquery: LocalBigQuery,
  project: string,
  gatewayProject = project,
): Promise<void> {
  await bigquery.createTable('gcp_billing_export', columnsOf(path.join(import.meta.dirname, 'billing-export.json')));
  const names = { project, gatewayProject };
  for (const file of eventsFiles('billing/functions')) {
    const sql = eventsSql(file, names);
    await bigquery.createFunction(path.basename(file, '.sql'), parametersOf(sql), sql);
  }
  for (const file of eventsFiles('billing'))
    await bigquery.createView(path.basename(file, '.sql'), eventsSql(file, names));
}

function columnsOf(file: string): Column[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Column[];
}
