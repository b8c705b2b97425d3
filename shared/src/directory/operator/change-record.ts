// A change of one account's document by an operator: it is decided by what the document says, the audit record is in
// the same commit, the copies in Redis follow. Not what is changed (the files beside).

import type { DocumentReference, Transaction } from '@google-cloud/firestore';
import { auditedChange, versionOf, type Author, type Documents } from '../../documents/documents.ts';
import type { Account } from '../account.ts';
import type { AccountCopies } from '../account-copies.ts';
import { recordOf, type SubscriptionRecord } from '../records.ts';
import { subscriptionId } from './subscriptions.ts';

/**
 * Copies are brought up to date beside the write; where that fails they are believed for a minute at most
 * (account-copies.ts).
 */
const copyBudgetMs = 2_000;
/** A subscription after a change. */
export interface Changed {
  readonly id: string;
  readonly record: SubscriptionRecord;
  /** Whether the copies in Redis have it already; false: within a minute. */
  readonly published: boolean;
}

/** There is no such subscription or token, or it may not be changed so: the message is for the operator. */
export class OperatorRefused extends Error {
  override readonly name = 'OperatorRefused';
}

type Overrides = SubscriptionRecord['overrides'];

/** What a change sets; members that are absent stay. */
export interface Change {
  readonly overrides?: Overrides;
  readonly tokens?: string[];
  readonly issued?: string;
  readonly revoked?: string;
  /** For the audit record. */
  readonly text: string;
}

/**
 * Changes one document by what stands in it, with its audit record, and brings its copies up to date.
 * @param id of a subscription, or `users/7`
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
 */
export async function change(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  id: string,
  author: Author,
  what: string,
  decide: (record: SubscriptionRecord, id: string) => Change,
): Promise<Changed> {
  const user = /^users\/(\d{1,20})$/.exec(id)?.[1];
  const bare = user ?? subscriptionId(id);
  if (bare === null)
    throw new OperatorRefused(`${JSON.stringify(id)} is not a subscription id: give a UUID, or users/<number>`);
  const path = user === undefined ? `subscriptions/${bare}` : `users/${bare}`;
  const { decided, after } = await auditedChange(
    documents,
    path,
    { author, what, subject: user === undefined ? bare : id },
    (found, transaction) => {
      if (!found.exists)
        throw new OperatorRefused(
          user === undefined
            ? `there is no subscription ${bare}: subscriptions list shows those that are`
            : `there is no user ${bare}: one is known from its first call on`,
        );
      const decided = decide(recordOf(found.data(), path), bare);
      write(transaction, found.ref, decided);
      return decided;
    },
  );
  const record = recordOf(after.data(), path);
  const version = versionOf(after.updateTime);
  const source = user === undefined ? 'dotcom-product-subscriptions' : 'dotcom-user';
  const published = await publish(copies, { source, id: bare, record, version }, decided);
  return { id: bare, record, published };
}

function write(transaction: Transaction, document: DocumentReference, change: Change): void {
  const { overrides, tokens, issued, revoked } = change;
  const { firestore, path } = document;
  const updatedAt = new Date();
  transaction.update(document, { ...(overrides && { overrides }), ...(tokens && { tokens }), updatedAt });
  if (issued !== undefined)
    transaction.create(firestore.doc(`tokens/${issued}`), { actor: path, createdAt: updatedAt });
  // On the token itself, too: it stays revoked when a source moves it to another subscription.
  if (revoked !== undefined)
    transaction.update(firestore.doc(`tokens/${revoked}`), { revoked: true, revokedByOperator: true, updatedAt });
}

async function publish(copies: AccountCopies | null, account: Account, { revoked }: Change): Promise<boolean> {
  if (copies === null) return false;
  const { record, version } = account;
  const budget = (): { leftMs: number } => ({ leftMs: copyBudgetMs });
  const outcomes = await Promise.allSettled([
    ...record.tokens.map((hash) => copies.renew(hash, account, budget())),
    ...(revoked === undefined ? [] : [copies.revoke(revoked, version, budget())]),
  ]);
  return outcomes.every(({ status }) => status === 'fulfilled');
}
