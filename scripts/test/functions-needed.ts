// Which functions are built before tests begin, by reading the tests. A guess that costs nothing when it is wrong: a
// local cloud builds what it lacks itself, only later and without a word on its progress.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
/** Whoever starts the functions comes by it. */
const starter = path.join(root, 'scripts/local/cloud.ts');

/**
 * The functions that the given tests start: none where no import leads to the local cloud; those that are named where
 * every start names its functions; else all.
 * @param files tests relative to the repository. @returns names, or null: all
 */
export function functionsNeeded(files: readonly string[]): string[] | null {
  const imports = new Map<string, readonly string[]>();
  const needed = new Set<string>();
  for (const file of files.map((file) => path.join(root, file))) {
    if (!reaches(file, starter, imports)) continue;
    const text = readFileSync(file, 'utf8');
    const starts = [...text.matchAll(/\b(?:startGateway|startCloud)\(/g)];
    const named = [...text.matchAll(/\b(?:startGateway|startCloud)\(\{\s*functions: \[([^\]]*)\]/g)];
    if (starts.length === 0 || named.length < starts.length) return null;
    for (const [, list = ''] of named) for (const [, name = ''] of list.matchAll(/'([a-z-]+)'/g)) needed.add(name);
  }
  return [...needed].toSorted();
}

/** Whether imports lead from `file` to `wanted`. @param imports what is known of files, and becomes known */
function reaches(file: string, wanted: string, imports: Map<string, readonly string[]>): boolean {
  const seen = new Set([file]);
  // A set may grow while it is walked.
  for (const at of seen) {
    if (at === wanted) return true;
    const known = imports.get(at) ?? importsOf(at);
    imports.set(at, known);
    for (const next of known) seen.add(next);
  }
  return false;
}

/** Files of this tree that it loads; types are not loaded. */
function importsOf(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  const statements = text.matchAll(/^(?:import|export)(?! type\b)[^;]*?from '(\.{1,2}\/[^']+)'/gm);
  const calls = text.matchAll(/import\(\s*'(\.{1,2}\/[^']+)'/g);
  return [...statements, ...calls].map(([, name = '']) => path.resolve(path.dirname(file), name));
}
