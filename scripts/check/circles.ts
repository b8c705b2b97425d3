// No circle of files: not even one that a type alone closes. Who reads one file of a circle has to read them all. Not
// the ladder's order of rooms (ladder.ts).

import path from 'node:path';

/** A file and its text, its name relative to the repository with slashes. */
interface Source {
  readonly file: string;
  readonly text: string;
}

// import … from '…', export … from '…', import('…') for a value or a type, import '…'
const naming =
  /(?:^|\n)[ \t]*(?:(?:import|export)\b[^'"`;]*?\bfrom[ \t]*|import[ \t]*)['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/**
 * Finds the circles of the tree: files of which each imports the next, the last one the first. `import type` counts as
 * well.
 * @param doors of packages of the tree: what they are imported as, and the file that answers
 * @returns one line for each: the shortest way round
 */
export function checkCircles(sources: readonly Source[], doors: ReadonlyMap<string, string>): string[] {
  const known = new Set(sources.map(({ file }) => file));
  const imports = new Map(
    sources.filter(({ file }) => /\.m?ts$/.test(file)).map((source) => [source.file, importsOf(source, known, doors)]),
  );
  const told = new Set<string>();
  const faults: string[] = [];
  for (const file of imports.keys()) {
    if (told.has(file)) continue;
    const circle = circleFrom(file, imports);
    if (circle === null) continue;
    for (const member of circle) told.add(member);
    const way = [...circle, file].join(' -> ');
    faults.push(`${way}: a circle of files; give what they share (often a type) a file of its own below them`);
  }
  return faults;
}

/** Comments are no imports: they are blanked out first. */
function importsOf(
  { file, text }: Source,
  known: ReadonlySet<string>,
  doors: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const code = text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, '');
  const found = new Set<string>();
  for (const [, fromClause, call] of code.matchAll(naming)) {
    const from = fromClause ?? call ?? '';
    const target = from.startsWith('.') ? path.posix.join(path.posix.dirname(file), from) : doors.get(from);
    if (target !== undefined && known.has(target)) found.add(target);
  }
  return found;
}

/** The shortest way from a file back to itself; null when there is none. */
function circleFrom(start: string, imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const next of imports.get(file) ?? []) {
      if (next === start) {
        const way = [file];
        for (let at = file; at !== start;) way.unshift((at = cameFrom.get(at) ?? start));
        return way;
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return null;
}

/**
 * Doors out of a package's `exports`, as its `package.json` has them.
 * @param folder of the package, relative to the repository
 */
export function doorsOf(folder: string, packageText: string): ReadonlyMap<string, string> {
  const { name, exports } = JSON.parse(packageText) as { name: string; exports: Readonly<Record<string, string>> };
  return new Map(
    Object.entries(exports).map(([door, file]) => [path.posix.join(name, door), path.posix.join(folder, file)]),
  );
}
