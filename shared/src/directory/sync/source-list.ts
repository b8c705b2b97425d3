// A source's list, read to its end: what it states, what of it can't be read, whose the tokens in it are. Not what is
// done with it (sync.ts).

import { listedTokens, type ListedTokens, type SharedToken } from '../listed-tokens.ts';
import type { AccessSource, Statement } from '../sources/access-source.ts';

/** What a source listed. */
export interface SourceList {
  /** By id. */
  readonly statements: ReadonlyMap<string, Statement>;
  /** Ids of records that can't be read; the empty one for those that do not even tell it. */
  readonly unreadable: ReadonlySet<string>;
  readonly unreadableRecords: number;
  readonly listed: number;
  readonly tokens: ListedTokens;
  /** Tokens that two of them hold. */
  readonly shared: readonly SharedToken[];
  /** What broke it off; null where it came to its end. */
  readonly fault: { readonly error: unknown } | null;
}

/**
 * Reads it whole before anything of it is written: only the whole list says that a token which one subscription lacks
 * is nobody else's.
 * @throws what ended the signal
 */
export async function readList(source: AccessSource, held: AbortSignal): Promise<SourceList> {
  const statements = new Map<string, Statement>();
  const unreadable = new Set<string>();
  let unreadableRecords = 0;
  let listed = 0;
  let fault: SourceList['fault'] = null;
  try {
    for await (const page of source.list?.(held) ?? []) {
      listed += page.statements.length + page.unreadable.length;
      unreadableRecords += page.unreadable.length;
      for (const statement of page.statements) statements.set(statement.id, statement);
      for (const id of page.unreadable) unreadable.add(id);
    }
  } catch (error) {
    fault = { error };
  }
  held.throwIfAborted();
  const { listed: tokens, shared } = listedTokens(statements.values(), fault === null);
  return { statements, unreadable, unreadableRecords, listed, tokens, shared, fault };
}
