// Scripts as Redis gets them, and keys that keep a script on one node.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { keys, shardCount, shardName, shardOf } from './keys.ts';
import { loadScript } from './script.ts';

test('fragments are put in once, comments left out, keys counted, the digest is the source’s', () => {
  const text = '-- Header.\n-- KEYS[1] a\n-- KEYS[2] b\n-- @include part\nlocal x = 1 -- kept\n\n  -- gone\nreturn x\n';
  const script = loadScript('x', text, { part: '-- A fragment.\nlocal y = 2\n' });
  assert.equal(script.source, 'local y = 2\nlocal x = 1 -- kept\nreturn x');
  assert.equal(script.keyCount, 2);
  assert.equal(script.sha, createHash('sha1').update(script.source).digest('hex'));
  assert.throws(() => loadScript('x', '-- @include other\n', { part: '' }), /x\.lua includes other.*part/);
});

test('all keys of an actor share its shard’s hash tag, and every shard is used', () => {
  const shard = shardOf('dotcom:1');
  const made = [
    keys.limit(shard, 'f', 'a'),
    keys.inFlight(shard, 'f', 'a'),
    keys.lease(shard, 'l'),
    keys.leases(shard),
    keys.outbox(shard),
    keys.fold(shard, 'a', 'n'),
    keys.folds(shard),
  ];
  for (const key of made) assert.ok(key.startsWith(`{${shard}}:`), key);
  assert.equal(new Set(made).size, made.length);
  const used = new Set(Array.from({ length: 100_000 }, (_, i) => shardOf(`actor-${i}`)));
  assert.deepEqual(used, new Set(Array.from({ length: shardCount }, (_, n) => shardName(n))));
});
