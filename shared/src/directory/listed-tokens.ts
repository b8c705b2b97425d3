// Whose a token is by one list of a source, and what becomes of it when its owner lists it no longer. Not whose it is
// in the directory (token-documents.ts).

import type { Statement } from './sources/access-source.ts';
import type { LostToken } from './token-documents.ts';

/** The tokens of one list. */
export interface ListedTokens {
  /** Id of the statement that a token belongs to; null where none holds it. */
  holderOf(hash: string): string | null;
  /** Whether the list was read to its end: only then a token that one statement lacks is known to be at no other. */
  readonly whole: boolean;
}

/** Tokens that are taken from their owner. */
export interface Parted {
  /** Nobody else in the list holds them. */
  readonly lost: readonly LostToken[];
  /** Ids of the statements that hold the others. */
  readonly handedTo: readonly string[];
}

/** Two subscriptions with access that list the same token. */
export interface SharedToken {
  /** Id of the statement that it is counted to. */
  readonly holder: string;
  readonly other: string;
}

/**
 * Reads the tokens of a list's statements. Where two hold one, it is the later one's, as at the original gateway; an
 * archived subscription holds none that another one has.
 * @returns also those that two hold, since only their source can say whose they are
 */
export function listedTokens(
  statements: Iterable<Statement>,
  whole: boolean,
): { listed: ListedTokens; shared: readonly SharedToken[] } {
  const holders = new Map<string, Statement>();
  const shared: SharedToken[] = [];
  for (const statement of statements) {
    for (const hash of new Set(statement.tokenHashes)) {
      const before = holders.get(hash);
      if (before !== undefined && statement.archived) continue;
      if (before !== undefined && !before.archived) shared.push({ holder: statement.id, other: before.id });
      holders.set(hash, statement);
    }
  }
  return { listed: { holderOf: (hash) => holders.get(hash)?.id ?? null, whole }, shared };
}

/**
 * What becomes of tokens that their owner lists no longer.
 * @param owner path of its document
 * @param list null: it is not known what others hold
 */
export function partedFrom(owner: string, hashes: readonly string[], list: ListedTokens | null): Parted {
  const lost: LostToken[] = [];
  const handedTo: string[] = [];
  for (const hash of hashes) {
    const holder = list?.holderOf(hash) ?? null;
    if (holder === null) lost.push({ hash, owner });
    else handedTo.push(holder);
  }
  return { lost, handedTo };
}
