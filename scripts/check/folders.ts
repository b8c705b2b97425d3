// No two folders of scripts depend on each other, not even in a circle of several: what stands below can be read and
// changed without what stands above. Tests count. Not the rooms of shared, which have an order of their own
// (ladder.ts).

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The file that depends and the one it depends on, for each folder that a folder depends on. */
type Dependencies = Map<string, Map<string, string>>;

/** A path of a program, whether it is imported, forked or run. */
const naming = /(['"`])(\.{1,2}\/[^'"`\s]+\.(?:ts|mjs|js))\1/g;

/**
 * Folders are compared with their neighbours: those of one folder, and the files that stand in it beside them as one.
 * @param sources texts by their file's name, relative to the repository with slashes
 * @returns one line a circle: the way round, and a file for each step of it
 */
export function checkFolders(sources: ReadonlyMap<string, string>): string[] {
  const levels = new Map<string, Dependencies>();
  for (const [file, text] of sources)
    for (const [, , named = ''] of text.matchAll(naming)) {
      const target = path.posix.join(path.posix.dirname(file), named);
      if (!sources.has(target)) continue;
      const [level, mine, theirs] = neighbours(file, target);
      if (mine === theirs) continue;
      const dependencies = levels.get(level) ?? new Map<string, Map<string, string>>();
      levels.set(level, dependencies);
      const ofMine = dependencies.get(mine) ?? new Map<string, string>();
      dependencies.set(mine, ofMine);
      if (!ofMine.has(theirs)) ofMine.set(theirs, `${file} names ${target}`);
    }
  return [...levels.values()].flatMap(circlesOf);
}

/** The folder that holds both files, and what of it each of them is in: a folder, or the files that stand in none. */
function neighbours(file: string, target: string): [level: string, mine: string, theirs: string] {
  const [mine, theirs] = [file.split('/'), target.split('/')];
  let depth = 0;
  while (depth < mine.length - 1 && depth < theirs.length - 1 && mine[depth] === theirs[depth]) depth++;
  const level = mine.slice(0, depth).join('/');
  const within = (parts: readonly string[]): string =>
    `${level}/${parts.length - 1 > depth ? (parts[depth] ?? '') : '*'}`;
  return [level, within(mine), within(theirs)];
}

function circlesOf(dependencies: Dependencies): string[] {
  const faults: string[] = [];
  const told = new Set<string>();
  for (const folder of dependencies.keys()) {
    const circle = told.has(folder) ? null : wayBack(folder, dependencies);
    if (circle === null) continue;
    for (const member of circle) told.add(member);
    const steps = circle.slice(1).map((to, at) => dependencies.get(circle[at] ?? '')?.get(to));
    faults.push(
      `${circle.join(' -> ')}: folders of scripts depend on each other (${steps.join('; ')}); give what they share a folder below them`,
    );
  }
  return faults;
}

/** The shortest way from a folder back to itself; null when there is none. */
function wayBack(start: string, dependencies: Dependencies): string[] | null {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (const way of ways)
    for (const next of dependencies.get(way.at(-1) ?? '')?.keys() ?? []) {
      if (next === start) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  return null;
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '../..');
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'scripts'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => /\.(ts|mjs|js)$/.test(file) && existsSync(path.join(root, file)));
  const faults = checkFolders(new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')])));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
}
