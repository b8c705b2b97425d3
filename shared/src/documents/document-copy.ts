// The copy of a document in Redis: its version, its text and when it was written, so that a cold instance answers
// without asking Firestore. How old it may be and what its text means is for the document's owner to say.

import { readFileSync } from 'node:fs';
import { loadScript, redisTimeMs, timeCommand, type TimeBudget, type Store } from '../store/store.ts';

const script = loadScript(
  'document-copy',
  readFileSync(new URL('./scripts/document-copy.lua', import.meta.url), 'utf8'),
);
const confirmScript = loadScript(
  'document-copy-confirm',
  readFileSync(new URL('./scripts/document-copy-confirm.lua', import.meta.url), 'utf8'),
);

/** A copy as it was read. */
export interface DocumentCopy {
  /** Microseconds, as Firestore tells a document's last change. */
  readonly version: number;
  readonly body: string;
  /** Since it was written, by the clock of Redis. */
  readonly ageMs: number;
}

/** What is to be kept. */
export interface NewCopy {
  readonly version: number;
  readonly body: string;
  /** Then Redis forgets it. */
  readonly ttlMs: number;
  /** Only where a copy is kept already. */
  readonly renew?: boolean;
}

/** Null where there is none. @throws StoreUnavailable */
export async function readCopy(store: Store, key: string, budget: TimeBudget): Promise<DocumentCopy | null> {
  const [time, fields] = (await store.commands([timeCommand, ['hmget', key, 'version', 'body', 'at']], budget)) as [
    unknown,
    [string | null, string | null, string | null],
  ];
  const [version, body, at] = fields;
  if (version === null || body === null || at === null) return null;
  return { version: Number(version), body, ageMs: redisTimeMs(time) - Number(at) };
}

/** The same without its body, for copies that are large and seldom change. @throws StoreUnavailable */
export async function readCopyVersion(
  store: Store,
  key: string,
  budget: TimeBudget,
): Promise<Omit<DocumentCopy, 'body'> | null> {
  const [time, fields] = (await store.commands([timeCommand, ['hmget', key, 'version', 'at']], budget)) as [
    unknown,
    [string | null, string | null],
  ];
  const [version, at] = fields;
  if (version === null || at === null) return null;
  return { version: Number(version), ageMs: redisTimeMs(time) - Number(at) };
}

/** The document still has this version: its copy is as good as a new one. @throws StoreUnavailable */
export async function confirmCopy(
  store: Store,
  key: string,
  { version, ttlMs }: Pick<NewCopy, 'version' | 'ttlMs'>,
  budget: TimeBudget,
): Promise<void> {
  await store.run(confirmScript, [key], [version, ttlMs], budget);
}

/** Keeps a copy unless a newer one is kept: readers and writers may come in any order. @throws StoreUnavailable */
export async function keepCopy(
  store: Store,
  key: string,
  { version, body, ttlMs, renew = false }: NewCopy,
  budget: TimeBudget,
): Promise<void> {
  await store.run(script, [key], [version, body, ttlMs, renew ? 'kept' : ''], budget);
}
