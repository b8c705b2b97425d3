// The warehouse that a command asks: a project's BigQuery, a stand-in, or that of the running local cloud. Not what it
// is asked.

import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import type { WarehouseSettings } from '@cody-gateway/shared/events';
import * as v from 'valibot';
import { UsageError } from './command.ts';
import { readCloudFile } from '../local/cloud-file.ts';

/** Runs BigQuery SQL and gives plain rows. */
export type Query = (sql: string, params: Readonly<Record<string, string | number>>) => Promise<Row[]>;
/** The same for what is too large to be held: rows as they come, a page of BigQuery's at a time. */
export type RowStream = (sql: string, params: Readonly<Record<string, string>>) => AsyncIterable<Row>;
type Row = Readonly<Record<string, unknown>>;

const queryTimeoutMs = 120_000;

/** The options that say which. */
export const warehouseHelp = `  --project <id>   that Google Cloud project, by application default credentials; without it, the local cloud of npm start
  --dataset        of the events table; cody_gateway where absent
  --bigquery <url> a stand-in for BigQuery
`;

const cloudSchema = v.object({ bigqueryEndpoint: v.string(), projectId: v.string() });

/** The named project's warehouse, a stand-in, or that of the running local cloud. */
export async function warehouseOf(
  options: Readonly<Partial<Record<'project' | 'dataset' | 'bigquery', string>>>,
): Promise<{ query: Query; stream: RowStream; dataset: string; settings: WarehouseSettings }> {
  const { dataset = 'cody_gateway' } = options;
  if (!/^\w+$/.test(dataset)) throw new UsageError('--dataset is a name of letters, digits and underscores');
  let { project, bigquery: apiEndpoint } = options;
  if (project === undefined) {
    const text = await readCloudFile();
    if (text === null && apiEndpoint === undefined)
      throw new UsageError('whose usage? Start the local cloud with npm start, or name a project with --project <id>');
    const cloud = text === null ? null : v.parse(cloudSchema, JSON.parse(text));
    project = cloud?.projectId ?? 'local-cloud';
    apiEndpoint ??= cloud?.bigqueryEndpoint;
  }
  if (!/^[a-z0-9:.-]+$/.test(project)) throw new UsageError('--project is not the id of a Google Cloud project');
  const client = new BigQuery({
    projectId: project,
    ...(apiEndpoint !== undefined && { apiEndpoint, authClient: new PassThroughClient() }),
  });
  const query: Query = async (sql, params) => {
    const [rows] = await client.query({ query: sql, params }, { timeoutMs: queryTimeoutMs });
    return rows as Record<string, unknown>[];
  };
  const stream: RowStream = (sql, params) => client.createQueryStream({ query: sql, params: { ...params } });
  const settings = {
    bigqueryProjectId: project,
    bigqueryDataset: dataset,
    bigqueryTable: 'events',
    bigqueryEndpoint: apiEndpoint ?? null,
  };
  return { query, stream, dataset: `${project}.${dataset}`, settings };
}

/** The billing time zone of a warehouse. @throws Error where it is no name of one */
export async function readTimeZone(query: Query, dataset: string): Promise<string> {
  const [row] = await query(`SELECT time_zone FROM \`${dataset}.billing_time_zone\``, {});
  const zone = String(row?.['time_zone']);
  if (!/^[A-Za-z][\w+/-]*$/.test(zone)) throw new Error(`${dataset}.billing_time_zone says ${JSON.stringify(zone)}`);
  return zone;
}
