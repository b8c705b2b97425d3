// The real BigQuery client of a configuration. Not what it is used for (warehouse.ts, final-days.ts).

import type { BigQuery } from '@google-cloud/bigquery';
import type { Config } from '../config/config.ts';

/** What of the configuration says where the table is. */
export type WarehouseSettings = Pick<
  Config,
  'bigqueryProjectId' | 'bigqueryDataset' | 'bigqueryTable' | 'bigqueryEndpoint'
>;

/** With the account of the process; a stand-in needs none. */
export async function loadBigQuery(config: WarehouseSettings): Promise<BigQuery> {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const project = config.bigqueryProjectId;
  // Who asks tries again: a client that retries inside would only hold the queue's task, or the hourly run.
  const common = { autoRetry: false, ...(project !== null && { projectId: project }) };
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  if (config.bigqueryEndpoint === null) {
    // Credentials that are missing are this insert's failure, told to the queue, and looked for again by the next one.
    const authClient = await new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/bigquery' }).getClient();
    return new BigQuery({ ...common, authClient });
  }
  const anonymous = config.bigqueryEndpoint.startsWith('http://') ? { authClient: new PassThroughClient() } : {};
  return new BigQuery({ ...common, apiEndpoint: config.bigqueryEndpoint, ...anonymous });
}
