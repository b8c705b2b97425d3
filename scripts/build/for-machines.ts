// Texts as they stand in a bundle: without what is there for people alone.

/** Of a fact of the catalogue: only the operator's command, which is no bundle, shows them. */
const provenance: ReadonlySet<string> = new Set(['source', 'asOf']);

/** Rows of variables: the sentence of one that has a default is for the tables alone (shared/src/config/config.ts). */
const variableRows = /[\\/]src[\\/]config[\\/](?:[a-z]+-)?variables\.ts$/;
/** A sentence on a line of its own, and the line before it: the default. */
const sentence = /^(.*\n)( +)(['"])(?=[^\n]* )[^\n]*\.\3,$/gm;

/**
 * What is there for people stays in the repository: blanks of JSON, and of Lua the indents and the comments, but for
 * those that say what a script is made of and which keys it takes (shared/src/store/script.ts).
 */
export function forMachines(file: string, text: string): string {
  if (/[\\/]catalogue[\\/]defaults[\\/].*\.json$/.test(file))
    return JSON.stringify(JSON.parse(text), (member, value: unknown) => (provenance.has(member) ? undefined : value));
  if (variableRows.test(file))
    return text.replaceAll(sentence, (all, before: string, indent: string) =>
      before.trim() === 'undefined,' ? all : `${before}${indent}'',`,
    );
  if (file.endsWith('.json')) return JSON.stringify(JSON.parse(text));
  if (!file.endsWith('.lua')) return text;
  return text.replaceAll(/^\s*--(?! @include | KEYS\[).*\n/gm, '').replaceAll(/^ +/gm, '');
}
