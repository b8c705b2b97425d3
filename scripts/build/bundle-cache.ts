// Bundles on disk, found again by what they were made of. An entry is written beside and renamed, then never changed:
// a process runs from it.

import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { isAlive } from './lock.ts';

/** Entries of each function: the present one, and a few to come back to (another branch, an edit taken back). */
const keptMax = 3;
/** Linux stamps files by a clock that is up to 10 ms behind. */
const stampMs = 20;

/** What the cache keeps of a bundle beside its files. */
interface Facts {
  readonly bytes: number;
  readonly startBytes: number;
  readonly packages: readonly string[];
}

/** A bundle on disk. */
export interface CachedBundle {
  readonly dir: string;
  /** Names of its files. */
  readonly files: readonly string[];
  readonly facts: Facts;
}

/** `record.json` of an entry: SHA-256 of everything it was made of, and of every file of it. */
interface BundleRecord {
  readonly recipe: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly facts: Facts;
}

/** The cache as it looks at one moment: it reads each source once. */
export interface BundleCache {
  /** The function's bundle of today's sources, or null. From then on it stays for as long as this process lives. */
  find(name: string): Promise<CachedBundle | null>;
  /**
   * Keeps a bundle that was made since the cache was opened. Null, and nothing is kept, when a source changed since
   * then.
   */
  keep(
    name: string,
    bundle: { files: Readonly<Record<string, string>>; sources: readonly string[]; facts: Facts },
  ): Promise<CachedBundle | null>;
  /** Removes entries of functions that are no more. */
  removeAllBut(names: readonly string[]): Promise<void>;
}

/** @param root what sources are relative to @param recipe files that decide about every bundle */
export async function openBundleCache({
  dir,
  root,
  recipe,
}: {
  dir: string;
  root: string;
  recipe: readonly string[];
}): Promise<BundleCache> {
  const openedMs = Date.now() - stampMs;
  const hashes = new Map<string, string | null>();
  /** Null: there is no such file. */
  const hashOf = (source: string): string | null => {
    let hash = hashes.get(source);
    if (hash === undefined) {
      hash = hashFile(path.join(root, source));
      hashes.set(source, hash);
    }
    return hash;
  };
  const recipeHash = sha256(JSON.stringify(recipe.map(hashOf)));
  const isCurrent = ({ recipe, sources }: BundleRecord): boolean =>
    recipe === recipeHash && Object.entries(sources).every(([source, hash]) => hashOf(source) === hash);
  return {
    find: async (name) => {
      for (const entry of entriesOf(path.join(dir, name))) {
        const record = readRecord(entry);
        if (record === null || !isCurrent(record)) continue;
        // First in use, then looked at: what is in use is not removed.
        if (use(entry) && isWhole(entry, record)) return opened(entry, record);
        discard(entry);
      }
      return null;
    },
    keep: async (name, { files, sources, facts }) => {
      const stats = sources.map((source) => statSync(path.join(root, source), { throwIfNoEntry: false }));
      const changed = (stat: Stats | undefined): boolean => stat === undefined || stat.ctimeMs >= openedMs;
      if (stats.some(changed)) return null;
      const record: BundleRecord = {
        recipe: recipeHash,
        sources: Object.fromEntries(sources.map((source) => [source, hashOf(source) ?? ''])),
        files: Object.fromEntries(Object.entries(files).map(([file, text]) => [file, sha256(text)])),
        facts,
      };
      const entry = path.join(dir, name, sha256(JSON.stringify(record)).slice(0, 16));
      const beside = temporary(path.join(dir, name));
      mkdirSync(path.join(beside, 'users'), { recursive: true });
      mkdirSync(path.join(beside, 'bundle'));
      for (const [file, text] of Object.entries(files)) writeFileSync(path.join(beside, 'bundle', file), text);
      writeFileSync(path.join(beside, 'record.json'), JSON.stringify(record));
      use(beside);
      // What stands there is the same, or damaged.
      discard(entry);
      renameSync(beside, entry);
      clear(path.join(dir, name), entry);
      return opened(entry, record);
    },
    removeAllBut: async (names) => {
      for (const name of list(dir)) if (!names.includes(name)) clear(path.join(dir, name), null, 0);
    },
  };
}

function opened(entry: string, { files, facts }: BundleRecord): CachedBundle {
  return { dir: path.join(entry, 'bundle'), files: Object.keys(files), facts };
}

/** The entries of a function, the one used last first. */
function entriesOf(dir: string): string[] {
  return list(dir)
    .filter((name) => !name.startsWith('tmp-'))
    .map((name) => path.join(dir, name))
    .map((entry) => ({
      entry,
      usedMs: statSync(path.join(entry, 'record.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    }))
    .toSorted((a, b) => b.usedMs - a.usedMs)
    .map(({ entry }) => entry);
}

/** Null: it is damaged, or was removed by another process. */
function readRecord(entry: string): BundleRecord | null {
  try {
    return JSON.parse(readFileSync(path.join(entry, 'record.json'), 'utf8')) as BundleRecord;
  } catch {
    return null;
  }
}

function isWhole(entry: string, { files }: BundleRecord): boolean {
  return Object.entries(files).every(([file, hash]) => hashFile(path.join(entry, 'bundle', file)) === hash);
}

/** Marks it as used by this process, now. False: it is not there any more. */
function use(entry: string): boolean {
  try {
    writeFileSync(path.join(entry, 'users', String(process.pid)), '');
    utimesSync(path.join(entry, 'record.json'), new Date(), new Date());
    return true;
  } catch {
    return false;
  }
}

/** Removes what nobody uses: entries beyond the newest, and what writers left that were killed. */
function clear(dir: string, kept: string | null, most = keptMax): void {
  const inUse = (entry: string): boolean => list(path.join(entry, 'users')).some((pid) => isAlive(Number(pid)));
  for (const entry of entriesOf(dir).slice(most)) if (entry !== kept && !inUse(entry)) discard(entry);
  for (const name of list(dir))
    if (name.startsWith('tmp-') && !isAlive(Number(name.split('-')[1])))
      rmSync(path.join(dir, name), { recursive: true, force: true });
}

/** Away in one step: nobody finds half an entry. */
function discard(entry: string): void {
  const away = temporary(path.dirname(entry));
  try {
    renameSync(entry, away);
  } catch {
    // Another process was faster.
    return;
  }
  rmSync(away, { recursive: true, force: true });
}

let temporaries = 0;
function temporary(dir: string): string {
  return path.join(dir, `tmp-${process.pid}-${temporaries++}`);
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function hashFile(file: string): string | null {
  try {
    return sha256(readFileSync(file));
  } catch {
    return null;
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
