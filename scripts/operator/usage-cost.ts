// `npm run cost`: what the running local cloud has used, by subscription, feature and model, out of its events table.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';

/** Sums over the de-duplicated view; failed and cancelled calls are told apart from charged ones. */
const query = `
SELECT identifier AS subscription, feature, model,
  SUM(count) AS calls,
  SUM(units) AS charged,
  SUM(CAST(COALESCE(JSON_VALUE(metadata, '$.prompt_token_count'), JSON_VALUE(metadata, '$.tokens_used'), '0') AS INT64)) AS input_tokens,
  SUM(CAST(COALESCE(JSON_VALUE(metadata, '$.completion_token_count'), '0') AS INT64)) AS output_tokens,
  SUM(IFNULL(cost_micro_usd, 0)) AS cost_micro_usd
FROM \`local-cloud.cody_gateway.events_unique\`
WHERE name IN ('CompletionsFinished', 'EmbeddingsFinished')
GROUP BY 1, 2, 3
ORDER BY charged DESC, subscription, model`;

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, bigquery: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help === true) {
  console.log(`npm run cost [-- --json] [-- --bigquery URL]

Usage by subscription, feature and model, out of the events table of the running local cloud, or of the stand-in at URL.`);
  process.exit(0);
}
const apiEndpoint = values.bigquery ?? (await runningCloud());
if (apiEndpoint === null) {
  console.error('npm run cost: no local cloud is running. Start one with npm start, in another terminal');
  process.exit(1);
}
const options = {
  projectId: 'local-cloud',
  apiEndpoint,
  autoRetry: false,
  authClient: new PassThroughClient(),
};
const [rows] = (await new BigQuery(options).query({ query })) as unknown as [Record<string, unknown>[]];
if (values.json === true) console.log(JSON.stringify(rows, null, 2));
else if (rows.length === 0) console.log('nothing was used yet');
else console.table(rows);

/** Where `npm start` wrote that its warehouse is; null when none runs. */
async function runningCloud(): Promise<string | null> {
  const file = path.resolve(import.meta.dirname, '../../.local/cloud.json');
  return readFile(file, 'utf8').then(
    (text) => (JSON.parse(text) as { bigqueryEndpoint: string }).bigqueryEndpoint,
    () => null,
  );
}
