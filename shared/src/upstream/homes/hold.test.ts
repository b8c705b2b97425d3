// Whether an answer is a stream is told by its first lines, in however many pieces they come.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { createReader } from '../reader.ts';
import { beginsAsStream } from './hold.ts';

const told = (pieces: readonly Buffer[]): Promise<boolean> =>
  beginsAsStream(createReader(Readable.from(pieces), () => undefined));

test('what begins with the lines of a stream is one, cut at every byte', async () => {
  for (const text of [
    'data: {"a":1}\n\n',
    'event: x\ndata: 1\n\n',
    ': wait\n\n',
    'id: 7\n',
    'retry:1\n',
    '\ufeffdata:1\n',
    '\r\n\r\n data: 1',
  ]) {
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut++)
      assert.equal(await told([bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0)), true);
    assert.equal(await told([...bytes].map((byte) => Buffer.from([byte]))), true);
  }
});

test('anything else is none, and nobody waits for more of it than it takes to see that', async () => {
  for (const text of ['{"data":1}', '[{}]', 'dat', 'database: x', 'event', '', 'Data: 1', '<html>', '\n'.repeat(1_000)])
    assert.equal(await told([...Buffer.from(text)].map((byte) => Buffer.from([byte]))), false, text.slice(0, 20));
  const endless = new Readable({ read: () => undefined });
  endless.push('{');
  assert.equal(await beginsAsStream(createReader(endless, () => undefined)), false);
});
