// The way from a token to its account: a copy in Redis, the directory, then the source that states access. Not what
// this process remembers (actor-cache.ts).

import {
  recordOf,
  type AccessSource,
  type Account,
  type AccountCopies,
  type Copy,
  type Directory,
  type KnownToken,
  type RevokedToken,
  type SavedStatement,
  type Statement,
} from '../directory/directory.ts';
import { Refusal } from '../http/http.ts';
import type { TimeBudget } from '../store/store.ts';
import { eventLoopTurns } from './event-loop-turns.ts';
import type { UnknownTokenBudget } from './unknown-tokens.ts';

/** No sync tells of users: their source is asked again about a token of which it last spoke longer ago. */
const userStaleMs = 15 * 60_000;
/** Some tenths of a millisecond of each turn of the event loop, however many tokens somebody makes up. */
const unknownPerTurn = 4;
/** Writing copies holds nobody up. */
const copyBudgetMs = 1_000;

/** Neither the directory nor the source could say whose token it is. */
export class LookUpFailed extends Error {
  override readonly name = 'LookUpFailed';
  /** What was last known: to be served meanwhile; null when nothing is. */
  readonly lastKnown: Account | null;

  constructor(cause: unknown, lastKnown: Account | null) {
    super('access cannot be checked', { cause });
    this.lastKnown = lastKnown;
  }
}

/** What a look-up needs. */
export interface LookUpParts {
  readonly directory: Directory;
  readonly copies: AccountCopies;
  /** The sources, by the kind of token they take; empty for a gateway without any. */
  readonly sources: readonly AccessSource[];
  /** For questions to a source about tokens that neither this process nor Redis nor the directory knows. */
  readonly unknownTokens: UnknownTokenBudget;
  /**
   * For reads of the directory about tokens that this process and Redis do not know: customers among them, who must not
   * wait for made-up ones.
   */
  readonly directoryReads: UnknownTokenBudget;
  /** Told before a look-up writes what a source says of a subscription (directory). */
  readonly lookedUp: (source: AccessSource, id: string, budget: TimeBudget) => Promise<void>;
  readonly now: () => number;
  readonly warn: (message: string, error: unknown) => void;
}

/** Finds accounts. */
export interface LookUp {
  /**
   * @param remembered whether this process has known the token: it is no unknown one then
   * @returns null: definitely nobody's
   * @throws LookUpFailed; Refusal too-many-unknown-tokens
   */
  find(token: KnownToken, remembered: boolean, budget: TimeBudget): Promise<Account | null>;
  /** Asks the source, whatever is known; the directory where there is no source. @throws LookUpFailed */
  refresh(token: KnownToken): Promise<Account | null>;
}

/** Puts the parts together. */
export function createLookUp({
  directory,
  copies,
  sources,
  unknownTokens,
  directoryReads,
  lookedUp,
  now,
  warn,
}: LookUpParts): LookUp {
  const sourceOf = (token: KnownToken): AccessSource | null =>
    sources.find(({ takes }) => takes === token.source) ?? null;
  const beside = (work: (budget: TimeBudget) => Promise<void>): void => {
    work({ leftMs: copyBudgetMs }).catch((error: unknown) =>
      warn('a copy of an actor could not be written, the next look-up tries again', error),
    );
  };
  const keep = (token: KnownToken, account: Account): Account => {
    if (account.version > 0) beside((budget) => copies.keep(token.hash, account, budget));
    return account;
  };
  const forget = (token: KnownToken, version: number): null => {
    beside((budget) => copies.revoke(token.hash, version, budget));
    return null;
  };

  /** @param known what the directory has of it */
  const askSource = async (
    source: AccessSource,
    token: KnownToken,
    known: Account | RevokedToken | null,
  ): Promise<Account | null> => {
    const statement = await source.find(token);
    if (statement !== null) return learn(source, token, statement);
    // Still nobody's: asked again when the mark is a minute old.
    if (known !== null && 'revokedAt' in known) return forget(token, known.revokedAt);
    const version = known === null ? null : await takeAway(source, token, known);
    if (version !== null) return forget(token, version);
    beside((budget) => copies.markUnknown(token.hash, budget));
    return null;
  };
  /** The next list is written whole: it may have the token although the source did not know it just now. */
  const takeAway = async (source: AccessSource, token: KnownToken, owner: Account): Promise<number | null> => {
    if (source.list !== null)
      await lookedUp(source, owner.id, { leftMs: copyBudgetMs }).catch((error: unknown) =>
        warn(
          'the next sync could not be told of a token that was taken away: should its source list it again, it comes back a day late',
          error,
        ),
      );
    return directory.revoke(token, owner, now());
  };
  const learn = async (source: AccessSource, token: KnownToken, statement: Statement): Promise<Account | null> => {
    if (statement.unreadableLimits.length > 0)
      warn(
        `the source states limits that no quota can be: no access to ${statement.unreadableLimits.join(', ')} until they are corrected there`,
        new Error(statement.id),
      );
    // Nobody to charge, nothing to store: a user whose id can't be read. It has no access.
    if (statement.id === '') return unstored(statement, source, now());
    let saved: SavedStatement;
    try {
      if (source.list !== null) await lookedUp(source, statement.id, { leftMs: copyBudgetMs });
      saved = await directory.save(statement, source.origin, token, now());
    } catch (error) {
      warn(
        'what the source states of an actor could not be stored: it is served all the same, and the next look-up tries again',
        error,
      );
      return unstored(statement, source, now());
    }
    const { account, tokens, revoked } = saved;
    for (const [hash, version] of revoked) beside((budget) => copies.revoke(hash, version, budget));
    for (const hash of tokens) if (hash !== token.hash) beside((budget) => copies.renew(hash, account, budget));
    // The source knows the token, and an operator revoked it (directory/operator).
    return tokens.includes(token.hash) ? keep(token, account) : forget(token, account.version);
  };

  /** What the source took away it may have given back since; what an operator took away stays so. */
  const askAgain = async (
    source: AccessSource | null,
    token: KnownToken,
    revoked: RevokedToken,
  ): Promise<Account | null> => {
    if (source === null || revoked.byOperator) return forget(token, revoked.revokedAt);
    // Nothing is marked: the next caller with this token tries again.
    if (!unknownTokens.take()) return null;
    try {
      return await askSource(source, token, revoked);
    } catch (error) {
      warn('a revoked token stays revoked: its source could not be asked', error);
      return null;
    }
  };

  /** @param unmet nobody vouches for the token so far */
  const fromDirectory = async (token: KnownToken, unmet: boolean): Promise<Account | null> => {
    const source = sourceOf(token);
    const found = await directory.find(token);
    if (found !== null && 'revokedAt' in found) return askAgain(source, token, found);
    if (found === null) {
      if (source !== null) {
        if (unmet && !unknownTokens.take()) throw tooMany();
        return askSource(source, token, null);
      }
      beside((budget) => copies.markUnknown(token.hash, budget));
      return null;
    }
    const { origin, lastUpdatedMs } = found.record;
    const stale = origin !== 'operator' && now() - (found.askedMs ?? lastUpdatedMs ?? 0) > userStaleMs;
    if (found.source !== 'dotcom-user' || source === null || !stale) return keep(token, found);
    try {
      return await askSource(source, token, found);
    } catch (error) {
      throw new LookUpFailed(error, found);
    }
  };

  const turn = eventLoopTurns(unknownPerTurn);
  return {
    find: async (token, remembered, budget) => {
      if (!remembered) await turn();
      let copy: Copy | null = null;
      try {
        copy = await copies.read(token.hash, budget);
      } catch {
        // Redis says so itself (store); the directory knows.
      }
      if (copy?.fresh === true) return copy.account;
      const unmet = copy === null && !remembered;
      if (unmet && !directoryReads.take()) throw tooMany();
      try {
        return await fromDirectory(token, unmet);
      } catch (error) {
        if (error instanceof LookUpFailed || (error instanceof Refusal && error.kind === 'too-many-unknown-tokens'))
          throw error;
        // A revoked one stays revoked while nobody can be asked.
        if (copy !== null && copy.account === null) return null;
        throw new LookUpFailed(error, copy?.account ?? null);
      }
    },
    refresh: async (token) => {
      const source = sourceOf(token);
      try {
        if (source === null) return await fromDirectory(token, false);
        const found = await directory.find(token);
        if (found !== null && 'revokedAt' in found) {
          if (found.byOperator) return forget(token, found.revokedAt);
        } else if (found?.record.origin === 'operator') return keep(token, found);
        return await askSource(source, token, found);
      } catch (error) {
        throw error instanceof LookUpFailed ? error : new LookUpFailed(error, null);
      }
    },
  };
}

function tooMany(): Refusal {
  return new Refusal('too-many-unknown-tokens', 'too many unknown tokens at the moment, please retry');
}

/** Version 0: it is no news against anything that is stored. */
function unstored(statement: Statement, { origin }: AccessSource, nowMs: number): Account {
  const { source, id, name, accessEnabled, archived, tags, limits } = statement;
  const document = { name, accessEnabled, archived, tags: [...tags], limits, origin, lastUpdatedMs: nowMs };
  return { source, id, record: recordOf(document, id), version: 0 };
}
