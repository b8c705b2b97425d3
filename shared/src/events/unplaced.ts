// Members of a row for which the table has no column yet: a function that is newer than the table delivers its rows
// all the same. Not the insert.

import { columns } from './columns.ts';

/** The column comes with the next apply of Terraform; until then each insert would fail once for it. */
const askAgainMs = 60_000;
/** Members of a row are ours, some tens; whoever sends others can't fill memory by it. */
const membersMax = 100;

/** Which members have no column, as far as BigQuery has said so within the last minute. */
export interface Unplaced {
  /**
   * Takes note of what BigQuery says of a row.
   * @returns whether it named a member that could go elsewhere and was not known
   */
  learn(reason: string, nowMs: number): boolean;
  /**
   * The row without them; their values are kept in `metadata.unplaced`. Null says nothing, and is what an absent
   * column says, too.
   */
  put<R extends Readonly<Record<string, unknown>>>(
    row: R & { readonly metadata: Readonly<Record<string, unknown>> },
    nowMs: number,
  ): {
    readonly row: R & { readonly metadata: Readonly<Record<string, unknown>> };
    readonly members: readonly string[];
  };
}

/** Makes an empty one. */
export function createUnplaced(): Unplaced {
  const until = new Map<string, number>();
  const isKnown = (member: string, nowMs: number): boolean => (until.get(member) ?? 0) > nowMs;
  return {
    learn: (reason, nowMs) => {
      // BigQuery names one a row, in no order; the client passes its message on, and not its location.
      const [, member = ''] = /^no such field: ([A-Za-z_]\w*)\.?$/.exec(reason) ?? [];
      if (member === '' || isKnown(member, nowMs) || !isPlaceable(member)) return false;
      if (until.size >= membersMax) until.clear();
      until.set(member, nowMs + askAgainMs);
      return true;
    },
    put: (row, nowMs) => {
      const missing = Object.keys(row).filter((member) => isKnown(member, nowMs));
      if (missing.length === 0) return { row, members: [] };
      const rest: Record<string, unknown> = { ...row };
      const unplaced: Record<string, unknown> = {};
      for (const member of missing) {
        if (rest[member] !== null) unplaced[member] = rest[member];
        delete rest[member];
      }
      const members = Object.keys(unplaced);
      if (members.length > 0) rest['metadata'] = { ...row.metadata, unplaced };
      return { row: rest as typeof row, members };
    },
  };
}

/** A table without a column that each row must have is not the events table: such a row is a dead letter. */
function isPlaceable(member: string): boolean {
  if (member === 'metadata') return false;
  return !(member in columns) || columns[member as keyof typeof columns].mode !== 'REQUIRED';
}
