// Which names a list allows: `name`, `prefix*`, `+name`, `-name`. Not who may use them (auth).

import * as v from 'valibot';

/** One entry of a list, names without prefix. */
export const allowEntry = v.pipe(
  v.string(),
  v.regex(
    /^[+-]?([\w.:@][\w.:@/+-]{0,199}\*?|\*)$/,
    (issue) => `${issue.received} is not an entry such as name, prefix*, +name or -name`,
  ),
);

/** What a list says of a name. */
export interface AllowList {
  /** Compared without case. */
  readonly allows: (name: string) => boolean;
  /** Whether an entry that is more than an asterisk has the name: a model that nobody knows belongs to such a list. */
  readonly claims: (name: string) => boolean;
  /** The known names that are allowed and those that the list writes out itself: as written, in the list's order. */
  readonly names: readonly string[];
}

interface Entry {
  readonly sign: '+' | '-' | '';
  /** In lower case; `written` as the list has it. */
  readonly name: string;
  readonly written: string;
  readonly prefix: boolean;
}

/**
 * Entries without a sign replace the known names, those with one change them: `+name` adds, `-name` takes away; the
 * last entry that has a name decides. A pattern also allows names that nobody knows.
 * @param entries null: all known names
 */
export function allowList(entries: readonly string[] | null, known: readonly string[]): AllowList {
  const parsed = (entries ?? []).map(parseEntry);
  const knownNames = new Map(known.map((name) => [name.toLowerCase(), name]));
  const replaces = entries !== null && parsed.some(({ sign }) => sign === '');
  const allows = (name: string): boolean => {
    const lower = name.toLowerCase();
    const last = parsed.findLast((entry) => has(entry, lower));
    return last === undefined ? !replaces && knownNames.has(lower) : last.sign !== '-';
  };
  const claims = (name: string): boolean => {
    const lower = name.toLowerCase();
    return allows(name) && parsed.some((entry) => entry.sign !== '-' && entry.name !== '' && has(entry, lower));
  };
  const listed = new Map<string, string>();
  const list = (name: string): void => {
    if (!listed.has(name.toLowerCase()) && allows(name)) listed.set(name.toLowerCase(), name);
  };
  if (!replaces) known.forEach(list);
  for (const entry of parsed.filter(({ sign }) => sign !== '-'))
    if (entry.prefix) [...knownNames].filter(([lower]) => has(entry, lower)).forEach(([, name]) => list(name));
    else list(knownNames.get(entry.name) ?? entry.written);
  return { allows, claims, names: [...listed.values()] };
}

function parseEntry(text: string): Entry {
  const sign = text.startsWith('+') ? '+' : text.startsWith('-') ? '-' : '';
  const written = text.slice(sign.length);
  const prefix = written.endsWith('*');
  return { sign, name: (prefix ? written.slice(0, -1) : written).toLowerCase(), written, prefix };
}

const has = ({ name, prefix }: Entry, lower: string): boolean => (prefix ? lower.startsWith(name) : lower === name);
