// Bundles each function for deployment: a folder with its own code and the framework left outside. `npm run build`.

import { stop } from 'esbuild';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../terminal/table.ts';
import { endWith } from '../terminal/usage-error.ts';
import { readFunctionFiles } from '../functions/function-files.ts';
import { loadedAtStart, makeBundle, writeBundle, type Bundle } from './bundle.ts';
import { openBundleCache, type CachedBundle } from './bundle-cache.ts';
import { withLock } from './lock.ts';

const root = path.resolve(import.meta.dirname, '../..');
const cacheDir = path.join(root, '.build/bundles');
/** What decides about every bundle beside its own sources. */
const recipe = [
  'scripts/build/build.ts',
  'scripts/build/bundle.ts',
  'scripts/build/for-machines.ts',
  'scripts/build/ioredis.ts',
  'package-lock.json',
  'tsconfig.json',
  'shared/package.json',
  'functions/package.json',
];
/** A file that is saved while it is bundled makes that bundle void. */
const triesMax = 3;

/** A bundle. */
export interface Built {
  readonly name: string;
  /** Its entry. */
  readonly file: string;
  /** All of it. */
  readonly bytes: number;
  /** What is read before the first answer; the rest waits behind an `import()`. */
  readonly startBytes: number;
  /** Packages in it, as places of package-lock.json. */
  readonly packages: readonly string[];
  /** Whether it was made now; else it was found, made earlier of the same sources. */
  readonly made: boolean;
}

/**
 * Bounds of one bundle. What is read at start is paid for by the first caller; the rest is uploaded and kept by every
 * instance. The largest was 700,500 and 9,609,000 bytes on 2026-11-28, of which the catalogue's rows are 48,000,
 * ioredis and its table of commands 140,000, and the calls to providers 115,000, which only functions that make them
 * read; build.test.ts wants the bounds near what they bound, so that raising one takes a reason.
 */
export const bounds = { startBytes: 712_000, bytes: 9_800_000 } as const;

/**
 * Bundles functions, or finds the bundles that were made of the same sources before. They stay as they are for as long
 * as this process lives. Another build of this tree is waited for.
 * @param outDir copies go to `outDir/<name>/`; without it `file` is in the cache. @param onProgress takes a line on
 * what is under way, and on a bundle that outgrew its bounds: it runs all the same (`checkBounds`)
 * @throws Error when a name is no function's
 */
export async function buildFunctions({
  outDir,
  names,
  onProgress = () => undefined,
}: {
  outDir?: string;
  names?: readonly string[];
  onProgress?: (line: string) => void;
} = {}): Promise<Built[]> {
  const all = (await readFunctionFiles()).map(({ name }) => name);
  const chosen = names ?? all;
  const unknown = chosen.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no function ${unknown.join(', ')}; there are ${all.join(', ')}`);
  const cache = await openCache();
  const found = new Map<string, CachedBundle>();
  const find = async ({ find }: typeof cache): Promise<string[]> => {
    for (const name of chosen) {
      const bundle = found.get(name) ?? (await find(name));
      if (bundle !== null) found.set(name, bundle);
    }
    return chosen.filter((name) => !found.has(name));
  };
  const made = new Set<string>();
  if ((await find(cache)).length > 0)
    await withLock(path.join(root, '.build/building.lock'), onProgress, async () => {
      // Whoever was waited for may have made them.
      const missing = await find(await openCache());
      await cache.removeAllBut(all);
      try {
        // One after the other: all at once is no faster on two cores, and takes 4.6 GB where this takes 0.7.
        for (const [n, name] of missing.entries()) {
          onProgress(`bundling ${name} (${n + 1} of ${missing.length})`);
          const bundle = await makeOne(name);
          found.set(name, bundle);
          made.add(name);
          const fault = outgrown({ name, ...bundle.facts });
          if (fault !== null) onProgress(`${fault}: npm test, a build and a release refuse it`);
        }
      } finally {
        // esbuild's process holds 600 MB.
        await stop();
      }
    });
  return Promise.all(
    chosen.map(async (name) => {
      const bundle = found.get(name);
      if (bundle === undefined) throw new Error(`${name} was not bundled`);
      const dir = outDir === undefined ? bundle.dir : path.join(outDir, name);
      if (outDir !== undefined) await writeBundle(await readAll(bundle), dir);
      const { bytes, startBytes, packages } = bundle.facts;
      return { name, file: path.join(dir, 'index.js'), bytes, startBytes, packages, made: made.has(name) };
    }),
  );
}

const openCache = () => openBundleCache({ dir: cacheDir, root, recipe });

type Sized = Pick<Built, 'name' | 'bytes' | 'startBytes'>;

/** Before bundles leave this machine. @throws Error that names those that outgrew their bounds */
export function checkBounds(built: readonly Sized[]): void {
  const faults = built.map(outgrown).filter((fault) => fault !== null);
  if (faults.length > 0)
    throw new Error(`${faults.join('; ')}: load what is new behind an import(), or raise the bound with its reason`);
}

function outgrown({ name, bytes, startBytes }: Sized): string | null {
  return startBytes <= bounds.startBytes && bytes <= bounds.bytes
    ? null
    : `${name} outgrew its bounds: ${startBytes} of ${bounds.startBytes} bytes at start, ${bytes} of ${bounds.bytes} in all`;
}

/** @throws Error when its sources do not hold still */
async function makeOne(name: string): Promise<CachedBundle> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const cache = await openCache();
    const bundle = await makeBundle(path.join(root, 'functions', name, 'index.ts'));
    const files = { ...bundle.files, 'package.json': `${JSON.stringify(manifest(name), null, 2)}\n` };
    const kept = await cache.keep(name, { files, sources: bundle.sources, facts: factsOf(bundle) });
    if (kept !== null) return kept;
  }
  throw new Error(`sources of ${name} change while they are bundled: save them, then run this again`);
}

function factsOf({ metafile }: Bundle): CachedBundle['facts'] {
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  const { bytes: startBytes } = loadedAtStart(metafile);
  const packages = Object.keys(metafile.inputs).flatMap(
    (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? [],
  );
  return { bytes, startBytes, packages: [...new Set(packages)].toSorted() };
}

async function readAll({ dir, files }: CachedBundle): Promise<Record<string, string>> {
  const read = files.map(async (name) => [name, await readFile(path.join(dir, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(read));
}

function manifest(name: string): object {
  const { version, dependencies } = JSON.parse(readFileSync(path.join(root, 'functions/package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const framework = '@google-cloud/functions-framework';
  return {
    name,
    version,
    private: true,
    type: 'module',
    main: 'index.js',
    engines: { node: '24' },
    dependencies: { [framework]: dependencies[framework] },
    scripts: { 'gcp-build': '' },
  };
}

const usage = `usage: npm run build -- [<function>…] [--out-dir <folder>] [--json]

One bundle a function (all of them where none is named) into .build/functions,
at most ${bounds.startBytes / 1e6} MB read at start and ${bounds.bytes / 1e6} MB in all. A bundle whose sources
have not changed is found again instead of made.
`;

/** What `npm run build` does. @throws Error in words for who typed it */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' }, 'out-dir': { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help === true) return void process.stdout.write(usage);
  const built = await buildFunctions({
    outDir: values['out-dir'] ?? path.join(root, '.build/functions'),
    ...(positionals.length > 0 && { names: positionals }),
    onProgress: (line) => console.error(line),
  });
  if (values.json === true)
    console.log(JSON.stringify(built.map(({ name, file, bytes, startBytes }) => ({ name, file, bytes, startBytes }))));
  else
    console.log(
      formatTable(
        ['function', 'kB at start', 'kB', 'file'],
        built.map(({ name, bytes, startBytes, file }) => [
          name,
          String(Math.round(startBytes / 1000)),
          String(Math.round(bytes / 1000)),
          path.relative(root, file),
        ]),
      ),
    );
  checkBounds(built);
}

if (import.meta.main) await main().catch((error: unknown) => endWith(error, 'npm run build --'));
