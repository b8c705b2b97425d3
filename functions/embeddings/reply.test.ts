// Replies in either shape are the bytes that JSON has for the whole, however many numbers there are, and no turn writes
// more than a few of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNumbersRoom, numbersMax } from './numbers-room.ts';
import { embeddingReply } from './reply.ts';

const vectorsOf = (count: number, length: number): number[][] =>
  Array.from({ length: count }, (_, i) => Array.from({ length }, (__, j) => (i + 1) / (j + 7)));

test('the bytes are those of the whole, in both shapes and in base64', async () => {
  for (const [count, length] of [
    [0, 3],
    [1, 3],
    [50, 3_072],
  ] as const) {
    const vectors = vectorsOf(count, length);
    const embedded = { vectors, model: 'm"ö' };
    const write = async (shape: 'cody' | 'openai', base64: boolean): Promise<string> =>
      Buffer.concat(await embeddingReply({ shape, base64 }, embedded, 12, length)).toString('utf8');
    const items = vectors.map((data, index) => ({ index, data }));
    assert.equal(
      await write('cody', false),
      JSON.stringify({ embeddings: items, model: embedded.model, dimensions: length }),
    );
    for (const base64 of [false, true]) {
      const floats = (data: number[]): string => Buffer.from(Float32Array.from(data).buffer).toString('base64');
      const data = items.map(({ index, data: numbers }) => ({
        object: 'embedding',
        index,
        embedding: base64 ? floats(numbers) : numbers,
      }));
      const usage = { prompt_tokens: 12, total_tokens: 12 };
      assert.equal(
        await write('openai', base64),
        JSON.stringify({ object: 'list', data, model: embedded.model, usage }),
      );
    }
  }
});

test('no turn writes more than a few numbers', async () => {
  const vectors = vectorsOf(200, 1_536);
  let turns = 0;
  const turn = (): Promise<void> => Promise.resolve(void turns++);
  const pieces = await embeddingReply({ shape: 'cody', base64: false }, { vectors, model: 'm' }, 1, 1_536, turn);
  assert.ok(turns >= 9, String(turns));
  for (const piece of pieces) assert.ok(piece.toString('utf8').split(',').length < 40_000);
});

test('large requests share the room, small ones need none, and what was taken is given back once', () => {
  const room = createNumbersRoom();
  const free = room.take(numbersMax);
  assert.ok(free !== null);
  assert.equal(room.take(300_000), null);
  assert.ok(room.take(3_072) !== null);
  free();
  free();
  assert.ok(room.take(numbersMax) !== null);
  assert.equal(room.take(300_000), null);
  assert.equal(createNumbersRoom().take(numbersMax + 1), null);
});
