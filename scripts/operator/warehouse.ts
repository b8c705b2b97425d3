// The warehouse that a command asks: a project's BigQuery, a stand-in, or that of the running local cloud. Not what it
// is asked.

import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import type { WarehouseSettings } from '@cody-gateway/shared/events';
import * as v from 'valibot';
import type { Query } from './report/query.ts';
import { UsageError } from './command.ts';
import { readCloudFile } from '../local/cloud-file.ts';

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
): Promise<{ query: Query; dataset: string; settings: WarehouseSettings }> {
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
  const settings = {
    bigqueryProjectId: project,
    bigqueryDataset: dataset,
    bigqueryTable: 'events',
    bigqueryEndpoint: apiEndpoint ?? null,
  };
  return { query, dataset: `${project}.${dataset}`, settings };
}
