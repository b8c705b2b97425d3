// What the kinds of rows have in common: a schema, what an unstated member means, and faults that name row and member.

import * as v from 'valibot';

/** A kind of row. `Row` is a complete row; layers hold rows with any of its members beside those that make the key. */
export interface RowKind<Row> {
  readonly name: string;
  /** Members that together name a row. */
  readonly key: readonly (keyof Row & string)[];
  readonly entries: Readonly<Record<string, v.GenericSchema>>;
  /** What a member means that no layer states; a member without one has to be stated by some layer. */
  readonly unstated: Partial<Row>;
  /** The provider whose document in the overlay the row belongs to; null where the key says too little. */
  readonly providerOf: (row: Partial<Row>) => string | null;
}

/** A row of one layer: its key and what the layer states. */
export type PartialRow = Readonly<Record<string, unknown>>;

/** The name of a row within its kind, as people and maps write it. */
export function rowId<Row>({ key }: RowKind<Row>, row: PartialRow): string {
  return key.map((member) => (typeof row[member] === 'string' ? row[member] : '?')).join(' from ');
}

/** Faults of a row of one layer, one line each: kind, row, member, what is wrong with which value. */
export function rowFaults<Row>(kind: RowKind<Row>, row: unknown): string[] {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    return [
      `${kind.name}: ${(JSON.stringify(row) as string | undefined)?.slice(0, 80) ?? 'undefined'} is not a row; write an object`,
    ];
  const stated = row as PartialRow;
  const where = `${kind.name} ${rowId(kind, stated)}`;
  const faults = kind.key.filter((member) => !(member in stated)).map((member) => `${where}: ${member}: is missing`);
  for (const [member, value] of Object.entries(stated)) {
    const schema = Object.hasOwn(kind.entries, member) ? kind.entries[member] : undefined;
    if (schema === undefined) {
      faults.push(`${where}: ${member}: no such member; there are ${Object.keys(kind.entries).join(', ')}`);
      continue;
    }
    const result = v.safeParse(schema, value);
    if (result.success) continue;
    for (const issue of result.issues) {
      const path = v.getDotPath(issue);
      faults.push(`${where}: ${path === null ? member : `${member}.${path}`}: ${issue.message}`);
    }
  }
  return faults;
}

/** Bounded text on one line, without control characters: it reaches terminals, logs and callers. */
export const text = (longest: number) =>
  v.pipe(
    v.string(),
    v.minLength(1, 'is empty'),
    v.maxLength(longest, `is longer than ${longest} characters`),
    v.regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'has control characters'),
  );

/** Provider and home names. */
export const name = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    (issue) => `${issue.received} is not a name such as my-provider: a-z, 0-9, . _ -`,
  ),
);

/** `provider/model`; what stands after the first slash is the provider's own name. */
export const modelId = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9._-]{0,62}\/[\w.:@+-][\w.:@/+-]{0,199}$/,
    (issue) => `${issue.received} is not a qualified model such as openai/gpt-5`,
  ),
);

/** A day, or a second in UTC: `2026-11-28`, `2026-11-28T09:00:00Z`. */
export const moment = v.pipe(
  v.string(),
  v.check(
    (value) => /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/.test(value) && isMoment(value),
    (issue) => `${issue.received} is no date such as 2026-11-28 or 2026-11-28T09:00:00Z`,
  ),
);

/** Where the facts of a row are from, and when they were read there. */
export const provenance = { source: text(600), asOf: moment };

/** JavaScript takes the 30th of February for the 2nd of March. */
function isMoment(value: string): boolean {
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value.replace(/Z$/, ''));
}

/** The provider that a qualified model names. */
export const providerOfModel = (id: unknown): string | null =>
  typeof id === 'string' && id.includes('/') ? id.slice(0, id.indexOf('/')) : null;
