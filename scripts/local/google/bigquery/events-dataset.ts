// The events dataset in the local warehouse: table, views and saved queries, out of the files that Terraform deploys.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Column, LocalBigQuery } from './bigquery.ts';

const eventsDir = path.resolve(import.meta.dirname, '../../../../terraform/events');
const dataset = 'cody_gateway';
const table = 'events';

/** What the billing export is called in the local warehouse, as `project.dataset.table`. */
export const billingExport = 'local.billing.gcp_billing_export';

/**
 * The text of a view or saved query with its names filled in, as Terraform does.
 * @param file below terraform/events, such as `queries/redash_events.sql`
 * @param project of the events
 * @param gatewayProject of the functions
 */
export function eventsSql(file: string, project: string, gatewayProject = project): string {
  const names: Readonly<Record<string, string>> = {
    project,
    dataset,
    table,
    billing_export: billingExport,
    gateway_project: gatewayProject,
  };
  return readFileSync(path.join(eventsDir, file), 'utf8').replace(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`terraform/events/${file}: nothing fills in ${whole}`);
    return value;
  });
}

/** Creates the table and its views. */
export async function createEventsDataset(bigquery: LocalBigQuery, project: string): Promise<LocalBigQuery> {
  await bigquery.createTable(table, columnsOf(path.join(eventsDir, 'schema.json')));
  // The other views read this one.
  const first = 'events_unique.sql';
  const views = readdirSync(eventsDir).filter((file) => file.endsWith('.sql') && file !== first);
  for (const file of [first, ...views.toSorted()])
    await bigquery.createView(path.basename(file, '.sql'), eventsSql(file, project));
  return bigquery;
}

/**
 * Creates a table in the shape of Google's billing export (of its columns those that anyone here reads), and the view
 * that joins it.
 */
export async function createBillingExport(
  bigquery: LocalBigQuery,
  project: string,
  gatewayProject = project,
): Promise<void> {
  await bigquery.createTable('gcp_billing_export', columnsOf(path.join(import.meta.dirname, 'billing-export.json')));
  await bigquery.createView('cost_by_function', eventsSql('billing/cost_by_function.sql', project, gatewayProject));
}

function columnsOf(file: string): Column[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Column[];
}
