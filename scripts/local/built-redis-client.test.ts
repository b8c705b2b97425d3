// A bundle's Redis client, without all that the build leaves out of it, still speaks to one node and to a cluster, and
// loads the cluster's part only then.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { stop } from 'esbuild';
import { loadedAtStart, makeBundle, writeBundle, type Bundle } from '../build/bundle.ts';
import { startRedis, startRedisCluster } from './process/redis.ts';

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
