// What of a gateway decides who is served, on a real Redis and Firestore: instances that look tokens up, the sync, and
// a clock that both and the copies in Redis go by. Callers go on calling while it runs.

import assert from 'node:assert/strict';
import { createAuth, type Auth } from '@cody-gateway/shared/auth';
import { loadConfig } from '@cody-gateway/shared/config';
import {
  createAccountCopies,
  createSync,
  hashToken,
  revokeToken,
  type SyncReport,
} from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';
import { connectStore } from '@cody-gateway/shared/store';
import { Redis } from 'ioredis';
import { startFirestore } from '../../local/google/firestore.ts';
import type { LocalRedis } from '../../local/process/redis.ts';
import type { SourceOfKind } from './source-kinds.ts';

/** The sync comes every two minutes; callers come more often. */
const callEveryMs = 30_000;
const callsBetweenSyncs = 4;
/** Number of a token that no source ever states. */
const nobodys = 0xfade;
/** Of a call for Redis: the machine is slow at times. */
const budgetMs = 20_000;

/** Who a token is by the gateway: an account's number, or why it is refused. */
export type Outcome = number | 'invalid-token' | 'access-disabled' | 'directory-unavailable';

/** A gateway of one source. */
export interface TestedGateway {
  readonly source: SourceOfKind;
  /** Errors that syncs told, with their fields. */
  readonly errors: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** These tokens come every half a minute, and each is expected to be this in the end. */
  expect(outcomes: Readonly<Record<string, Outcome>>): void;
  /** Time goes by, callers call, and no sync runs. */
  pass(ms: number): Promise<void>;
  /** The same for the time between two syncs; then one runs. Null where the source has no list. */
  sync(): Promise<SyncReport | null>;
  /** Asks the source about a token beside a request, as a refused quota does. */
  refresh(token: string): Promise<void>;
  /** Who the token is at the instance that has met it. */
  outcome(token: string): Promise<string>;
  /** What was expected is so, everywhere. @param unknown what a token is that nobody has; null: it does not come */
  served(unknown?: Outcome | null): Promise<void>;
  revokeByOperator(token: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts it, with an empty directory. */
export async function startTested(source: SourceOfKind, server: LocalRedis): Promise<TestedGateway> {
  const redis = new Redis(server.url);
  await redis.flushall();
  const emulator = await startFirestore();
  source.clear();
  source.credentialsLive();
  const config = loadConfig({
    REDIS_ENDPOINT: server.url,
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: 'p',
    FIRESTORE_EMULATOR_HOST: emulator.host,
    ...source.variables,
  });
  const store = connectStore({ redisEndpoint: server.url }, () => undefined);
  const documents = openDocuments(config);
  let nowMs = Date.now();
  const now = (): number => nowMs;
  const opened: Auth[] = [];
  const instance = (): Auth => {
    const auth = createAuth({ config, store, documents, now, warn: () => undefined });
    opened.push(auth);
    return auth;
  };
  const warm = instance();
  const running = createSync({ config, store, documents, now });
  const errors: TestedGateway['errors'] = [];
  let expected: Readonly<Record<string, Outcome>> = {};
  const outcome = (auth: Auth, token: string): Promise<string> =>
    auth.identify({ token, address: '' }, { leftMs: budgetMs }).then(
      ({ id }) => id,
      (error: Error & { kind?: string }) => error.kind ?? error.message,
    );
  /** Copies in Redis grow as old as the clock says: their age is by Redis's own. */
  const age = async (ms: number): Promise<void> => {
    for (const key of await redis.keys('*:actor:*')) {
      const ttlMs = await redis.pttl(key);
      if (ttlMs <= ms) await redis.del(key);
      else {
        await redis.hincrby(key, 'at', -ms);
        await redis.pexpire(key, ttlMs - ms);
      }
    }
  };
  const pass = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += callEveryMs) {
      nowMs += callEveryMs;
      await age(callEveryMs);
      for (const token of Object.keys(expected)) await outcome(warm, token);
    }
  };
  return {
    source,
    errors,
    expect: (outcomes) => void (expected = outcomes),
    pass,
    sync: async () => {
      await pass(callsBetweenSyncs * callEveryMs);
      const trace = {
        step: <T>(_name: string, work: () => Promise<T>) => work(),
        log: (severity: string, message: string, fields: Readonly<Record<string, unknown>>) => {
          if (severity === 'ERROR') errors.push({ message, fields });
        },
      };
      if (source.kind === 'users') return null;
      return (await running?.run(trace, new AbortController().signal)) ?? assert.fail('no sync');
    },
    refresh: async (token) => {
      const caller = { token, address: '' };
      const actor = await warm.identify(caller, { leftMs: budgetMs });
      await warm.refresh(caller, actor).catch((error: Error & { kind?: string }) => {
        if (error.kind !== 'invalid-token') throw error;
      });
    },
    outcome: (token) => outcome(warm, token),
    served: async (unknown = 'invalid-token') => {
      // What the instance remembers of the last call is a matter of seconds.
      await pass(callEveryMs);
      for (const [token, what] of Object.entries(expected)) {
        const wanted = typeof what === 'number' ? source.idOf(what) : what;
        assert.deepEqual([await outcome(warm, token), await outcome(instance(), token)], [wanted, wanted]);
      }
      if (unknown !== null) assert.equal(await outcome(warm, source.token(nobodys)), unknown);
    },
    revokeByOperator: async (token) => {
      const author = { who: 'operator', why: 'it was seen in public' };
      await revokeToken(documents, createAccountCopies(store), hashToken(token), author);
    },
    close: async () => {
      for (const auth of opened) await auth.close();
      // What is written beside answers ends within its budget; its failure tells itself.
      await store.close();
      redis.disconnect();
      await documents.close();
      await emulator.close();
    },
  };
}
