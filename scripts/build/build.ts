// Bundles each function for deployment: one folder with one bundle, the framework left outside. `npm run build`.

import { build, type Plugin } from 'esbuild';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readFunctionFiles } from '../local/function-files.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** A bundle. */
export interface Built {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Bundles functions into `outDir/<name>/`: `index.js` (CommonJS: heavy clients behind `import()` stay unevaluated until they are used),
 * and the package.json that the buildpack reads.
 */
export async function buildFunctions({
  outDir = path.join(root, '.build/functions'),
  names,
}: { outDir?: string; names?: readonly string[] } = {}): Promise<Built[]> {
  const all = (await readFunctionFiles()).map(({ name }) => name);
  const chosen = names ?? all;
  const unknown = chosen.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no function ${unknown.join(', ')}; there are ${all.join(', ')}`);
  return Promise.all(chosen.map((name) => buildOne(name, path.join(outDir, name))));
}

async function buildOne(name: string, dir: string): Promise<Built> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, 'index.js');
  await build({
    entryPoints: [path.join(root, 'functions', name, 'index.ts')],
    outfile: file,
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    // A second copy of the framework would register in a registry of its own (spec platform §1.5).
    external: ['@google-cloud/functions-framework'],
    plugins: [inlineText, tasksProtos],
    logLevel: 'warning',
  });
  await writeFile(path.join(dir, 'package.json'), `${JSON.stringify(manifest(name), null, 2)}\n`);
  // Elsewhere than inside the repository the framework is found through a link, as the buildpack's node_modules would be.
  if (path.relative(root, dir).startsWith('..') && !existsSync(path.join(dir, 'node_modules')))
    await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
  return { name, file, bytes: (await stat(file)).size };
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
    main: 'index.js',
    engines: { node: '24' },
    dependencies: { [framework]: dependencies[framework] },
    scripts: { 'gcp-build': '' },
  };
}

/** Our Lua files are read next to the module that uses them; in a bundle their text stands in its place. */
const inlineText: Plugin = {
  name: 'inline-text',
  setup: ({ onLoad }) => {
    onLoad({ filter: /shared[\\/]src[\\/].*\.ts$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const contents = source.replace(
        /readFileSync\(new URL\('([^']+)', import\.meta\.url\), 'utf8'\)/g,
        (_call, name: string) => JSON.stringify(readFileSync(path.resolve(path.dirname(file), name), 'utf8')),
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** The Cloud Tasks client reads three JSON files at run time, from paths that a bundle does not have (spec platform §2.4); its beta versions are never used. */
const tasksProtos: Plugin = {
  name: 'tasks-protos',
  setup: ({ onLoad }) => {
    onLoad(
      { filter: /@google-cloud[\\/]tasks[\\/]build[\\/](esm|cjs)[\\/]src[\\/]v2(beta\d)?[\\/]index\.(js|cjs)$/ },
      async ({ path: file }) => {
        return /v2beta\d/.test(file) ? { contents: 'export {}', loader: 'js' } : null;
      },
    );
    onLoad(
      { filter: /@google-cloud[\\/]tasks[\\/]build[\\/](esm|cjs)[\\/]src[\\/]v2[\\/][a-z_]+_client\.(js|cjs)$/ },
      async ({ path: file }) => {
        const source = await readFile(file, 'utf8');
        const contents = source
          .replace(/(?:\(0, [\w.]+\.getJSON\)|getJSON)\(path\.join\(dirname, ([^)]*)\)\)/g, (_call, parts: string) => {
            const names = [...parts.matchAll(/'([^']*)'/g)].map(([, part]) => part ?? '');
            return `require(${JSON.stringify(`./${path.posix.join(...names)}`)})`;
          })
          .replace(/const dirname = .*;/, 'const dirname = "";');
        return { contents, loader: 'js', resolveDir: path.dirname(file) };
      },
    );
  },
};

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' }, 'out-dir': { type: 'string' } },
    allowPositionals: true,
  });
  const built = await buildFunctions({
    ...(values['out-dir'] !== undefined && { outDir: values['out-dir'] }),
    ...(positionals.length > 0 && { names: positionals }),
  });
  if (values.json === true) console.log(JSON.stringify(built));
  else
    console.table(
      built.map(({ name, bytes, file }) => ({
        function: name,
        kB: Math.round(bytes / 1000),
        file: path.relative(root, file),
      })),
    );
}
