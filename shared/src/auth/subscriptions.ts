// What writes the directory by an operator's hand: subscriptions and their tokens. Reading requests is directory.ts.

import { randomBytes, randomUUID } from 'node:crypto';
import type { Directory, SubscriptionRecord } from './directory.ts';
import { deriveFromLicenceKey, hashToken } from './token.ts';

/** A subscription to create. */
export interface NewSubscription {
  readonly name: string;
  readonly limits: SubscriptionRecord['limits'];
  /** UUID; a fresh one where absent. */
  readonly id?: string;
}

/**
 * Creates a subscription with one token. The token is shown once: only its hash is stored.
 * @throws when the id is taken, or what Firestore throws
 */
export async function createSubscription(
  directory: Directory,
  { name, limits, id = randomUUID() }: NewSubscription,
): Promise<{ id: string; token: string }> {
  const firestore = await directory.client();
  const token = deriveFromLicenceKey(randomBytes(32).toString('base64url'));
  const now = new Date();
  const record: SubscriptionRecord & { createdAt: Date; updatedAt: Date } = {
    name,
    accessEnabled: true,
    archived: false,
    limits,
    createdAt: now,
    updatedAt: now,
  };
  const batch = firestore.batch();
  batch.create(firestore.doc(`subscriptions/${id}`), record);
  batch.create(firestore.doc(`tokens/${hashToken(token)}`), { actor: `subscriptions/${id}`, createdAt: now });
  await batch.commit();
  return { id, token };
}

/** The first subscriptions by id. */
export async function listSubscriptions(
  directory: Directory,
  most: number,
): Promise<(SubscriptionRecord & { id: string })[]> {
  const firestore = await directory.client();
  const { docs } = await firestore.collection('subscriptions').limit(most).get();
  return docs.map((document) => ({ ...(document.data() as SubscriptionRecord), id: document.id }));
}
