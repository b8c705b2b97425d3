// A bundle is the same wherever it is built, and reads nothing heavy before its first answer. That one runs:
// local/built-function.test.ts.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { stop } from 'esbuild';
import { bounds, buildFunctions, checkBounds } from './build.ts';
import { loadedAtStart, makeBundle } from './bundle.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Fixtures lie inside the repository, where their imports are found; what is built from them lies outside. */
let inside = '';
let outside = '';

before(async () => {
  await mkdir(path.join(root, '.build'), { recursive: true });
  inside = await mkdtemp(path.join(root, '.build/test-'));
  outside = await mkdtemp(path.join(tmpdir(), 'build-test-'));
});
after(() => stop());
after(() => Promise.all([inside, outside].map((dir) => rm(dir, { recursive: true, force: true }))));

test('the same tree gives the same bytes, wherever they go and whatever was there', async () => {
  const contents = async (outDir: string): Promise<Record<string, string>> => {
    const [built] = await buildFunctions({ outDir, names: ['limits'] });
    const dir = path.dirname(built?.file ?? '');
    const names = (await readdir(dir)).filter((name) => name !== 'node_modules').toSorted();
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(path.join(dir, name), 'utf8')] as const)),
    );
  };
  const first = await contents(inside);
  await mkdir(path.join(outside, 'limits'));
  await writeFile(path.join(outside, 'limits/chunk-OLD.js'), '');
  assert.deepEqual(await contents(outside), first);
  const text = Object.values(first).join('\n');
  assert.match(text, /local f = call\('HMGET', KEYS\[1\]/, 'Lua stands in the bundle');
  assert.doesNotMatch(text, /\.lua\b[^\n]*import\.meta\.url/, 'and is not looked for beside it');
});

test('no function reads a heavy package before it is needed, and the bounds of size are near what they bound', async () => {
  const largest = { startBytes: 0, bytes: 0 };
  const heavy =
    /node_modules\/(@google-cloud\/(firestore|tasks|bigquery)|google-gax|google-auth-library|@grpc\/grpc-js|openai|@anthropic-ai\/sdk|@pydantic\/genai-prices)\//;
  const folders = await readdir(path.join(root, 'functions'), { withFileTypes: true });
  const names = folders.filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map(({ name }) => name);
  assert.ok(names.includes('chat-completions'));
  for (const name of names) {
    const { metafile } = await makeBundle(path.join(root, 'functions', name, 'index.ts'));
    const { sources, bytes } = loadedAtStart(metafile);
    largest.startBytes = Math.max(largest.startBytes, bytes);
    const all = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
    largest.bytes = Math.max(largest.bytes, all);
    assert.ok(sources.includes(`functions/${name}/index.ts`));
    assert.deepEqual([...new Set(sources.flatMap((source) => heavy.exec(source)?.[1] ?? []))], [], name);
    if (!sources.includes('shared/src/serve/completion.ts') && name !== 'embeddings')
      assert.deepEqual(
        sources.filter((source) => source.startsWith('shared/src/upstream/')),
        [],
        `${name} calls no provider`,
      );
    assert.match(Object.keys(metafile.inputs).join('\n'), heavy, 'they are there when they are needed');
  }
  checkBounds([{ name: 'the largest', ...largest }]);
  for (const more of [{ startBytes: bounds.startBytes + 1 }, { bytes: bounds.bytes + 1 }])
    assert.throws(
      () =>
        checkBounds([
          { name: 'one', ...largest },
          { name: 'other', ...largest, ...more },
        ]),
      /^Error: other outgrew/,
    );
  // A bound far above what it bounds is none: one that was raised without need fails here.
  for (const [name, bound] of Object.entries(bounds) as [keyof typeof bounds, number][])
    assert.ok(largest[name] > bound * 0.75, `${name}: the largest bundle has ${largest[name]} of ${bound}`);
});

test('a file that the build would leave behind stops it', async () => {
  const dir = path.join(inside, 'functions/fixture');
  await mkdir(dir, { recursive: true });
  const entry = path.join(dir, 'index.ts');
  await writeFile(path.join(dir, 'a.json'), '{"a":1}');
  await writeFile(
    entry,
    "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync(new URL('./a.json', import.meta.url), 'utf8'));",
  );
  const { files, sources } = await makeBundle(entry);
  assert.deepEqual(Object.keys(files), ['index.js']);
  assert.match(files['index.js'] ?? '', /\{"a":1\}/);
  assert.ok(
    sources.includes(path.relative(root, path.join(dir, 'a.json'))),
    'a change of the text is a change of the bundle',
  );
  await writeFile(entry, "import { open } from 'node:fs/promises';\nawait open(new URL('./a.json', import.meta.url));");
  await assert.rejects(makeBundle(entry), /in a way that the build does not understand/);
});

test('a name that is no function’s is said to be none', async () => {
  await assert.rejects(
    buildFunctions({ outDir: outside, names: ['nothing'] }),
    /no function nothing; there are .*limits/,
  );
});
