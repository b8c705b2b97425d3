// `npm start`: the local cloud with a ready token, until Ctrl-C.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { catalogueLayer, catalogueText, defaultsLayer } from '@cody-gateway/shared/catalogue';
import { variables } from '@cody-gateway/shared/config';
import {
  diagnosticsSecret,
  localProject,
  providerKinds,
  startCloud,
  type LocalCloud,
  type ProviderKind,
} from './cloud.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Where the other commands find the running cloud. */
const cloudFile = path.join(root, '.local/cloud.json');
const defaultPort = 9992;

const port = Number(process.env['PORT'] ?? defaultPort);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  fail(`PORT=${process.env['PORT'] ?? ''} is not a port: give a number from 1 to 65535`);

let stopping = false;
let cloud: LocalCloud | null = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time without ceremony: the children die with this process.
    if (stopping) process.exit(130);
    stopping = true;
    console.log('\nstopping …');
    if (cloud === null) process.exit(0);
    end(cloud, 0);
  });
}

try {
  const keys: Partial<Record<ProviderKind, string>> = {};
  for (const kind of providerKinds) {
    const name = kind.toUpperCase();
    const key = process.env[`CODY_GATEWAY_${name}_ACCESS_TOKEN`] ?? process.env[`${name}_API_KEY`];
    if (key !== undefined && key !== '') keys[kind] = key;
  }
  cloud = await startCloud({
    port,
    pace: { chunkDelayMs: 60, chunks: 12 },
    keys,
    env: catalogueEnv(),
    onLine: (name, line) => console.log(`${name.padEnd(16)} ${line}`),
    onDeath: (line) => console.error(`\n${line}\n`),
    onStep: (step, ms) => console.log(`  ${step.padEnd(16)} ${Math.round(ms).toString().padStart(6)} ms`),
  });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  fail(
    message === `port ${port} is taken`
      ? `${message}: stop what listens there, or choose another one with PORT=… npm start`
      : message,
  );
}
const running = cloud;
void running.redis.exited.then(() => lost('redis-server ended unexpectedly'));
await mkdir(path.dirname(cloudFile), { recursive: true });
const facts = {
  url: running.url,
  token: running.token,
  subscriptionId: running.subscriptionId,
  projectId: localProject,
  firestoreHost: running.firestore.host,
  bigqueryEndpoint: running.bigquery.url,
  redisUrl: running.redis.url,
  tasksEndpoint: running.tasks.url,
  deliverEventsUrl: running.env['CODY_GATEWAY_DELIVER_EVENTS_URL'],
};
await writeFile(cloudFile, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });

console.log(`
The gateway listens on ${running.url}
Providers: ${providerKinds.map((kind) => `${kind} ${running[kind] === null ? 'real' : 'stand-in'}`).join(', ')}

  token  ${running.token}

Stream an answer:

  curl -N ${running.url}/v1/completions/anthropic-messages -H 'Authorization: Bearer ${running.token}' -H 'X-Sourcegraph-Feature: chat_completions' -d '{"model":"claude-3-haiku-20240307","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'

The last trace:    ${running.observability.url}
Prometheus:        curl -H 'Authorization: Bearer ${diagnosticsSecret}' ${running.functions.get('chat-completions')?.url ?? ''}/metrics
What it used:      npm run cost; as a page: npm run report
Another token:     npm run gateway -- subscriptions create --name acme --chat 500/24h
Stop everything:   Ctrl-C
`);

/** Rows of the user's own, and the keys that any home names and the user has. Those of the stand-ins are not among them. */
function catalogueEnv(): Record<string, string> {
  const setting = process.env['CODY_GATEWAY_CATALOGUE'] ?? '';
  const text = setting === '' ? '{}' : catalogueText(setting);
  const layers = [defaultsLayer(), catalogueLayer(text, new Date().toISOString().slice(0, 10))];
  const ours = new Set<unknown>(Object.values(variables).map(({ name }) => name));
  const names = layers.flatMap(({ rows }) => (rows.homes ?? []).flatMap(({ secrets }) => secrets ?? []));
  const env: Record<string, string> = text === '{}' ? {} : { CODY_GATEWAY_CATALOGUE: text };
  for (const name of names)
    if (typeof name === 'string' && !ours.has(name) && process.env[name]) env[name] = process.env[name];
  return env;
}

/** Without Redis it is none. */
function lost(what: string): void {
  if (stopping) return;
  stopping = true;
  console.error(`${what}. Stopping.`);
  end(running, 1);
}

function end(started: LocalCloud, code: number): void {
  rm(cloudFile, { force: true })
    .then(() => started.stop())
    .then(
      () => process.exit(code),
      () => process.exit(1),
    );
}

function fail(message: string): never {
  console.error(`npm start: ${message}`);
  process.exit(1);
}
