// The documents of tokens, for writers of what sources state: who owns a token now, and how it is taken from a former
// owner. Not what is stated (statements.ts).

import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { versionOf } from '../documents/documents.ts';

/** What one request of Firestore takes with room to spare. */
const documentsMax = 450;

/** A token's document, as far as writers care; malformed members read as absent. */
export interface TokenOwner {
  /** Path of the document of whom it belongs to; null where nothing readable says. */
  readonly actor: string | null;
  readonly revoked: boolean;
  /** For good, whoever lists it. */
  readonly revokedByOperator: boolean;
}

/** A token that somebody loses. */
export interface LostToken {
  readonly hash: string;
  /** Path of the document of who loses it. */
  readonly owner: string;
}

/** By hash; a token without a document is absent. @throws what Firestore throws */
export async function readTokenOwners(
  firestore: Firestore,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, TokenOwner>> {
  const owners = new Map<string, TokenOwner>();
  for (const part of parts([...new Set(hashes)]))
    for (const snapshot of await firestore.getAll(...part.map((hash) => firestore.doc(`tokens/${hash}`))))
      if (snapshot.exists) owners.set(snapshot.id, ownerOf(snapshot));
  return owners;
}

/**
 * Revokes the tokens that still belong to those who lose them; one that has another owner now, or is revoked already,
 * stays as it is.
 * @returns the version of each revocation by the token's hash
 * @throws what Firestore throws: some may be revoked then
 */
export async function revokeLost(
  firestore: Firestore,
  lost: readonly LostToken[],
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  const versions = new Map<string, number>();
  for (const part of parts(lost)) {
    const documents = part.map(({ hash }) => firestore.doc(`tokens/${hash}`));
    // Somebody else may give a token to its next owner at the same time: read and written as one.
    const revoked = await firestore.runTransaction(async (transaction) => {
      const found = await transaction.getAll(...documents);
      const own = found.filter((snapshot, i) => {
        const { actor, revoked } = ownerOf(snapshot);
        return actor === part[i]?.owner && !revoked;
      });
      for (const { ref } of own) transaction.update(ref, { revoked: true, updatedAt: new Date(nowMs) });
      return own.map(({ ref }) => ref);
    });
    if (revoked.length === 0) continue;
    // Read again for their versions: a transaction does not tell the time of its commit.
    for (const snapshot of await firestore.getAll(...revoked))
      if (ownerOf(snapshot).revoked) versions.set(snapshot.id, versionOf(snapshot.updateTime));
  }
  return versions;
}

/** Hashes of the tokens that an owner's document lists; of a malformed one, too. */
export function tokensIn(owner: DocumentSnapshot): string[] {
  const tokens: unknown = owner.get('tokens');
  return Array.isArray(tokens) ? tokens.filter((hash) => typeof hash === 'string') : [];
}

function ownerOf(snapshot: DocumentSnapshot): TokenOwner {
  const actor: unknown = snapshot.get('actor');
  return {
    actor: typeof actor === 'string' ? actor : null,
    revoked: snapshot.get('revoked') === true,
    revokedByOperator: snapshot.get('revokedByOperator') === true,
  };
}

function parts<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / documentsMax) }, (_, i) =>
    all.slice(i * documentsMax, (i + 1) * documentsMax),
  );
}
