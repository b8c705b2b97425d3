// What is uploaded of a function: its bundle with a lock file as one zip, and beside it a list of everything in it
// (CycloneDX). Not the upload.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildFunctions, checkBounds } from './build.ts';
import { zip } from './zip.ts';

const root = path.resolve(import.meta.dirname, '../..');
const framework = '@google-cloud/functions-framework';

/** A package as package-lock.json tells of it. */
export interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}
/** package-lock.json's `packages`. */
export type Lock = Readonly<Record<string, Locked>>;

/** A release on disk. */
export interface Release {
  readonly name: string;
  /** The zip. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The list of what is in it. */
  readonly sbomFile: string;
}

/**
 * Builds and packs functions into `outDir`.
 * @throws Error when a name is no function's, or a bundle outgrew its bound
 */
export async function packFunctions({
  outDir = path.join(root, '.build/releases'),
  names,
}: { outDir?: string; names?: readonly string[] } = {}): Promise<Release[]> {
  const lock = (JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as { packages: Lock })
    .packages;
  const installed = closure(lock, framework);
  await mkdir(outDir, { recursive: true });
  const built = await buildFunctions(names === undefined ? {} : { names });
  checkBounds(built);
  return Promise.all(
    built.map(async ({ name, file, packages }) => {
      const dir = path.dirname(file);
      const files: Record<string, Uint8Array> = {};
      for (const entry of await readdir(dir, { withFileTypes: true }))
        if (entry.isFile()) files[entry.name] = await readFile(path.join(dir, entry.name));
      const manifest = JSON.parse(Buffer.from(files['package.json'] ?? []).toString()) as Locked & { name: string };
      files['package-lock.json'] = Buffer.from(lockFile(lock, installed, manifest));
      const archive = zip(files);
      const sbom = `${JSON.stringify(billOfMaterials(lock, name, [...packages, ...installed]), null, 2)}\n`;
      const target = path.join(outDir, `${name}.zip`);
      const sbomFile = path.join(outDir, `${name}.cdx.json`);
      await Promise.all([writeFile(target, archive), writeFile(sbomFile, sbom)]);
      const sha256 = createHash('sha256').update(archive).digest('hex');
      return { name, file: target, bytes: archive.length, sha256, sbomFile };
    }),
  );
}

/** Where the lock file has a package and everything it needs, as Node would find them. */
export function closure(lock: Lock, name: string): string[] {
  const found = new Set<string>();
  const visit = (wanted: string, from: string): void => {
    const place = find(lock, wanted, from);
    if (place === null) throw new Error(`package-lock.json has no ${wanted}, which ${from === '' ? 'we' : from} need`);
    if (found.has(place)) return;
    found.add(place);
    for (const dependency of Object.keys(lock[place]?.dependencies ?? {})) visit(dependency, place);
  };
  visit(name, '');
  return [...found].toSorted();
}

/** The nearest folder up from `from` that has the package. */
function find(lock: Lock, name: string, from: string): string | null {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (lock[place] !== undefined) return place;
    if (at === '') return null;
  }
}

/** So that the buildpack installs the framework that was tested, and its dependencies too. */
function lockFile(lock: Lock, places: readonly string[], manifest: Locked & { name: string }): string {
  const { name, version, dependencies } = manifest;
  const packages = Object.fromEntries(places.map((place) => [place, lock[place]]));
  const text = {
    name,
    version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name, version, dependencies }, ...packages },
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

/**
 * CycloneDX 1.6: one component a package and version, without time or serial number, which would differ from build to
 * build.
 */
function billOfMaterials(lock: Lock, name: string, places: readonly string[]): object {
  const components = new Map<string, object>();
  for (const place of new Set(places)) {
    const locked = lock[place];
    const packageName = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (locked === undefined) throw new Error(`${place} is in the bundle of ${name}, but not in package-lock.json`);
    const purl = `pkg:npm/${packageName.replace('@', '%40')}@${locked.version}`;
    const [algorithm, digest] = locked.integrity?.split('-') ?? [];
    components.set(purl, {
      type: 'library',
      'bom-ref': purl,
      name: packageName,
      version: locked.version,
      purl,
      ...(locked.license !== undefined && { licenses: [{ license: { name: locked.license } }] }),
      ...(algorithm === 'sha512' && {
        hashes: [{ alg: 'SHA-512', content: Buffer.from(digest ?? '', 'base64').toString('hex') }],
      }),
    });
  }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name } },
    components: [...components.keys()].toSorted().map((purl) => components.get(purl)),
  };
}
