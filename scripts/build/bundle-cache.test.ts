// A bundle is found again while its sources, and what decides about all bundles, are as they were; damage, killed
// writers and age leave nothing wrong and nothing behind.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { openBundleCache, type BundleCache, type CachedBundle } from './bundle-cache.ts';
import { withLock } from './lock.ts';

const facts = { bytes: 1, startBytes: 1, packages: ['node_modules/a'] };

/** A tree of two sources and a recipe, and its cache. */
async function tree(t: TestContext) {
  const root = mkdtempSync(path.join(tmpdir(), 'bundle-cache-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const dir = path.join(root, '.build/bundles');
  const write = (file: string, text: string): void => writeFileSync(path.join(root, file), text);
  const open = (): Promise<BundleCache> => openBundleCache({ dir, root, recipe: ['lock.json'] });
  /** As a build does: what it reads has been there for a while when it begins. */
  const make = async (name = 'limits', sources = ['a.ts']): Promise<CachedBundle> => {
    await sleep(40);
    const text = sources.map((source) => readFileSync(path.join(root, source), 'utf8')).join('');
    const kept = await (await open()).keep(name, { files: { 'index.js': text, 'chunk-1.js': '' }, sources, facts });
    assert.ok(kept !== null);
    return kept;
  };
  for (const file of ['a.ts', 'b.ts', 'lock.json']) write(file, file);
  return { root, dir, write, open, make, find: async (name = 'limits') => (await open()).find(name) };
}

test('it is found again as it was made, and not once a source or the recipe has changed, or a source has gone', async (t) => {
  const { root, write, make, find } = await tree(t);
  assert.equal(await find(), null);
  const made = await make();
  assert.deepEqual(await find(), made);
  assert.equal(readFileSync(path.join(made.dir, 'index.js'), 'utf8'), 'a.ts');
  for (const file of ['a.ts', 'lock.json']) {
    write(file, 'changed');
    assert.equal(await find(), null, file);
    write(file, file);
    assert.deepEqual(await find(), made, `${file} is as it was`);
  }
  write('b.ts', 'changed');
  assert.deepEqual(await find(), made, 'no source of this one');
  rmSync(path.join(root, 'a.ts'));
  assert.equal(await find(), null);
});

test('what was saved while it was bundled keeps nothing', async (t) => {
  const { write, open, dir } = await tree(t);
  await sleep(40);
  const cache = await open();
  write('a.ts', 'saved meanwhile');
  assert.equal(await cache.keep('limits', { files: { 'index.js': 'a.ts' }, sources: ['a.ts'], facts }), null);
  assert.equal(existsSync(path.join(dir, 'limits')), false);
});

test('a damaged entry is none, and is replaced', async (t) => {
  const { make, find } = await tree(t);
  for (const damage of [
    ({ dir }: CachedBundle) => writeFileSync(path.join(dir, 'index.js'), 'half'),
    ({ dir }: CachedBundle) => rmSync(path.join(dir, 'chunk-1.js')),
    ({ dir }: CachedBundle) => writeFileSync(path.join(dir, '../record.json'), '{"recipe":'),
    ({ dir }: CachedBundle) => rmSync(dir, { recursive: true }),
  ]) {
    const made = await make();
    damage(made);
    assert.equal(await find(), null);
    assert.deepEqual(await make(), made);
    assert.deepEqual(await find(), made);
  }
});

test('few entries are kept, those used last; one that a living process runs from stays; a killed writer leaves nothing', async (t) => {
  const { dir, write, make, find } = await tree(t);
  const entries = (): string[] => readdirSync(path.join(dir, 'limits'));
  const makeText = async (text: string): Promise<CachedBundle> => {
    write('a.ts', text);
    return make();
  };
  /** As if the process that used it had ended. */
  const unused = ({ dir }: CachedBundle, at: number): void => {
    rmSync(path.join(dir, '../users', String(process.pid)));
    utimesSync(path.join(dir, '../record.json'), at, at);
  };
  const ended = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(ended, 'exit');
  const running = await makeText('running');
  utimesSync(path.join(running.dir, '../record.json'), 1, 1);
  mkdirSync(path.join(dir, 'limits', `tmp-${ended.pid}-0/bundle`), { recursive: true });
  mkdirSync(path.join(dir, 'limits', `tmp-${process.pid}-99/bundle`), { recursive: true });
  for (let n = 2; n < 8; n++) unused(await makeText(`text ${n}`), n);
  const left = entries();
  assert.ok(left.includes(path.basename(path.dirname(running.dir))), 'it is in use');
  assert.ok(left.includes(`tmp-${process.pid}-99`), 'its writer lives');
  assert.equal(left.length, 5, 'the three used last, the one in use, the one being written');
  write('a.ts', 'text 2');
  assert.equal(await find(), null, 'the oldest has gone');
  write('a.ts', 'text 7');
  assert.notEqual(await find(), null);
});

test(
  'one at a time holds the lock; a dead holder’s is taken over, and the one who waits is told',
  { timeout: 30_000 },
  async (t) => {
    const { root } = await tree(t);
    const file = path.join(root, '.build/building.lock');
    const order: string[] = [];
    const told: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} begins`);
      await sleep(20);
      order.push(`${name} ends`);
    };
    await Promise.all(['one', 'two'].map((name) => withLock(file, (line) => told.push(line), work(name))));
    assert.deepEqual(order, ['one begins', 'one ends', 'two begins', 'two ends']);
    assert.match(told.join('\n'), new RegExp(`^waiting for process ${process.pid}, which builds in the same folder$`));
    const killed = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(killed, 'exit');
    writeFileSync(file, String(killed.pid));
    await withLock(file, () => assert.fail('nobody holds it'), work('three'));
    assert.equal(existsSync(file), false);
  },
);
