// What every source of access can be asked, and how it says that it can't answer. The sources themselves are the files
// beside this one.

import type { StatedLimit, SubscribedFeature } from '../limits.ts';
import type { Origin } from '../records.ts';
import type { KnownToken, TokenSource } from '../token.ts';

/** What a source states of one actor. */
export interface Statement {
  readonly source: TokenSource;
  /**
   * Subscription id without `es_`, or decimal user number; empty for a user whose id can't be read: it gets no access
   * and is not stored.
   */
  readonly id: string;
  readonly name: string;
  readonly accessEnabled: boolean;
  readonly archived: boolean;
  readonly tags: readonly string[];
  /** Null: no access to that feature. */
  readonly limits: Readonly<Record<SubscribedFeature, StatedLimit | null>>;
  /**
   * Features whose limit can't be one (such as -1 read as an unsigned integer): they get no access, and it is reported.
   */
  readonly unreadableLimits: readonly SubscribedFeature[];
  /** SHA-256 of its tokens; null where the source did not list them. */
  readonly tokenHashes: readonly string[] | null;
}

/** A part of a source's list. */
export interface Page {
  readonly statements: readonly Statement[];
  /** Ids of records that could not be read, empty where not even that could: they are neither changed nor pruned. */
  readonly unreadable: readonly string[];
}

/** Where access to the gateway is stated: Sourcegraph.com or Enterprise Portal. */
export interface AccessSource {
  /** As it stands in documents. */
  readonly origin: Exclude<Origin, 'operator'>;
  /** Whose tokens it knows. */
  readonly takes: TokenSource;
  /** The actor of a token, or null: it definitely knows none. @throws SourceUnavailable */
  find(token: KnownToken): Promise<Statement | null>;
  /**
   * The subscription of an id as `Statement.id` writes it, or null: there definitely is none, or it is archived and not
   * listed either. Null in place of the method where a source can't be asked for one subscription.
   * @throws SourceUnavailable
   */
  readonly findById: ((id: string) => Promise<Statement | null>) | null;
  /**
   * Every actor, page by page; null where a source does not list. Ending without a throw means that the list is
   * complete.
   * @throws SourceUnavailable
   */
  readonly list: ((signal: AbortSignal) => AsyncGenerator<Page>) | null;
}

/**
 * A source did not answer, or not in the form that is expected. The message is for operators: without addresses, tokens
 * or names.
 */
export class SourceUnavailable extends Error {
  override readonly name = 'SourceUnavailable';
}
