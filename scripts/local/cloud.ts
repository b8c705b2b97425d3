// The whole local cloud on loopback: Redis, Firestore, Cloud Tasks, BigQuery, providers, every function, the router.
// For `npm start`, tests and benchmarks.

import path from 'node:path';
import { buildFunctions } from '../build/build.ts';
import { startBigQuery, type LocalBigQuery } from './google/bigquery/bigquery.ts';
import { createEventsDataset } from './google/bigquery/events-dataset.ts';
import { startFirestore, type LocalFirestore } from './google/firestore.ts';
import { readFunctionFiles, type FunctionFile } from '../functions/function-files.ts';
import { startFunction, type FunctionProcess } from './process/function-process.ts';
import { startObservability, type LocalObservability } from './google/observability.ts';
import { allMetrics } from './metrics-page.ts';
import { keepRunning } from './process/keep-running.ts';
import { freePort, isFree } from './process/port.ts';
import { startAnthropic } from './providers/anthropic.ts';
import { startFireworks } from './providers/fireworks.ts';
import { startGoogle } from './providers/google.ts';
import { startKServe } from './providers/kserve.ts';
import { startOpenAi } from './providers/openai.ts';
import type { LocalProvider, Pace } from './providers/provider-server.ts';
import { startRedis, type LocalRedis } from './process/redis.ts';
import { routerAddress, startRouter, type LocalRouter } from './router.ts';
import { startScheduler } from './scheduler.ts';
import { startSlack, type LocalSlack } from './slack.ts';
import { seedDirectory } from './seed.ts';
import { startSourcegraph, type LocalSourcegraph } from './sourcegraph/sourcegraph.ts';
import { startTasks, type LocalTasks } from './google/tasks.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The project that everything local belongs to. */
export const localProject = 'local-cloud';
/** Keys of the stand-ins, known to nobody else. */
const standInKey = 'stand-in-key';
/** Secret of `/-/healthz` in the local cloud. */
export const diagnosticsSecret = 'local-diagnostics-secret';

/** The providers, as their variables are called: `CODY_GATEWAY_<NAME>_…`. */
export const providerKinds = ['anthropic', 'openai', 'fireworks', 'google'] as const;

/** One of them. */
export type ProviderKind = (typeof providerKinds)[number];

const standIns = {
  anthropic: startAnthropic,
  openai: startOpenAi,
  fireworks: startFireworks,
  google: startGoogle,
} as const;

/** How to start. */
export interface CloudOptions {
  /** The router's port; a free one where absent. */
  readonly port?: number;
  /** Of the pages (traces, metrics), where it is free; any other where it is not, or absent. */
  readonly pagesPort?: number;
  /** Only these functions; all where absent. */
  readonly functions?: readonly string[];
  /** Further environment of the functions; wins over what the cloud sets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly pace?: Pace;
  /** Further arguments of redis-server. */
  readonly redisArgs?: readonly string[];
  /** Real providers: their keys by name, from the user's environment. */
  readonly keys?: Readonly<Partial<Record<ProviderKind, string>>>;
  /** Takes each line of each function. */
  readonly onLine?: (name: string, line: string) => void;
  /** Where given, a function that dies is started again, and this is told what happened. */
  readonly onDeath?: (line: string) => void;
  /** Told of each step and its time. */
  readonly onStep?: (step: string, ms: number) => void;
  /** Takes a line on what is under way. */
  readonly onProgress?: (line: string) => void;
}

/** A running cloud. */
export interface LocalCloud {
  readonly url: string;
  /** Of the last trace; `/metrics` there has Prometheus' text of all functions. */
  readonly pagesUrl: string;
  readonly token: string;
  readonly subscriptionId: string;
  readonly functions: ReadonlyMap<string, FunctionProcess>;
  readonly redis: LocalRedis;
  readonly firestore: LocalFirestore;
  readonly tasks: LocalTasks;
  readonly bigquery: LocalBigQuery;
  readonly slack: LocalSlack;
  readonly sourcegraph: LocalSourcegraph;
  /** The embedding server that Sourcegraph hosts. */
  readonly kserve: LocalProvider;
  /** Traces, metrics and errors of the functions. */
  readonly observability: LocalObservability;
  /** The stand-ins; a provider with a real key has none. */
  readonly anthropic: LocalProvider | null;
  readonly openai: LocalProvider | null;
  readonly fireworks: LocalProvider | null;
  readonly google: LocalProvider | null;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts everything; when a step fails, what was started is stopped again. */
export async function startCloud(options: CloudOptions = {}): Promise<LocalCloud> {
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close().catch(() => undefined);
  };
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const result = await work();
    options.onStep?.(name, performance.now() - startedMs);
    return result;
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    closers.push(() => part.close());
    return part;
  };
  try {
    // The address first: a port that is taken should not cost a minute of starting.
    const targets: { file: FunctionFile; url: string }[] = [];
    const router: LocalRouter = keep(
      await startRouter({ ...(options.port !== undefined && { port: options.port }), targets }),
    );
    const allFiles = await readFunctionFiles();
    const files = allFiles.filter(({ name }) => options.functions?.includes(name) ?? true);
    const building = step('functions built', () =>
      builtFiles(
        files.map(({ name }) => name),
        options.onProgress,
      ),
    );
    building.catch(() => undefined);
    const redis = keep(await step('redis', () => startRedis({ args: options.redisArgs ?? [] })));
    const firestore = keep(await step('firestore', () => startFirestore()));
    const seeded = await step('a subscription', () =>
      seedDirectory({ firestoreHost: firestore.host, projectId: localProject }),
    );
    const tasks = keep(
      await step('cloud tasks', () => startTasks({ queues: allFiles.flatMap(({ queue }) => queue ?? []) })),
    );
    const bigquery = keep(await step('bigquery', async () => createEventsDataset(await startBigQuery(), localProject)));
    const slack = keep(await startSlack());
    const sourcegraph = keep(await startSourcegraph());
    const kserve = keep(await startKServe({ apiKey: standInKey }));
    const functions = new Map<string, FunctionProcess>();
    const secret = options.env?.['CODY_GATEWAY_DIAGNOSTICS_SECRET'] ?? diagnosticsSecret;
    const { pagesPort = 0 } = options;
    const observability = keep(
      await startObservability({
        port: (await isFree(pagesPort)) ? pagesPort : 0,
        metrics: () => allMetrics(functions.values(), secret),
      }),
    );
    const { keys = {}, pace = {} } = options;
    const providers: Partial<Record<ProviderKind, LocalProvider>> = {};
    for (const kind of providerKinds)
      if (keys[kind] === undefined) providers[kind] = keep(await standIns[kind]({ apiKey: standInKey, ...pace }));
    const built = await building;
    const ports = new Map(await Promise.all(files.map(async ({ name }) => [name, await freePort()] as const)));
    const env: Record<string, string> = {
      REDIS_ENDPOINT: redis.url,
      CODY_GATEWAY_DIAGNOSTICS_SECRET: diagnosticsSecret,
      GOOGLE_CLOUD_PROJECT: localProject,
      METADATA_SERVER_DETECTION: 'none',
      NODE_COMPILE_CACHE: path.join(root, '.local/compile-cache'),
      FIRESTORE_EMULATOR_HOST: firestore.host,
      CODY_GATEWAY_TASKS_ENDPOINT: tasks.url,
      CODY_GATEWAY_DELIVER_EVENTS_URL: `http://127.0.0.1:${ports.get('deliver-events') ?? 0}/`,
      // Without the function there is nowhere to send a notice to, and a task would be tried for ever.
      CODY_GATEWAY_DELIVER_NOTIFICATIONS_URL: ports.has('deliver-notifications')
        ? `http://127.0.0.1:${ports.get('deliver-notifications') ?? 0}/`
        : '',
      CODY_GATEWAY_ACTOR_RATE_LIMIT_NOTIFY_SLACK_WEBHOOK_URL: slack.url,
      CODY_GATEWAY_BIGQUERY_ENDPOINT: bigquery.url,
      CODY_GATEWAY_ENABLE_ATTRIBUTION_SEARCH: 'true',
      CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
      CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
      CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_URL: `${kserve.url}/infer`,
      CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_TOKEN: standInKey,
      CODY_GATEWAY_OTEL_ENDPOINT: observability.url,
      CODY_GATEWAY_SENTRY_DSN: observability.sentryDsn,
      CODY_GATEWAY_CONSOLE_OPEN: 'true',
      // Whoever tries a call here wants to see all of it.
      CODY_GATEWAY_SUCCESS_SAMPLE_PERCENT: '100',
      CODY_GATEWAY_TRUSTED_PROXIES: '1',
      CODY_GATEWAY_LOAD_BALANCER_ADDRESSES: routerAddress,
      ...providerEnv(keys, providers),
      ...options.env,
    };
    const over = new AbortController();
    const keepers: Promise<void>[] = [];
    const stopFunctions = async (): Promise<void> => {
      over.abort();
      await Promise.allSettled([...functions.values()].map((running) => running.stop()));
      await Promise.allSettled(keepers);
    };
    closers.push(stopFunctions);
    let ready = 0;
    await step('functions', () =>
      everyOne(
        files.map(async (file) => {
          const { name } = file;
          const dir = path.dirname(built[name] ?? '');
          const running = await startFunction({
            name,
            dir,
            port: ports.get(name) ?? 0,
            memoryMiB: file.memoryMiB,
            env,
            onLine: (line) => options.onLine?.(name, line),
          });
          functions.set(name, running);
          options.onProgress?.(`starting functions (${++ready} of ${files.length})`);
          targets.push({ file, url: running.url });
          const { onDeath: say } = options;
          const replaced = (again: FunctionProcess): void => void functions.set(name, again);
          if (say !== undefined) keepers.push(keepRunning(running, { over: over.signal, say, replaced }));
        }),
      ),
    );
    const jobs = files.flatMap((file) =>
      file.schedule === undefined
        ? []
        : [{ name: file.name, schedule: file.schedule, url: functions.get(file.name)?.url ?? '' }],
    );
    const scheduler = startScheduler(jobs, (message) => options.onLine?.('scheduler', message));
    closers.push(async () => scheduler.stop());
    return {
      url: router.url,
      pagesUrl: observability.url.replace('127.0.0.1', 'localhost'),
      token: seeded.token,
      subscriptionId: seeded.id,
      functions,
      redis,
      firestore,
      tasks,
      bigquery,
      slack,
      sourcegraph,
      kserve,
      observability,
      anthropic: providers.anthropic ?? null,
      openai: providers.openai ?? null,
      fireworks: providers.fireworks ?? null,
      google: providers.google ?? null,
      env,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Entries of the bundles, by function. Tests that run side by side share what `npm test` built before them, whatever
 * is edited meanwhile.
 */
async function builtFiles(
  names: readonly string[],
  onProgress: CloudOptions['onProgress'] = () => undefined,
): Promise<Record<string, string>> {
  const before = JSON.parse(process.env['GATEWAY_BUILT_FUNCTIONS'] ?? '{}') as Record<string, string>;
  const built = await buildFunctions({ names: names.filter((name) => before[name] === undefined), onProgress });
  return { ...before, ...Object.fromEntries(built.map(({ name, file }) => [name, file])) };
}

/** Key and address of each provider: the real ones where a key is given. */
function providerEnv(
  keys: Readonly<Partial<Record<ProviderKind, string>>>,
  providers: Readonly<Partial<Record<ProviderKind, LocalProvider>>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const kind of providerKinds) {
    env[`CODY_GATEWAY_${kind.toUpperCase()}_ACCESS_TOKEN`] = keys[kind] ?? standInKey;
    const standIn = providers[kind];
    if (standIn !== undefined) env[`CODY_GATEWAY_${kind.toUpperCase()}_BASE_URL`] = standIn.url;
  }
  return env;
}

/** Waits for all of them, also when one fails: what is still starting could not be stopped. */
async function everyOne(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
