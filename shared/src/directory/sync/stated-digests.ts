// What a source last stated of each subscription, as digests in Redis: an unchanged list costs no read of the
// directory. Not the statements (statements.ts).

import { createHash } from 'node:crypto';
import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Documents } from '../../documents/documents.ts';
import { keys, redisTimeMs, StoreUnavailable, timeCommand, type TimeBudget, type Store } from '../../store/store.ts';
import { features } from '../limits.ts';
import { recordOf, type Origin } from '../records.ts';
import type { Statement } from '../sources/access-source.ts';

/** What the directory holds is read anew once a day, in case it was changed by hand. */
const statedLifeMs = 86_400_000;
/**
 * A table that no sync looks after any more expires by itself. This is not the daily way: Redis frees an expired hash
 * at once, and stands still meanwhile.
 */
const tableLifeMs = 3 * statedLifeMs;
/** Digests in one Redis command: some hundred kilobytes, half a millisecond of Redis. */
const digestsAtOnce = 1_000;

type Commands = readonly (readonly [string, ...(string | number)[]])[];

/** Digests by subscription id. */
export interface StatedDigests {
  /** @param held ends the reading of the directory early */
  read(held: AbortSignal): Promise<Map<string, string>>;
  keep(statements: readonly Statement[]): Promise<void>;
  forget(ids: readonly string[]): Promise<void>;
}

/** @param timeoutMs of one Redis command */
export function statedDigests(
  store: Store,
  documents: Pick<Documents, 'client'>,
  origin: Origin,
  timeoutMs: number,
): StatedDigests {
  const key = keys.stated(origin);
  const once = (list: Commands): Promise<unknown[]> => store.commands(list, { leftMs: timeoutMs, patient: true });
  // Commands under way when Redis goes away fail, patient or not. All of these may be repeated, and the second try
  // waits for Redis's return.
  const commands = (list: Commands): Promise<unknown[]> =>
    once(list).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return once(list);
      throw error;
    });
  const put = async (entries: readonly (readonly [string, string])[]): Promise<void> => {
    for (let i = 0; i < entries.length; i += digestsAtOnce)
      await commands([['hset', key, ...entries.slice(i, i + digestsAtOnce).flat()]]);
  };
  const scan = async (held: AbortSignal): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    let cursor = '0';
    do {
      held.throwIfAborted();
      const [reply] = await commands([['hscan', key, cursor, 'count', digestsAtOnce]]);
      const [next, flat] = reply as [string, string[]];
      for (let i = 0; i + 1 < flat.length; i += 2) found.set(flat[i] ?? '', flat[i + 1] ?? '');
      cursor = next;
    } while (cursor !== '0');
    return found;
  };
  return {
    read: async (held) => {
      const [time, filled] = await commands([timeCommand, ['hget', key, '']]);
      const nowMs = redisTimeMs(time);
      // The mark that the table was filled whole, and when; a run that died while it filled it left none.
      const filledMs = typeof filled === 'string' ? Number(filled) : NaN;
      if (nowMs - filledMs < statedLifeMs) {
        const kept = await scan(held);
        kept.delete('');
        return kept;
      }
      await commands([['unlink', key]]);
      const found = await readDirectory(documents, origin, held);
      // What look-ups have marked since is compared with the next list, whatever the directory said.
      const marked = await scan(held);
      await put([...found].filter(([id]) => !marked.has(id)));
      await commands([
        ['hset', key, '', nowMs],
        ['pexpire', key, tableLifeMs],
      ]);
      return new Map([...found, ...marked]);
    },
    keep: (statements) => put(statements.map((statement) => [statement.id, digestOf(statement)] as const)),
    forget: async (ids) => {
      for (let i = 0; i < ids.length; i += digestsAtOnce)
        await commands([['hdel', key, ...ids.slice(i, i + digestsAtOnce)]]);
    },
  };
}

/**
 * A look-up wrote something newer into the directory than the last list stated: the next list is compared with it,
 * whatever it says.
 * @throws StoreUnavailable
 */
export async function markLookedUp(store: Store, origin: Origin, id: string, budget: TimeBudget): Promise<void> {
  await store.commands([['hset', keys.stated(origin), id, 'looked-up']], budget);
}

/** A malformed document counts as one that says something else: it is written again. */
async function readDirectory(
  documents: Pick<Documents, 'client'>,
  origin: string,
  held: AbortSignal,
): Promise<Map<string, string>> {
  const firestore = await documents.client();
  const found = new Map<string, string>();
  const stream = firestore.collection('subscriptions').where('origin', '==', origin).stream();
  for await (const snapshot of stream as AsyncIterable<QueryDocumentSnapshot>) {
    held.throwIfAborted();
    if (snapshot.get('pruned') === true) continue;
    found.set(snapshot.id, digestOfDocument(snapshot.id, snapshot.data()));
  }
  return found;
}

function digestOfDocument(id: string, data: unknown): string {
  try {
    const record = recordOf(data, `subscriptions/${id}`);
    return digest(record.name, record.accessEnabled, record.archived, record.tags, record.limits, record.tokens);
  } catch {
    return 'malformed';
  }
}

/** What a statement says, in 16 characters. */
export function digestOf({ name, accessEnabled, archived, tags, limits, tokenHashes }: Statement): string {
  return digest(name, accessEnabled, archived, tags, limits, tokenHashes ?? []);
}

function digest(
  name: string,
  accessEnabled: boolean,
  archived: boolean,
  tags: readonly string[],
  limits: Readonly<Partial<Statement['limits']>> | { readonly [feature: string]: unknown },
  tokens: readonly string[],
): string {
  const ordered = features.map((feature) => {
    const stated = (limits as Partial<Statement['limits']>)[feature];
    return stated ? [stated.limit, stated.intervalSeconds, stated.allowedModels] : null;
  });
  const content = JSON.stringify([name, accessEnabled, archived, tags, ordered, tokens.toSorted()]);
  return createHash('sha256').update(content).digest('base64url').slice(0, 16);
}
