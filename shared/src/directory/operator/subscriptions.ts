// What an operator does to the directory: creates subscriptions with their tokens, looks at them, removes them. Reading
// for requests is open-directory.ts.

import { randomBytes, randomUUID } from 'node:crypto';
import {
  auditDocument,
  auditPath,
  operatorTimeoutMs,
  withDeadline,
  type Author,
  type Documents,
} from '../../documents/documents.ts';
import { recordOf, type SubscriptionDocument, type SubscriptionRecord } from '../records.ts';
import { deriveFromLicenceKey, hashToken } from '../token.ts';

/** gRPC's code for a document that already exists. */
const alreadyExists = 6;

/** A subscription to create. */
export interface NewSubscription {
  readonly name: string;
  readonly limits: SubscriptionRecord['limits'];
  /** UUID, with or without `es_` in front; a fresh one where absent. */
  readonly id?: string;
  /** For the audit record; absent when a program and not an operator does it, and then there is no record. */
  readonly author?: Author;
}

/** A subscription as it stands in the directory, or what is wrong with its document. */
export type SubscriptionEntry =
  { readonly id: string; readonly record: SubscriptionRecord } | { readonly id: string; readonly fault: string };

/**
 * Creates a subscription with one token. The token is shown once: only its hash is stored.
 * @throws when the id is no UUID or taken, what Firestore throws, and a timeout after 15 s
 */
export async function createSubscription(
  documents: Pick<Documents, 'client'>,
  { name, limits, id: wanted = randomUUID(), author }: NewSubscription,
): Promise<{ id: string; token: string; record: SubscriptionRecord }> {
  const id = subscriptionId(wanted);
  if (id === null) throw new Error(`${JSON.stringify(wanted)} is not a subscription id: give a UUID`);
  const firestore = await documents.client();
  const token = deriveFromLicenceKey(randomBytes(32).toString('base64url'));
  const now = new Date();
  const document: SubscriptionDocument = {
    name,
    accessEnabled: true,
    archived: false,
    limits,
    origin: 'operator',
    tokens: [hashToken(token)],
  };
  const batch = firestore.batch();
  batch.create(firestore.doc(`subscriptions/${id}`), { ...document, createdAt: now, updatedAt: now });
  batch.create(firestore.doc(`tokens/${hashToken(token)}`), { actor: `subscriptions/${id}`, createdAt: now });
  if (author !== undefined) {
    const audit = auditDocument(author, 'subscriptions create', id, JSON.stringify({ name, limits }));
    batch.create(firestore.doc(auditPath(audit)), audit);
  }
  try {
    await withDeadline(batch.commit(), operatorTimeoutMs);
  } catch (error) {
    if ((error as { code?: unknown }).code === alreadyExists)
      throw new Error(`there is a subscription ${id} already`, { cause: error });
    throw error;
  }
  return { id, token, record: recordOf(document, id) };
}

/**
 * Subscriptions in Firestore's order, which is by id; at most `most` of them.
 * @throws what Firestore throws, and a timeout after 15 s
 */
export async function listSubscriptions(
  documents: Pick<Documents, 'client'>,
  most: number,
): Promise<SubscriptionEntry[]> {
  const firestore = await documents.client();
  const { docs } = await withDeadline(firestore.collection('subscriptions').limit(most).get(), operatorTimeoutMs);
  return docs.map((document) => readEntry(document.id, document.data()));
}

/**
 * One subscription, null when there is none.
 * @param id UUID, with or without `es_`
 * @throws what Firestore throws, and a timeout after 15 s
 */
export async function findSubscription(
  documents: Pick<Documents, 'client'>,
  id: string,
): Promise<SubscriptionEntry | null> {
  const bare = subscriptionId(id);
  if (bare === null) return null;
  const firestore = await documents.client();
  const document = await withDeadline(firestore.doc(`subscriptions/${bare}`).get(), operatorTimeoutMs);
  return document.exists ? readEntry(bare, document.data()) : null;
}

/**
 * One user of Sourcegraph.com, null when the directory has none of that number.
 * @throws what Firestore throws, and a timeout after 15 s
 */
export async function findUser(documents: Pick<Documents, 'client'>, id: string): Promise<SubscriptionEntry | null> {
  const firestore = await documents.client();
  const document = await withDeadline(firestore.doc(`users/${id}`).get(), operatorTimeoutMs);
  return document.exists ? readEntry(id, document.data(), 'users') : null;
}

/**
 * Subscriptions of exactly this name, at most `most` of them.
 * @throws what Firestore throws, and a timeout after 15 s
 */
export async function findSubscriptionsNamed(
  documents: Pick<Documents, 'client'>,
  name: string,
  most: number,
): Promise<SubscriptionEntry[]> {
  const firestore = await documents.client();
  const named = firestore.collection('subscriptions').where('name', '==', name).limit(most);
  const { docs } = await withDeadline(named.get(), operatorTimeoutMs);
  return docs.map((document) => readEntry(document.id, document.data()));
}

/**
 * Removes a subscription and its tokens for good, with its audit record in the same commit. Copies of it in Redis are
 * believed for a minute more; a source that still lists it brings it back.
 * @param id UUID, with or without `es_`
 * @returns how many tokens went with it; null when there is none: nothing is written then
 * @throws what Firestore throws, and a timeout after 15 s
 */
export async function deleteSubscription(
  documents: Pick<Documents, 'client'>,
  id: string,
  author: Author,
): Promise<number | null> {
  const bare = subscriptionId(id);
  if (bare === null) return null;
  const firestore = await documents.client();
  const document = firestore.doc(`subscriptions/${bare}`);
  const removed = firestore.runTransaction(async (transaction) => {
    const found = await transaction.get(document);
    if (!found.exists) return null;
    // Also where the document is malformed: what can't be read must still be removable.
    const listed: unknown = found.get('tokens');
    const hashes = Array.isArray(listed) ? listed.filter((hash) => /^[0-9a-f]{64}$/.test(String(hash))) : [];
    const tokens =
      hashes.length === 0
        ? []
        : await transaction.getAll(...hashes.map((hash) => firestore.doc(`tokens/${String(hash)}`)));
    // A token that meanwhile is another's stays.
    const own = tokens.filter((token) => token.get('actor') === `subscriptions/${bare}`);
    for (const token of own) transaction.delete(token.ref);
    transaction.delete(document);
    const audit = auditDocument(author, 'subscriptions delete', bare, `removed, with tokens: ${own.length}`);
    transaction.create(firestore.doc(auditPath(audit)), audit);
    return own.length;
  });
  return withDeadline(removed, operatorTimeoutMs);
}

/**
 * Sourcegraph.com's spelling has `es_` in front; events, counters and the directory have the bare UUID. Null for what
 * is no UUID.
 */
export function subscriptionId(text: string): string | null {
  const bare = text.replace(/^es_/, '').toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(bare) ? bare : null;
}

function readEntry(id: string, data: unknown, collection = 'subscriptions'): SubscriptionEntry {
  try {
    return { id, record: recordOf(data, `${collection}/${id}`) };
  } catch (error) {
    return { id, fault: (error as Error).message };
  }
}
