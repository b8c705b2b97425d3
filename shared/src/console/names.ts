// Names of subscriptions, which the warehouse does not have: pages show them in the place of ids.

import { listSubscriptions, type SubscriptionEntry } from '../directory/directory.ts';
import type { Documents } from '../documents/documents.ts';
import type { Answer, Lookups } from './lookups.ts';

/** A larger directory is shown by ids beyond it. */
const subscriptionsMax = 5_000;

/** All subscriptions as the directory has them, by id. @throws LookupFailed */
export function readSubscriptions(
  lookups: Lookups,
  documents: Pick<Documents, 'client'>,
): Promise<Answer<readonly SubscriptionEntry[]>> {
  return lookups.other('Firestore subscriptions', () => listSubscriptions(documents, subscriptionsMax));
}

/** Names by id; those whose document can't be read have none. @throws LookupFailed */
export async function readNames(
  lookups: Lookups,
  documents: Pick<Documents, 'client'>,
): Promise<Answer<ReadonlyMap<string, string>>> {
  const { value, readAtMs } = await readSubscriptions(lookups, documents);
  const named = value.flatMap((entry) => ('record' in entry ? [[entry.id, entry.record.name] as const] : []));
  return { value: new Map(named.filter(([, name]) => name !== '')), readAtMs };
}
