// A release is the same bytes twice, unpacks to what was packed, locks the framework, and lists what is in it.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { crc32, inflateRawSync } from 'node:zlib';
import { closure, packFunctions } from './release.ts';
import { zip } from './zip.ts';

test('a zip is the same for the same files in any order, and unzips to them', () => {
  const files = { 'b.txt': Buffer.from('b'.repeat(10_000)), 'a.js': Buffer.from('Grüße'), empty: Buffer.alloc(0) };
  const bytes = zip(files);
  assert.ok(zip(Object.fromEntries(Object.entries(files).toReversed())).equals(bytes));
  // By its directory, as every unzip reads it.
  const end = bytes.length - 22;
  assert.equal(bytes.toString('latin1', end, end + 4), 'PK\u0005\u0006');
  const unpacked: Record<string, Buffer> = {};
  for (let at = bytes.readUInt32LE(end + 16); at < end; at += 46 + bytes.readUInt16LE(at + 28)) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50);
    const [nameLength, local] = [bytes.readUInt16LE(at + 28), bytes.readUInt32LE(at + 42)];
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    assert.equal(bytes.readUInt32LE(local), 0x04034b50);
    assert.deepEqual(bytes.subarray(local + 4, local + 30), bytes.subarray(at + 6, at + 32), 'both headers agree');
    const start = local + 30 + nameLength;
    const content = inflateRawSync(bytes.subarray(start, start + bytes.readUInt32LE(at + 20)));
    assert.equal(crc32(content), bytes.readUInt32LE(at + 16));
    unpacked[name] = content;
  }
  assert.equal(Object.keys(unpacked).length, bytes.readUInt16LE(end + 10));
  assert.deepEqual(unpacked, files);
});

test('what a package needs is found where Node would find it: the nearest folder up', () => {
  const lock = {
    'node_modules/a': { version: '1.0.0', dependencies: { b: '1', c: '1' } },
    'node_modules/a/node_modules/b': { version: '1.0.0', dependencies: { c: '1' } },
    'node_modules/b': { version: '2.0.0' },
    'node_modules/c': { version: '1.0.0', dependencies: { a: '1' } },
  };
  assert.deepEqual(closure(lock, 'a'), ['node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/c']);
  assert.throws(() => closure(lock, 'd'), /no d/);
});

test('the same tree gives the same release, with a lock of the framework and a list of the packages', async () => {
  const dirs = await Promise.all([1, 2].map(() => mkdtemp(path.join(tmpdir(), 'release-test-'))));
  try {
    const releases = [];
    for (const outDir of dirs) releases.push((await packFunctions({ outDir, names: ['limits'] }))[0]);
    assert.equal(releases[0]?.sha256, releases[1]?.sha256);
    const texts = await Promise.all(releases.map((release) => readFile(release?.sbomFile ?? '', 'utf8')));
    assert.equal(texts[0], texts[1]);
    const { components } = JSON.parse(texts[0] ?? '') as {
      components: { name: string; version: string; hashes?: unknown }[];
    };
    const names = components.map(({ name }) => name);
    for (const wanted of ['ioredis', '@google-cloud/firestore', '@google-cloud/functions-framework', 'express'])
      assert.ok(names.includes(wanted), wanted);
    assert.ok(!names.includes('oxlint'));
    assert.ok(components.every(({ version }) => /^\d+\.\d+\.\d+/.test(version)));
  } finally {
    await Promise.all(dirs.map((dir) => rm(dir, { recursive: true })));
  }
});
