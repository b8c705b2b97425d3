// The rooms of one process, opened from bottom to top and closed from top to bottom.

import { createAuth, type Auth } from '../auth/auth.ts';
import { openCatalogue, type OpenCatalogue } from '../catalogue/catalogue.ts';
import type { Config } from '../config/config.ts';
import { openDocuments, type Documents } from '../documents/documents.ts';
import {
  createEventQueue,
  createNoticeQueue,
  createOutbox,
  type OpenTasks,
  type Outbox,
  type TaskQueue,
} from '../events/events.ts';
import { accessTokens } from '../http/http.ts';
import { createLimiter, type Limiter } from '../limiter/limiter.ts';
import {
  connectStore,
  wordsOf,
  type TimeBudget,
  type FullChange,
  type Store,
  type StoreChange,
} from '../store/store.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import type { OpenUpstream, Upstream } from '../upstream/upstream.ts';
import { createOutages, type Outages } from './outages.ts';
import { tellUnread } from './unread-variables.ts';
import { createUnknownCallers, type UnknownCallers } from './unknown-callers.ts';

/** Everything a handler may use. */
export interface Context {
  readonly config: Config;
  readonly telemetry: Telemetry;
  readonly store: Store;
  /** What is known of providers, models and prices: each call takes one snapshot. */
  readonly catalogue: OpenCatalogue;
  /** Where the directory and the audit records stand. */
  readonly documents: Documents;
  readonly auth: Auth;
  readonly limiter: Limiter;
  /** Throws in a function that was given none (FunctionOptions). */
  readonly upstream: Upstream;
  readonly queue: TaskQueue | null;
  readonly noticeQueue: TaskQueue | null;
  readonly outbox: Outbox;
  readonly unknownCallers: UnknownCallers;
  /** Who is served while Redis is away. */
  readonly outages: Outages;
  /** A fresh budget of Redis waits: one on the way up, one for settling. */
  budget(): TimeBudget;
  /** Connects what every request needs; resolves when the port may open (Store.opened). Never rejects. */
  opened(): Promise<void>;
  /** Sends what is left and closes the connections. */
  close(): Promise<void>;
}

/** Traces, metrics and errors, when the process ends: within its 8 s (http/drain.ts). */
const telemetryFlushMs = 1_500;

const none = (): never => {
  throw new Error('this function calls no provider: give defineFunction its `upstream`');
};
const noUpstream: Upstream = {
  serves: none,
  read: none,
  inspect: none,
  send: none,
  sendBeside: none,
  usage: none,
  soFar: none,
  unanswered: none,
  close: () => Promise.resolve(),
};

/** Opens the rooms; nothing here touches the network. */
export function openContext(
  config: Config,
  openTasks: OpenTasks,
  openUpstream: OpenUpstream = () => noUpstream,
): Context {
  const tokens = accessTokens(config.functionName);
  const telemetry = createTelemetry({ ...config, accessTokens: tokens });
  const warn = (message: string, error: unknown): void => telemetry.log('WARNING', message, {}, error);
  const store = connectStore(config, warn, {
    changed: (change) => tellBreaker(telemetry, change),
    full: (change) => tellFull(telemetry, change),
    accessToken: tokens,
  });
  const tasks = openTasks(config.tasksEndpoint, tokens);
  const queue = createEventQueue(config, tasks);
  const noticeQueue = createNoticeQueue(config, tasks);
  const outbox = createOutbox(store, queue, noticeQueue, warn, (state, events) =>
    telemetry.count('gateway.outbox', events, { state }),
  );
  const documents = openDocuments(config, tokens);
  const catalogue = openCatalogue({
    config,
    nowMs: Date.now(),
    overlay: { config, store, documents, now: Date.now },
    onFaults: (faults) =>
      telemetry.log('ERROR', 'the catalogue has faults, the last good one stays: mend the rows in `faults`', {
        faults,
      }),
  });
  tellUnread(telemetry, config, catalogue.latest());
  const auth = createAuth({ config, store, documents, now: Date.now, warn });
  const upstream = openUpstream({
    config,
    googleTokens: tokens,
    warn,
    store,
    gauge: (key, shut) => tellShut(telemetry, key, shut),
  });
  const limiter = createLimiter(store);
  const budget = (): TimeBudget => ({ leftMs: config.redisBudgetMs });
  const unknownCallers = createUnknownCallers({ limiter, outbox, telemetry, budget });
  return {
    config,
    telemetry,
    store,
    catalogue,
    documents,
    auth,
    limiter,
    upstream,
    queue,
    noticeQueue,
    outbox,
    unknownCallers,
    outages: createOutages(config, Date.now),
    budget,
    opened: () => store.opened(),
    close: async () => {
      await unknownCallers.flush();
      await outbox.flush();
      await telemetry.flush(telemetryFlushMs);
      await Promise.allSettled([tasks.close(), auth.close(), upstream.close(), catalogue.close()]);
      await store.close();
    },
  };
}

const breakerTexts: Readonly<Record<StoreChange['state'], string>> = {
  open: 'no Redis, calls get 503 or are taken on trust',
  explained: 'the reason is in `said`',
  lasting: 'no Redis for `open_ms`; runbook redis-breaker',
  closed: 'Redis is back after `open_ms`',
};

/**
 * The line that the alert on Redis goes by (terraform/modules/monitoring/log-lines.json: the one whose state is
 * `lasting`), and the metric beside it, which counts the changes.
 */
function tellBreaker(telemetry: Telemetry, { node, state, cause, openMs, error }: StoreChange): void {
  const fields = { state, cause, node, said: wordsOf(error), ...(state !== 'open' && { open_ms: Math.round(openMs) }) };
  const text = `redis-breaker ${state}: ${breakerTexts[state]}`;
  telemetry.log(state === 'closed' ? 'INFO' : 'WARNING', text, fields, error);
  if (state === 'open' || state === 'closed') telemetry.count('gateway.redis.breaker', 1, { state, cause });
}

/**
 * Names of homes, secrets and models; an actor's own shutting is for its calls alone, and would be a series of its own.
 * The line is the alert's (terraform/modules/monitoring/log-lines.json): it comes again with each probe that fails.
 */
function tellShut(telemetry: Telemetry, key: string, shut: 0 | 1): void {
  const [kind = '', home = '', name] = key.split(' ');
  if (key.includes(' for ')) return;
  const fields = { state: shut === 1 ? 'shut' : 'open', kind, home, name: name ?? null };
  const text = shut === 1 ? `${key} gets no calls but a probe; runbook home-shut` : `${key} is open again`;
  telemetry.log(shut === 1 ? 'WARNING' : 'INFO', `home-shut: ${text}`, fields);
  telemetry.count('gateway.home.shut', shut, { kind, home, ...(name !== undefined && { name }) });
  if (kind === 'model' && name !== undefined) telemetry.count('gateway.model_breaker', shut, { model: name });
}

/**
 * Of a Redis that takes no more memory, with an alert of its own: its breaker stays shut, so that events can leave it.
 */
function tellFull(telemetry: Telemetry, { node, state, fullMs, error }: FullChange): void {
  const fields = { state, node, said: wordsOf(error), full_ms: Math.round(fullMs) };
  const text =
    state === 'full'
      ? 'redis-full: Redis takes no writes for want of memory; runbook redis-full'
      : 'redis-full is over: it took `full_ms`';
  telemetry.log(state === 'full' ? 'WARNING' : 'INFO', text, fields, error);
}
