// Proves: a stream as gzip is the same stream, readable frame by frame, whatever its frames are; one without its end
// looks broken; and all it keeps is its history.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGunzip, gunzipSync } from 'node:zlib';
import { GzipFrames } from './gzip-frames.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const event = (text: string): Buffer =>
  Buffer.from(`data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}}]}\n\n`);
const words = Array.from({ length: 300 }, (_, i) => event(`word ${i * i} é`));

const streams: Readonly<Record<string, readonly Buffer[]>> = {
  'no frame': [],
  'one frame': [event('a')],
  'many frames': words,
  'frames that are longer than the history': [
    Buffer.alloc(5_000, 'ab'),
    event('a'),
    Buffer.alloc(40_000, 'abc'),
    event('b'),
  ],
  'bytes that can’t be made less': Array.from({ length: 20 }, (_, i) => randomBytes(1 + 397 * i)),
  'frames around the sizes that change how they are written': [
    1023, 1024, 1025, 2047, 2048, 2049, 65_536, 65_537, 1,
  ].map((length) => Buffer.alloc(length, `${length}`)),
  'an image in the midst of text': [
    event('a'),
    Buffer.from(randomBytes(300_000).toString('base64')),
    event('a'),
    event('b'),
  ],
};

describe('what is sent is what is read', () => {
  for (const [what, frames] of Object.entries(streams))
    for (const last of [null, event('last')])
      test(`${what}, ${last === null ? 'and nothing' : 'and one'} with the end`, () => {
        const gzip = new GzipFrames();
        const sent = [...frames.map((frame) => gzip.frame(frame)), gzip.end(last)];
        const wanted = Buffer.concat([...frames, ...(last === null ? [] : [last])]);
        assert.deepEqual(gunzipSync(Buffer.concat(sent)), wanted);
      });
});

test('each frame can be read before the next is there', async () => {
  const gzip = new GzipFrames();
  const reader = createGunzip();
  let read = Buffer.alloc(0);
  reader.on('data', (piece: Buffer) => (read = Buffer.concat([read, piece])));
  for (const frame of words.slice(0, 20)) {
    const wanted = Buffer.concat([read, frame]);
    reader.write(gzip.frame(frame));
    while (read.length < wanted.length) await once(reader, 'data');
    assert.deepEqual(read, wanted);
  }
  reader.destroy();
});

test('without its end it is a broken stream, wherever it was cut', () => {
  const gzip = new GzipFrames();
  const sent = Buffer.concat([...words.slice(0, 3).map((frame) => gzip.frame(frame)), gzip.end(null)]);
  for (let bytes = 1; bytes < sent.length; bytes++)
    assert.throws(() => gunzipSync(sent.subarray(0, bytes)), /unexpected end of file/, `${bytes} bytes`);
});

test('frames that repeat each other take a fifth at most, and each alone far more', () => {
  const bytes = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);
  const gzip = new GzipFrames();
  const together = bytes(words.map((frame) => gzip.frame(frame)));
  const alone = bytes(words.map((frame) => new GzipFrames().frame(frame)));
  assert.ok(together < bytes(words) / 5, `${together} of ${bytes(words)}`);
  assert.ok(alone > 2 * together, `${alone} against ${together}`);
});

test('a stream keeps its history and nothing beside: at most 3 kB, however long it is', async () => {
  const kept = async (): Promise<number> => {
    // What zlib had is given back behind a collection, not in it.
    for (let i = 0; i < 3; i++) {
      gc();
      await new Promise(setImmediate);
    }
    const { external, heapUsed } = process.memoryUsage();
    return external + heapUsed;
  };
  const streamed = (frames: readonly Buffer[]): GzipFrames => {
    const gzip = new GzipFrames();
    for (const frame of frames) gzip.frame(frame);
    return gzip;
  };
  streamed(words);
  const before = await kept();
  const open = Array.from({ length: 300 }, () => streamed(words.slice(0, 40)));
  const each = ((await kept()) - before) / open.length;
  assert.ok(each > 2048 && each < 3072, `${each} bytes a stream`);
});
