// What sources state no longer, taken off in the directory: subscriptions that a list lacks, a token that its source
// knows no longer. Not what they state (statements.ts).

import type { Firestore } from '@google-cloud/firestore';
import { partedFrom, type ListedTokens } from './listed-tokens.ts';
import type { SavedStatement } from './statements.ts';
import { revokeLost, tokensIn } from './token-documents.ts';

/**
 * Takes subscriptions off that their source lists no longer: archived, those of their tokens revoked that nobody else
 * in the list holds.
 * @param handOver writes the subscriptions of these ids, which hold the other tokens now
 * @returns the version of each revocation by the token's hash
 */
export async function pruneSubscriptions(
  firestore: Firestore,
  ids: readonly string[],
  nowMs: number,
  list: ListedTokens,
  handOver: (ids: readonly string[]) => Promise<void>,
): Promise<SavedStatement['revoked']> {
  const snapshots = await firestore.getAll(...ids.map((id) => firestore.doc(`subscriptions/${id}`)));
  const parted = snapshots.map((snapshot) => partedFrom(snapshot.ref.path, tokensIn(snapshot), list));
  // Last of all the subscriptions themselves: a run that ends in between leaves them for the next, which does the rest.
  const lost = parted.flatMap((one) => one.lost);
  const revoked = await revokeLost(firestore, lost, nowMs);
  await handOver(parted.flatMap(({ handedTo }) => handedTo));
  const batch = firestore.batch();
  const off = { archived: true, accessEnabled: false, pruned: true, tokens: [], lastUpdatedMs: nowMs };
  for (const { ref, exists } of snapshots)
    if (exists) batch.set(ref, { ...off, updatedAt: new Date(nowMs) }, { merge: true });
  await batch.commit();
  return revoked;
}

/**
 * Takes off a token that its source knows no longer: revoked, and no token of its owner any more, so that the next list
 * that has it gives it back.
 * @param owner path of the document of its owner so far
 * @returns the version of the revocation; null where it has another owner now, or is revoked already
 */
export async function takeToken(
  firestore: Firestore,
  hash: string,
  owner: string,
  nowMs: number,
): Promise<number | null> {
  const version = (await revokeLost(firestore, [{ hash, owner }], nowMs)).get(hash);
  if (version === undefined) return null;
  await firestore.runTransaction(async (transaction) => {
    const found = await transaction.get(firestore.doc(owner));
    const tokens = tokensIn(found);
    if (tokens.includes(hash))
      transaction.update(found.ref, { tokens: tokens.filter((one) => one !== hash), updatedAt: new Date(nowMs) });
  });
  return version;
}
