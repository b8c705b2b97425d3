// What an operator changes of an existing subscription: limits, access, tokens. Each change and its audit record are
// one commit. Creating is subscriptions.ts.

import { randomBytes } from 'node:crypto';
import {
  operatorTimeoutMs,
  parseDocument,
  withDeadline,
  type Author,
  type Documents,
} from '../../documents/documents.ts';
import type { AccountCopies } from '../account-copies.ts';
import { features, type SubscribedFeature } from '../limits.ts';
import { tokenSchema } from '../records.ts';
import { deriveFromLicenceKey, hashToken } from '../token.ts';
import { change, OperatorRefused, type Changed } from './change-record.ts';

/** Of one subscription that an operator made. */
const tokensMax = 100;

/** What an operator says of one feature's limit; what is absent stays as it is. */
export interface LimitChange {
  readonly limit?: number;
  readonly intervalSeconds?: number;
  readonly allowedModels?: string[];
}

/** By feature; null takes back what operators stated before. */
export type LimitChanges = Readonly<Partial<Record<SubscribedFeature, LimitChange | null>>>;

/**
 * Changes limits, field by field. What a source states stays beside it and comes back with null.
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
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
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
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
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
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
    // Where the source grants access anyway nothing is stored against it, so that the source can take it back.
    const accessEnabled = record.accessEnabled ? null : true;
    return { overrides: { ...record.overrides, accessEnabled, archived: null }, text };
  });
}

/**
 * One more token for a subscription that an operator made. Shown once: only its hash is stored.
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
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
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
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
    // A token that only its source took away can come back, so an operator may still revoke it for good.
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
