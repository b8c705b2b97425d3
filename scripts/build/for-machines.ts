// Texts as they stand in a bundle: without what is there for people alone.

/** Of a fact of the catalogue: only the operator's command, which is no bundle, shows them. */
const provenance: ReadonlySet<string> = new Set(['source', 'asOf']);

/**
 * What is there for people stays in the repository: blanks of JSON, and Lua's indents and its comments but for those that
 * say what a script is made of and which keys it takes (shared/src/store/script.ts).
 */
export function forMachines(file: string, text: string): string {
  if (/[\\/]catalogue[\\/]defaults[\\/].*\.json$/.test(file))
    return JSON.stringify(JSON.parse(text), (member, value: unknown) => (provenance.has(member) ? undefined : value));
  if (file.endsWith('.json')) return JSON.stringify(JSON.parse(text));
  if (!file.endsWith('.lua')) return text;
  return text.replaceAll(/^\s*--(?! @include | KEYS\[).*\n/gm, '').replaceAll(/^ +/gm, '');
}
