// A bundle's Redis client, without all that is left out of it, still speaks to one node and to a cluster; and the
// smaller table of commands finds the same keys and flags as the whole one.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { stop } from 'esbuild';
import { startRedis, startRedisCluster } from '../local/process/redis.ts';
import { loadedAtStart, makeBundle, writeBundle, type Bundle } from './bundle.ts';
import { slimmed, type Commands } from './ioredis.ts';

const root = path.resolve(import.meta.dirname, '../..');
let dir = '';
let bundle: Bundle;

before(async () => {
  await mkdir(path.join(root, '.build'), { recursive: true });
  dir = await mkdtemp(path.join(root, '.build/test-'));
  const entry = path.join(dir, 'index.ts');
  await writeFile(
    entry,
    `import { connectStore, keys, shardName } from '@cody-gateway/shared/store';
const [endpoint, cluster] = process.argv.slice(2);
const store = connectStore({ redisEndpoint: endpoint, redisCluster: cluster === 'cluster' }, console.error);
const told = [];
for (let n = 0; n < 20; n++) {
  const key = keys.probe(shardName(n * 200));
  const budget = { leftMs: 20_000, patient: true };
  await store.commands([['set', key, n], ['pexpire', key, 60_000]], budget);
  told.push(...(await store.commands([['get', key]], budget)));
}
await store.probe({ leftMs: 20_000, patient: true });
await store.close();
console.log(JSON.stringify(told));
`,
  );
  bundle = await makeBundle(entry);
  await writeBundle(bundle.files, path.join(dir, 'out'));
});
after(async () => {
  await stop();
  await rm(dir, { recursive: true, force: true });
});

for (const [kind, start] of [
  ['node', startRedis],
  ['cluster', startRedisCluster],
] as const)
  test(`a bundle writes and reads on a ${kind}`, async (t) => {
    const redis = await start();
    t.after(() => redis.close());
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(dir, 'out/index.js'), redis.url, kind]);
    assert.deepEqual(
      JSON.parse(stdout),
      Array.from({ length: 20 }, (_, n) => String(n)),
    );
  });

test('the start reads neither the cluster’s client nor what is never used, and the rest has the former', () => {
  const left =
    /ioredis[\\/]built[\\/](cluster|connectors[\\/]SentinelConnector|constants)[\\/]|node_modules[\\/]debug[\\/]/;
  assert.deepEqual(
    loadedAtStart(bundle.metafile).sources.filter((source) => left.test(source)),
    [],
  );
  assert.ok(Object.keys(bundle.metafile.inputs).some((source) => source.endsWith('ioredis/built/cluster/index.js')));
});

test('the smaller table has every command, its keys, and the flags that ioredis asks for', async () => {
  const file = path.join(root, 'node_modules/@ioredis/commands/built/commands.json');
  const whole = JSON.parse(await readFile(file, 'utf8')) as Commands;
  const small = slimmed(whole);
  assert.deepEqual(Object.keys(small), Object.keys(whole));
  const asked = ({ flags, keyStart, keyStop, step }: Commands[string]): readonly unknown[] => [
    flags.includes('loading'),
    flags.includes('readonly'),
    keyStart,
    keyStop,
    step,
  ];
  for (const [name, command] of Object.entries(whole)) {
    const same = small[name];
    assert.ok(same !== undefined);
    assert.deepEqual(asked(same), asked(command), name);
    for (const [sub, one] of Object.entries(command.subcommands ?? {})) {
      const other = same.subcommands?.[sub];
      assert.ok(other !== undefined);
      assert.deepEqual(asked(other), asked(one), `${name} ${sub}`);
    }
  }
  // Whatever asks for another flag would be told no.
  const asking = await Promise.all(
    ['Redis.js', 'Pipeline.js', 'autoPipelining.js', 'cluster/index.js', 'Command.js', 'utils/Commander.js'].map(
      (name) => readFile(path.join(root, 'node_modules/ioredis/built', name), 'utf8'),
    ),
  );
  const flags = asking.flatMap((text) => [...text.matchAll(/hasFlag\)\([^,]+, "(\w+)"/g)].map(([, flag]) => flag));
  assert.deepEqual([...new Set(flags)].toSorted(), ['loading', 'readonly']);
});
