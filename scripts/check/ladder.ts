// The ladder's laws and the few other rules a script keeps: imports, doors, names, accessors, process.env, Lua
// headers, the top level. Taste is not its business.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkCircles, doorsOf } from './circles.ts';

/** Rooms from bottom to top; a room imports values from lower rungs only. */
const rungs = [
  'config',
  'telemetry',
  'store',
  'http',
  'documents',
  'catalogue',
  'directory',
  'auth',
  'limiter',
  'upstream',
  'events',
  'console',
  'serve',
] as const;
/** They share nouns, never calls: only `import type` between them. */
const typesOnly: ReadonlySet<string> = new Set(['auth', 'limiter', 'upstream', 'events']);
const topLevel: ReadonlySet<string> = new Set([
  'functions',
  'shared',
  'terraform',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'firebase.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
]);
const emptyNames = /^(utils?|helpers?|common|misc|types)(\.\w+)*$/;

/** A file and its text. */
export interface Source {
  /** Relative to the repository, with slashes. */
  readonly file: string;
  readonly text: string;
}

/** Checks the whole tree. @returns one line a fault: where, what, and what to do */
export function checkTree(sources: readonly Source[], keyNames: ReadonlySet<string>): string[] {
  return [
    ...checkNames(sources.map(({ file }) => file)),
    ...sources.flatMap((source) => (source.file.endsWith('.ts') ? checkImports(source) : [])),
    ...sources.flatMap(checkAccessors),
    ...checkLua(sources, keyNames),
  ];
}

/**
 * V8 puts the accessors of an object literal into its old generation: what they close over, a whole request, lives
 * until the next major collection, and costs every minor one until then (scripts/bench/README.md#memory). A class's
 * accessors are made once.
 */
function checkAccessors({ file, text }: Source): string[] {
  if (!/^(shared\/src|functions)\/.*\.ts$/.test(file) || isTestCode(file)) return [];
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const [, indent, name] = /^( +)(?:get|set) (\w+)\(/.exec(line) ?? [];
    if (indent === undefined) return [];
    // Formatted, a member stands two spaces deeper than what it is a member of.
    const opening = lines.slice(0, at).findLast((above) => above.search(/\S/) === indent.length - 2);
    return opening !== undefined && /\bclass\b/.test(opening)
      ? []
      : [`${file}:${at + 1}: accessor ${name} of an object literal keeps alive what it closes over; make it a method`];
  });
}

function checkNames(files: readonly string[]): string[] {
  const faults: string[] = [];
  for (const file of files) {
    const parts = file.split('/');
    const [top = ''] = parts;
    if (!topLevel.has(top) && !top.startsWith('.'))
      faults.push(`${file}: the top level is fixed; put it below functions, shared, terraform or scripts`);
    const empty = parts.find((part) => emptyNames.test(part));
    if (empty !== undefined) faults.push(`${file}: "${empty}" says nothing; name it after what it is`);
    if (parts.at(-1) === 'index.ts' && !/^functions\/[^/]+\/index\.ts$/.test(file))
      faults.push(`${file}: no index.ts but a function's entry; the door of a room is <room>/<room>.ts`);
  }
  return faults;
}

// import … from '…', export … from '…', import('…'), import '…'
const importing =
  /(?:^|\n)[ \t]*(?<statement>(?:import|export)\b[^'"`;]*?\bfrom[ \t]*|import[ \t]*)['"](?<from>[^'"]+)['"]|\bimport\((?<dynamic>['"][^'"]+['"])\)/g;

function checkImports({ file, text }: Source): string[] {
  const faults: string[] = [];
  const inShared = /^shared\/src\/([^/]+)/.exec(file)?.[1];
  if (inShared !== undefined && !rungs.includes(inShared as never))
    faults.push(`${file}: ${inShared} is no room; the rooms are ${rungs.join(', ')}`);
  const at = (index: number): string => `${file}:${text.slice(0, index).split('\n').length}`;
  const isTest = isTestCode(file);
  const room = /^shared\/src\/([^/]+)\//.exec(file)?.[1] ?? null;
  const code = text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
  for (const match of code.matchAll(importing)) {
    const from = match.groups?.['from'] ?? match.groups?.['dynamic']?.slice(1, -1) ?? '';
    const where = at(match.index + 1);
    const outside = isTest ? null : outsideImport(file, from);
    if (outside !== null) faults.push(`${where}: imports ${from}; ${outside}`);
    const target = targetRoom(file, from);
    if (target === null || target.room === room) continue;
    if (!rungs.includes(target.room as never)) {
      faults.push(`${where}: imports ${from}; there is no room ${target.room}`);
      continue;
    }
    if (!target.door)
      faults.push(`${where}: imports ${from}; a room is entered through its door, @cody-gateway/shared/${target.room}`);
    if (room === null || isTest) continue;
    const [mine, theirs] = [rungs.indexOf(room as never), rungs.indexOf(target.room as never)];
    const types =
      /^(import|export)\s+type\b/.test(match.groups?.['statement']?.trim() ?? '') ||
      onlyTypes(match.groups?.['statement'] ?? '');
    if (typesOnly.has(room) && typesOnly.has(target.room)) {
      if (!types)
        faults.push(
          `${where}: ${room} imports a value of ${target.room}; they share nouns only: use import type, or let serve make the call`,
        );
    } else if (theirs > mine && !types)
      faults.push(
        `${where}: ${room} (rung ${mine}) imports ${target.room} (rung ${theirs}); imports go down the ladder`,
      );
    if (theirs > mine && types)
      faults.push(
        `${where}: ${room} (rung ${mine}) knows a noun of ${target.room} (rung ${theirs}); nouns too belong to the lower rung`,
      );
  }
  const env = code.search(
    /\bprocess\s*(\?\.)?(\.|\[['"])\s*env\b|\{[^}]*\benv\b[^}]*\}\s*(from\s*['"](node:)?process['"]|=\s*process\b)/,
  );
  if (env !== -1 && !isTest && (room !== null ? room !== 'config' : file.startsWith('functions/')))
    faults.push(`${at(env)}: reads process.env; only shared/src/config may`);
  return faults;
}

/** A test, or what a test too large for one file is made of: `model.test/world.ts`. */
function isTestCode(file: string): boolean {
  return /\.test(\.ts$|\/)/.test(file);
}

/**
 * What a file may not import for where it stands, whatever rooms say; null when all is well. A test may use what it
 * needs.
 */
function outsideImport(file: string, from: string): string | null {
  if (!from.startsWith('.')) return null;
  if (isTestCode(path.posix.join(path.posix.dirname(file), from))) return 'that is test code, and this is not';
  const folder = (name: string): string =>
    name
      .split('/')
      .slice(0, name.startsWith('functions/') ? 2 : 1)
      .join('/');
  const [mine, theirs] = [folder(file), folder(path.posix.join(path.posix.dirname(file), from))];
  if (mine === theirs || theirs === 'shared') return null;
  if (mine === 'shared') return 'shared imports nothing of functions or scripts: they stand above it';
  if (mine.startsWith('functions/'))
    return 'a function imports its own folder and the doors of shared: what two functions need is a room’s';
  return null;
}

/** `import { type A, type B }` imports no value. */
function onlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  return (
    names !== undefined &&
    !/import\s+\w/.test(statement) &&
    names.split(',').every((name) => name.trim() === '' || /^type\s/.test(name.trim()))
  );
}

/** The room that an import leads to, and whether through its door; null for anything that is no room. */
function targetRoom(file: string, from: string): { room: string; door: boolean } | null {
  const door = /^@cody-gateway\/shared\/(.+)$/.exec(from)?.[1];
  if (door !== undefined) return { room: door.split('/')[0] ?? '', door: !door.includes('/') };
  if (!from.startsWith('.')) return null;
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), from));
  const [, room, rest] = /^shared\/src\/([^/]+)\/(.+)$/.exec(target) ?? [];
  if (room === undefined || rest === undefined) return null;
  // Only shared itself reaches a door by path; others have the package for it.
  return { room, door: rest === `${room}.ts` && file.startsWith('shared/') };
}

/**
 * Each script's header names the keys of the table and says what every argument is, and the body uses what the header
 * names.
 */
function checkLua(sources: readonly Source[], keyNames: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  for (const { file, text } of sources) {
    if (!file.endsWith('.lua')) continue;
    if (text.startsWith('-- fragment:')) {
      // A fragment that reached for the keys of the script around it would not stand in that script's header.
      if (/\b(KEYS|ARGV)\b/.test(text.replace(/--.*$/gm, '')))
        faults.push(`${file}: a fragment takes keys and arguments as parameters, not from KEYS and ARGV`);
      continue;
    }
    // A script that keeps the same thing under several keys of the table names them all: `actor|catalogue`.
    const named = [...text.matchAll(/^-- KEYS\[\d+\]\?? +(\S+)/gm)].flatMap(([, names]) => (names ?? '').split('|'));
    for (const name of named)
      if (!keyNames.has(name))
        faults.push(`${file}: its header names the key "${name}", which store/keys.ts does not have`);
    const body = text.replace(/^--.*$/gm, '');
    for (const list of ['KEYS', 'ARGV']) {
      const header = new Set([...text.matchAll(new RegExp(`^-- ${list}\\[(\\d+)\\]`, 'gm'))].map(([, n]) => n));
      const used = new Set([...body.matchAll(new RegExp(`${list}\\[(\\d+)\\]`, 'g'))].map(([, n]) => n));
      for (const n of used)
        if (!header.has(n)) faults.push(`${file}: uses ${list}[${n}], which its header does not name`);
      for (const n of header)
        if (!used.has(n)) faults.push(`${file}: its header names ${list}[${n}], which it does not use`);
    }
    if (!/^-- RETURNS /m.test(text)) faults.push(`${file}: its header does not say what it RETURNS`);
  }
  return faults;
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '../..');
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '');
  const read = (file: string): Source => ({
    file,
    text: /\.(ts|lua)$/.test(file) ? readFileSync(path.join(root, file), { encoding: 'utf8', flag: 'r' }) : '',
  });
  const { keys } = await import('@cody-gateway/shared/store');
  const sources = files.filter((file) => exists(path.join(root, file))).map(read);
  const doors = doorsOf('shared', readFileSync(path.join(root, 'shared/package.json'), 'utf8'));
  const faults = [...checkTree(sources, new Set(Object.keys(keys))), ...checkCircles(sources, doors)];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}
