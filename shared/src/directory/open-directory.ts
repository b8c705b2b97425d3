// The directory in Firestore: tokens, subscriptions, users. Not the documents' shapes (records.ts).

import type { Firestore } from '@google-cloud/firestore';
import { parseDocument, withDeadline, type Documents } from '../documents/documents.ts';
import { Refusal } from '../http/http.ts';
import type { Account } from './account.ts';
import { recordOf, tokenSchema, type Origin } from './records.ts';
import type { Statement } from './sources/access-source.ts';
import { pathOf, saveStatement, type SavedStatement } from './statements.ts';
import type { KnownToken } from './token.ts';
import { takeToken } from './withdrawals.ts';

/**
 * A point read takes milliseconds; the first one looks for credentials, the first write loads a client and opens its
 * channel.
 */
const defaultReadTimeoutMs = 5_000;

/** Whose a token is. */
export interface TokenAccount extends Account {
  /**
   * When its source last said so of this very token, Unix ms; null where only lists told of it. What its source said of
   * another token of the same account says nothing of this one.
   */
  readonly askedMs: number | null;
}

/** A token that was revoked. */
export interface RevokedToken {
  /** Version of the change that revoked it. */
  readonly revokedAt: number;
  /** For good; otherwise its source took it away, and may give it back. */
  readonly byOperator: boolean;
}

/** The directory of this process. */
export interface Directory {
  /** Whose token it is, or null when the directory knows none. @throws Refusal `directory-unavailable` */
  find(token: KnownToken): Promise<TokenAccount | RevokedToken | null>;
  /**
   * Stores what a source stated about the owner of a token.
   * @throws what Firestore throws, and a timeout as long as that of a read
   */
  save(statement: Statement, origin: Origin, token: KnownToken, nowMs: number): Promise<SavedStatement>;
  /**
   * The token's source knows it no longer.
   * @param owner who the directory said it belongs to
   * @returns the version of that change; null where the token has another owner, or is revoked already
   * @throws as `save`
   */
  revoke(token: KnownToken, owner: Account, nowMs: number): Promise<number | null>;
}

/** The directory that stands in these documents. */
export function openDirectory(documents: Documents, readTimeoutMs = defaultReadTimeoutMs): Directory {
  const bounded = <T>(work: (firestore: Firestore) => Promise<T>): Promise<T> =>
    withDeadline(documents.client().then(work), readTimeoutMs);
  return {
    find: async (token) => {
      try {
        return await withDeadline(find(documents, token, readTimeoutMs), readTimeoutMs);
      } catch (error) {
        throw new Refusal('directory-unavailable', 'access cannot be checked at the moment, please retry', {
          cause: error,
        });
      }
    },
    save: (statement, origin, token, nowMs) =>
      bounded((firestore) => saveStatement(firestore, statement, origin, token.hash, nowMs)),
    revoke: (token, owner, nowMs) => bounded((firestore) => takeToken(firestore, token.hash, pathOf(owner), nowMs)),
  };
}

async function find(
  documents: Documents,
  { source, hash }: KnownToken,
  timeoutMs: number,
): Promise<TokenAccount | RevokedToken | null> {
  const tokenDocument = await documents.read(`tokens/${hash}`, timeoutMs);
  if (tokenDocument === null) return null;
  const token = parseDocument(tokenSchema, tokenDocument.data, `tokens/${hash}`);
  if (token.revoked || token.revokedByOperator)
    return { revokedAt: tokenDocument.version, byOperator: token.revokedByOperator };
  const [collection, id = ''] = token.actor.split('/');
  // A token of one kind must not open an account of the other.
  if ((collection === 'users') !== (source === 'dotcom-user')) return null;
  const document = await documents.read(token.actor, timeoutMs);
  if (document === null) return null;
  const record = recordOf(document.data, token.actor);
  const version = Math.max(tokenDocument.version, document.version);
  return { source, id, record, version, askedMs: token.askedMs ?? null };
}
