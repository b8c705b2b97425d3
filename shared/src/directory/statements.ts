// What sources state, written into the directory: the document of the actor and those of its tokens. What an operator
// said otherwise is left alone.

import type { DocumentSnapshot, Firestore, WriteResult } from '@google-cloud/firestore';
import { parseDocument, versionOf } from '../documents/documents.ts';
import type { Account } from './account.ts';
import { features } from './limits.ts';
import { subscriptionSchema, type Origin, type SubscriptionDocument } from './records.ts';
import type { Statement } from './sources/access-source.ts';

/** What one transaction of Firestore takes with room to spare. */
const writesMax = 450;

/** A statement as it stands in the directory now. */
export interface SavedStatement {
  readonly account: Account;
  /** Hashes of its tokens, and of those that were its tokens until now. */
  readonly tokens: readonly string[];
  readonly revoked: readonly string[];
}

/** Where the actor of a statement stands. */
export function pathOf({ source, id }: Pick<Statement, 'source' | 'id'>): string {
  return `${source === 'dotcom-user' ? 'users' : 'subscriptions'}/${id}`;
}

/**
 * Stores one statement that a look-up brought.
 * @param tokenHash the token that was looked up; it joins those that are known where the source does not list them
 */
export async function saveStatement(
  firestore: Firestore,
  statement: Statement,
  origin: Origin,
  tokenHash: string,
  nowMs: number,
): Promise<SavedStatement> {
  const snapshot = await firestore.doc(pathOf(statement)).get();
  const hashes = statement.tokenHashes ?? [...new Set([...knownTokens(snapshot), tokenHash])];
  const [saved] = await saveStatements(
    firestore,
    [{ ...statement, tokenHashes: hashes.includes(tokenHash) ? hashes : [...hashes, tokenHash] }],
    origin,
    nowMs,
    [snapshot],
  );
  if (saved === undefined) throw new Error('a statement was not saved');
  return saved;
}

/**
 * Stores statements, each whole or not at all; those that were written before a throw stay.
 * @param snapshots of their documents, in the same order; read here where absent
 */
export async function saveStatements(
  firestore: Firestore,
  statements: readonly Statement[],
  origin: Origin,
  nowMs: number,
  snapshots?: readonly DocumentSnapshot[],
): Promise<SavedStatement[]> {
  if (statements.length === 0) return [];
  const found =
    snapshots ?? (await firestore.getAll(...statements.map((statement) => firestore.doc(pathOf(statement)))));
  const saved: SavedStatement[] = [];
  let batch = firestore.batch();
  let writes = 0;
  let open: { statement: Statement; document: SubscriptionDocument; tokens: string[]; revoked: string[] }[] = [];
  const commit = async (): Promise<void> => {
    if (writes === 0) return;
    const version = latest(await batch.commit());
    for (const { statement, document, tokens, revoked } of open) {
      const before = found[statements.indexOf(statement)]?.data() ?? {};
      const path = pathOf(statement);
      const record = parseDocument(subscriptionSchema, { ...before, ...document }, path);
      saved.push({ account: { source: statement.source, id: statement.id, record, version }, tokens, revoked });
    }
    batch = firestore.batch();
    writes = 0;
    open = [];
  };
  for (const [i, statement] of statements.entries()) {
    const before = found[i] === undefined ? [] : knownTokens(found[i]);
    const denied = deniedTokens(found[i]);
    const tokens = [...(statement.tokenHashes ?? before)].filter((hash) => !denied.includes(hash));
    const fresh = tokens.filter((hash) => !before.includes(hash));
    const revoked = before.filter((hash) => !tokens.includes(hash));
    if (writes + 1 + fresh.length + revoked.length > writesMax) await commit();
    const document = documentOf(statement, origin, tokens, nowMs);
    const path = pathOf(statement);
    const updatedAt = new Date(nowMs);
    batch.set(firestore.doc(path), { ...document, pruned: false, updatedAt }, { merge: true });
    for (const hash of fresh)
      batch.set(firestore.doc(`tokens/${hash}`), { actor: path, revoked: false, updatedAt }, { merge: true });
    for (const hash of revoked)
      batch.set(firestore.doc(`tokens/${hash}`), { revoked: true, updatedAt }, { merge: true });
    writes += 1 + fresh.length + revoked.length;
    open.push({ statement, document, tokens, revoked });
  }
  await commit();
  return saved;
}

/** Marks tokens as revoked. @returns the version of that change */
export async function revokeTokens(firestore: Firestore, hashes: readonly string[], nowMs: number): Promise<number> {
  let version = 0;
  for (let i = 0; i < hashes.length; i += writesMax) {
    const batch = firestore.batch();
    for (const hash of hashes.slice(i, i + writesMax))
      batch.set(firestore.doc(`tokens/${hash}`), { revoked: true, updatedAt: new Date(nowMs) }, { merge: true });
    version = Math.max(version, latest(await batch.commit()));
  }
  return version;
}

/**
 * Takes subscriptions off that their source lists no longer: archived, their tokens revoked.
 * @returns the hashes of those tokens, and the version of the change
 */
export async function pruneSubscriptions(
  firestore: Firestore,
  ids: readonly string[],
  nowMs: number,
): Promise<{ tokens: string[]; version: number }> {
  const snapshots = await firestore.getAll(...ids.map((id) => firestore.doc(`subscriptions/${id}`)));
  const tokens = snapshots.flatMap(knownTokens);
  // The tokens first: a run that ends in between leaves a subscription without tokens, which the next one takes off.
  const version = await revokeTokens(firestore, tokens, nowMs);
  const batch = firestore.batch();
  const off = { archived: true, accessEnabled: false, pruned: true, tokens: [], lastUpdatedMs: nowMs };
  for (const { ref, exists } of snapshots)
    if (exists) batch.set(ref, { ...off, updatedAt: new Date(nowMs) }, { merge: true });
  await batch.commit();
  return { tokens, version };
}

/** Members that a statement sets; every one of them each time, since a merge keeps what is not named. */
function documentOf(
  { name, accessEnabled, archived, tags, limits }: Statement,
  origin: Origin,
  tokens: string[],
  nowMs: number,
): SubscriptionDocument {
  return {
    name,
    accessEnabled,
    archived,
    tags: [...tags],
    limits: Object.fromEntries(features.map((feature) => [feature, limitOf(limits[feature])])),
    plan: null,
    origin,
    tokens,
    lastUpdatedMs: nowMs,
  };
}

function limitOf(stated: Statement['limits']['embeddings']) {
  return stated === null ? null : { ...stated, allowedModels: [...stated.allowedModels] };
}

function knownTokens(snapshot: DocumentSnapshot): string[] {
  const tokens: unknown = snapshot.get('tokens');
  return Array.isArray(tokens) ? tokens.filter((hash) => typeof hash === 'string') : [];
}

/** Those that an operator revoked for good. */
function deniedTokens(snapshot: DocumentSnapshot | undefined): readonly unknown[] {
  const denied: unknown = snapshot?.get('overrides.revokedTokens');
  return Array.isArray(denied) ? denied : [];
}

function latest(results: readonly WriteResult[]): number {
  return Math.max(0, ...results.map(({ writeTime }) => versionOf(writeTime)));
}
