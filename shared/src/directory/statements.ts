// What sources state, written into the directory: the document of the actor and those of its tokens. What an operator
// said otherwise is left alone.

import type { DocumentSnapshot, Firestore, WriteResult } from '@google-cloud/firestore';
import { parseDocument, versionOf } from '../documents/documents.ts';
import type { Account } from './account.ts';
import { features } from './limits.ts';
import { subscriptionSchema, type Origin, type SubscriptionDocument } from './records.ts';
import type { Statement } from './sources/access-source.ts';
import { partedFrom, type ListedTokens, type Parted } from './listed-tokens.ts';
import { readTokenOwners, revokeLost, tokensIn, type TokenOwner } from './token-documents.ts';

/** What one commit of Firestore takes with room to spare. */
const writesMax = 450;

/** A statement as it stands in the directory now. */
export interface SavedStatement {
  readonly account: Account;
  /** Hashes of its tokens. */
  readonly tokens: readonly string[];
  /** Of those that were its tokens until now and are nobody's: the version of the revocation by hash. */
  readonly revoked: ReadonlyMap<string, number>;
  /** Ids of statements of the same list that hold a token which this one lost: they have to be written, too. */
  readonly handedTo: Parted['handedTo'];
}

/** Where the actor of a statement stands. */
export function pathOf({ source, id }: Pick<Statement, 'source' | 'id'>): string {
  return `${source === 'dotcom-user' ? 'users' : 'subscriptions'}/${id}`;
}

/**
 * Stores one statement that a look-up brought.
 * @param tokenHash the token that was looked up: the source has just said whose it is. Where the source does not list
 * tokens, those that are known stay, but one that it took away meanwhile is not given back with it
 */
export async function saveStatement(
  firestore: Firestore,
  statement: Statement,
  origin: Origin,
  tokenHash: string,
  nowMs: number,
): Promise<SavedStatement> {
  const snapshot = await firestore.doc(pathOf(statement)).get();
  const claimed = [...new Set([...(statement.tokenHashes ?? []), tokenHash])];
  const before = tokensIn(snapshot);
  const kept = statement.tokenHashes === null ? before : [];
  const left = statement.tokenHashes === null ? [] : before.filter((hash) => !claimed.includes(hash));
  const parted = partedFrom(pathOf(statement), left, null);
  const unsaved = { statement, snapshot, claimed, kept, asked: tokenHash, ...parted };
  const [saved] = await write(firestore, [unsaved], origin, nowMs);
  if (saved === undefined) throw new Error('a statement was not saved');
  return saved;
}

/**
 * Stores statements of a list, each whole or not at all; those that were written before a throw stay. Of a list that is
 * not whole those are left out that lose a token.
 */
export async function saveStatements(
  firestore: Firestore,
  statements: readonly Statement[],
  origin: Origin,
  nowMs: number,
  list: ListedTokens,
): Promise<SavedStatement[]> {
  if (statements.length === 0) return [];
  const snapshots = await firestore.getAll(...statements.map((statement) => firestore.doc(pathOf(statement))));
  const all = statements.flatMap((statement, i): Unsaved[] => {
    const snapshot = snapshots[i];
    if (snapshot === undefined) return [];
    const { id, tokenHashes } = statement;
    const claimed = [...new Set(tokenHashes)].filter((hash) => (list.holderOf(hash) ?? id) === id);
    const kept = tokenHashes === null ? tokensIn(snapshot) : [];
    const left = tokenHashes === null ? [] : tokensIn(snapshot).filter((hash) => !claimed.includes(hash));
    if (left.length > 0 && !list.whole) return [];
    return [{ statement, snapshot, claimed, kept, asked: null, ...partedFrom(pathOf(statement), left, list) }];
  });
  return write(firestore, all, origin, nowMs);
}

/** A statement on its way into the directory. */
interface Unsaved extends Parted {
  readonly statement: Statement;
  /** The actor's document as it stands. */
  readonly snapshot: DocumentSnapshot;
  /** Tokens that the source says are its own. */
  readonly claimed: readonly string[];
  /** Tokens of which the source says nothing: they stay where they are still its own. */
  readonly kept: readonly string[];
  /** The one of them that the source was asked about; null where it listed them. */
  readonly asked: string | null;
}

async function write(
  firestore: Firestore,
  all: readonly Unsaved[],
  origin: Origin,
  nowMs: number,
): Promise<SavedStatement[]> {
  // Before anything is granted: a token that goes from one of these statements to another ends with its new owner.
  const revoked = await revokeLost(
    firestore,
    all.flatMap(({ lost }) => lost),
    nowMs,
  );
  const owners = await readTokenOwners(
    firestore,
    all.flatMap(({ claimed, kept }) => [...claimed, ...kept]),
  );
  const saved: SavedStatement[] = [];
  let batch = firestore.batch();
  let writes = 0;
  let open: (Unsaved & { document: SubscriptionDocument; tokens: string[] })[] = [];
  const commit = async (): Promise<void> => {
    if (writes === 0) return;
    const version = latest(await batch.commit());
    for (const { statement, snapshot, document, tokens, lost, handedTo } of open) {
      const path = pathOf(statement);
      const record = parseDocument(subscriptionSchema, { ...snapshot.data(), ...document }, path);
      const own = new Map<string, number>();
      for (const { hash } of lost) if (revoked.has(hash)) own.set(hash, revoked.get(hash) ?? version);
      const account = { source: statement.source, id: statement.id, record, version };
      saved.push({ account, tokens, revoked: own, handedTo });
    }
    batch = firestore.batch();
    writes = 0;
    open = [];
  };
  for (const unsaved of all) {
    const { statement, snapshot } = unsaved;
    const path = pathOf(statement);
    const { tokens, given } = tokensOf(unsaved, path, owners);
    if (writes + 1 + given.length > writesMax) await commit();
    const document = documentOf(statement, origin, tokens, nowMs);
    const updatedAt = new Date(nowMs);
    batch.set(snapshot.ref, { ...document, pruned: false, updatedAt }, { merge: true });
    for (const hash of given) {
      const askedMs = hash === unsaved.asked ? { askedMs: nowMs } : {};
      batch.set(
        firestore.doc(`tokens/${hash}`),
        { actor: path, revoked: false, updatedAt, ...askedMs },
        { merge: true },
      );
    }
    writes += 1 + given.length;
    open.push({ ...unsaved, document, tokens });
  }
  await commit();
  return saved;
}

/**
 * The tokens that it has from now on, and those whose documents don't say so yet, or not since when. What an operator
 * revoked stays revoked.
 */
function tokensOf(
  { snapshot, claimed, kept, asked }: Unsaved,
  path: string,
  owners: ReadonlyMap<string, TokenOwner>,
): { tokens: string[]; given: string[] } {
  const denied = deniedTokens(snapshot);
  const mayHave = (hash: string): boolean => !denied.includes(hash) && owners.get(hash)?.revokedByOperator !== true;
  const holds = (hash: string): boolean => {
    const owner = owners.get(hash);
    return owner?.actor === path && !owner.revoked;
  };
  const own = claimed.filter(mayHave);
  const stay = kept.filter((hash) => !claimed.includes(hash) && mayHave(hash) && holds(hash));
  return { tokens: [...stay, ...own], given: own.filter((hash) => hash === asked || !holds(hash)) };
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

/** Those that an operator revoked for good. */
function deniedTokens(snapshot: DocumentSnapshot | undefined): readonly unknown[] {
  const denied: unknown = snapshot?.get('overrides.revokedTokens');
  return Array.isArray(denied) ? denied : [];
}

function latest(results: readonly WriteResult[]): number {
  return Math.max(0, ...results.map(({ writeTime }) => versionOf(writeTime)));
}
