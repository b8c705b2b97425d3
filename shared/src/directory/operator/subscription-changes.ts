// What an operator changes of an existing subscription: limits, access, tokens. Each change and its audit record are
// one commit. Creating is subscriptions.ts.

import { randomBytes } from 'node:crypto';
import type { DocumentReference, Transaction } from '@google-cloud/firestore';
import {
  auditedChange,
  operatorTimeoutMs,
  parseDocument,
  versionOf,
  withDeadline,
  type Author,
  type Documents,
} from '../../documents/documents.ts';
import type { AccountCopies } from '../account-copies.ts';
import { features, type SubscribedFeature } from '../limits.ts';
import { recordOf, tokenSchema, type SubscriptionRecord } from '../records.ts';
import { subscriptionId } from './subscriptions.ts';
import { deriveFromLicenceKey, hashToken } from '../token.ts';

/**
 * Copies are brought up to date beside the write; where that fails they are believed for a minute at most
 * (account-copies.ts).
 */
const copyBudgetMs = 2_000;
/** Of one subscription that an operator made. */
const tokensMax = 100;

/** What an operator says of one feature's limit; what is absent stays as it is. */
export interface LimitChange {
  readonly limit?: number;
  readonly intervalSeconds?: number;
  readonly allowedModels?: string[];
}

/** By feature; null takes back what operators said before. */
export type LimitChanges = Readonly<Partial<Record<SubscribedFeature, LimitChange | null>>>;

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

/**
 * Changes limits, field by field. What a source states stays beside it and comes back with null.
 * @throws OperatorRefused, what Firestore throws, and after 15 s
 */
export function setLimits(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  id: string,
  changes: LimitChanges,
  author: Author,
): Promise<Changed> {
  return change(documents, copies, id, author, 'subscriptions set-limits', (record) => {
    const limits = { ...record.overrides.limits };
    for (const feature of features) {
      const said = changes[feature];
      if (said === null) limits[feature] = null;
      else if (said !== undefined) limits[feature] = { ...limits[feature], ...said };
    }
    return { overrides: { ...record.overrides, limits }, text: JSON.stringify(changes) };
  });
}

/** Where prompts may go; what is absent stays as it is, null takes back what was said. */
export interface PromptChange {
  readonly companies?: string[] | null;
  readonly regions?: string[] | null;
  readonly retention?: 'none' | '30-days' | 'longer' | null;
}

/**
 * States where prompts may go, member by member; where nothing is left of it there is no statement.
 * @throws OperatorRefused, what Firestore throws, and after 15 s
 */
export function setPrompts(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  id: string,
  changes: PromptChange,
  author: Author,
): Promise<Changed> {
  return change(documents, copies, id, author, 'subscriptions prompts', (record) => {
    const { companies = null, regions = null, retention = null } = { ...record.overrides.prompts, ...changes };
    const isStated = companies !== null || regions !== null || retention !== null;
    const prompts = isStated ? { companies, regions, retention } : null;
    return { overrides: { ...record.overrides, prompts }, text: JSON.stringify({ prompts: changes }) };
  });
}

/**
 * Gives access back, or takes it, whatever the source states; `archived` also outlasts an `enabled` of the source.
 * @throws OperatorRefused, what Firestore throws, and after 15 s
 */
export function setAccess(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  id: string,
  access: 'enabled' | 'disabled' | 'archived',
  author: Author,
): Promise<Changed> {
  const verb = { enabled: 'enable', disabled: 'disable', archived: 'archive' }[access];
  return change(documents, copies, id, author, `subscriptions ${verb}`, (record, bare) => {
    const text = access;
    if (access === 'archived') return { overrides: { ...record.overrides, archived: true }, text };
    if (access === 'disabled') return { overrides: { ...record.overrides, accessEnabled: false }, text };
    if (record.archived)
      throw new OperatorRefused(`subscription ${bare} is archived at its source: bring it back there`);
    // What the source grants anyway needs no word against it, so that it can be taken back there.
    const accessEnabled = record.accessEnabled ? null : true;
    return { overrides: { ...record.overrides, accessEnabled, archived: null }, text };
  });
}

/**
 * One more token for a subscription that an operator made. Shown once: only its hash is stored.
 * @throws OperatorRefused, what Firestore throws, and after 15 s
 */
export async function issueToken(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  id: string,
  author: Author,
): Promise<Changed & { token: string }> {
  const token = deriveFromLicenceKey(randomBytes(32).toString('base64url'));
  const hash = hashToken(token);
  const changed = await change(documents, copies, id, author, 'tokens issue', (record, bare) => {
    if (record.origin !== 'operator')
      throw new OperatorRefused(
        `subscription ${bare} has its tokens from its source (${record.origin}): issue a licence there`,
      );
    if (record.tokens.length >= tokensMax)
      throw new OperatorRefused(`subscription ${bare} has ${tokensMax} tokens already: revoke one first`);
    return {
      tokens: [...record.tokens, hash],
      issued: hash,
      text: `token with hash ${hash}`,
    };
  });
  return { ...changed, token };
}

/**
 * Takes a token off for good: a source that goes on listing it does not bring it back.
 * @param hash SHA-256 of the token in hex
 * @throws OperatorRefused, what Firestore throws, and after 15 s
 */
export async function revokeToken(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  hash: string,
  author: Author,
): Promise<Changed> {
  const firestore = await documents.client();
  const found = await withDeadline(firestore.doc(`tokens/${hash}`).get(), operatorTimeoutMs);
  if (!found.exists) throw new OperatorRefused('the directory knows no such token');
  const { actor, revokedByOperator } = parseDocument(tokenSchema, found.data(), `tokens/${hash}`);
  const [collection, id = ''] = actor.split('/');
  if (collection !== 'subscriptions')
    throw new OperatorRefused('it is a token of a Sourcegraph.com user: those are revoked there');
  return change(documents, copies, id, author, 'tokens revoke', (record) => {
    const denied = record.overrides.revokedTokens ?? [];
    // One that its source took away alone can come back, so it can be revoked for good.
    if (revokedByOperator || denied.includes(hash))
      throw new OperatorRefused(`that token of subscription ${id} is revoked already`);
    return {
      tokens: record.tokens.filter((one) => one !== hash),
      overrides: { ...record.overrides, revokedTokens: [...denied, hash] },
      revoked: hash,
      text: `token with hash ${hash}`,
    };
  });
}

/** What a change sets; members that are absent stay. */
interface Change {
  readonly overrides?: Overrides;
  readonly tokens?: string[];
  readonly issued?: string;
  readonly revoked?: string;
  /** For the audit record. */
  readonly text: string;
}

async function change(
  documents: Pick<Documents, 'client'>,
  copies: AccountCopies | null,
  id: string,
  author: Author,
  what: string,
  decide: (record: SubscriptionRecord, id: string) => Change,
): Promise<Changed> {
  const bare = subscriptionId(id);
  if (bare === null) throw new OperatorRefused(`${JSON.stringify(id)} is not a subscription id: give a UUID`);
  const path = `subscriptions/${bare}`;
  const { decided, after } = await auditedChange(
    documents,
    path,
    { author, what, subject: bare },
    (found, transaction) => {
      if (!found.exists)
        throw new OperatorRefused(`there is no subscription ${bare}: subscriptions list shows those that are`);
      const decided = decide(recordOf(found.data(), path), bare);
      write(transaction, found.ref, decided);
      return decided;
    },
  );
  const record = recordOf(after.data(), path);
  const version = versionOf(after.updateTime);
  const published = await publish(copies, { bare, record, version }, decided);
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

async function publish(
  copies: AccountCopies | null,
  { bare, record, version }: { bare: string; record: SubscriptionRecord; version: number },
  { revoked }: Change,
): Promise<boolean> {
  if (copies === null) return false;
  const account = { source: 'dotcom-product-subscriptions', id: bare, record, version } as const;
  const budget = (): { leftMs: number } => ({ leftMs: copyBudgetMs });
  const outcomes = await Promise.allSettled([
    ...record.tokens.map((hash) => copies.renew(hash, account, budget())),
    ...(revoked === undefined ? [] : [copies.revoke(revoked, version, budget())]),
  ]);
  return outcomes.every(({ status }) => status === 'fulfilled');
}
