// The load generator compares what comes over real sockets, and a stream that breaks off is counted with its frames.
// Counts alone: no clock decides.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOpenAi } from '../local/providers/openai.ts';
import { run, type Order, type Outcome } from './load.ts';
import { chat } from './sections.ts';

const provider = await startOpenAi({ apiKey: 'k', chunks: 6 });
after(() => provider.close());

const url = `${provider.url}/v1/chat/completions`;
const headers = { 'content-type': 'application/json', authorization: 'Bearer k' };
const body = chat(100, true);
const stream = await (await fetch(url, { method: 'POST', headers, body })).text();
const frames = stream.split('\n\n').length - 1;

function compare(more: Partial<Order> = {}): Promise<Outcome> {
  return run({ url, headers, body, stream, concurrency: 4, requests: 4, ...more });
}

test('the same streams, in closed and in open loop', async () => {
  for (const more of [{}, { perSecond: 1_000 }]) {
    const { failed, frames: seen, latenciesMs } = await compare(more);
    assert.deepEqual([failed, latenciesMs.length], [0, 4]);
    assert.deepEqual([seen.sent, seen.arrived, seen.faults], [4 * frames, 4 * frames, []]);
    assert.deepEqual(
      seen.timesMs.map((times) => times.filter((ms) => !Number.isNaN(ms)).length),
      [frames, frames, frames, frames],
    );
  }
});

test('one that is cut into pieces within its frames is the same', async () => {
  const bytes = Buffer.from(stream);
  provider.next({ bytes, cuts: Array.from({ length: 60 }, (_, i) => Math.floor((i * bytes.length) / 60)) });
  const { failed, frames: seen } = await compare();
  assert.deepEqual([failed, seen.arrived, seen.faults], [0, 4 * frames, []]);
});

test('one that breaks off, one with a frame less, one that is refused', async () => {
  const [first = '', second = '', ...rest] = stream.split(/(?<=\n\n)/);
  provider.next({ cutAfterBytes: Buffer.byteLength(first + second) + 5 });
  const broken = await compare({ concurrency: 1 });
  assert.deepEqual([broken.failed, broken.frames.lost], [1, frames - 2]);
  assert.match(broken.frames.faults.join(), /^stream 1: frames 3 to \d+ are missing: the stream ends behind frame 2,/);

  provider.next({ bytes: Buffer.from([first, ...rest].join('')), cuts: [] });
  const less = await compare({ concurrency: 1 });
  assert.deepEqual([less.failed, less.frames.lost, less.frames.faults], [0, 1, ['stream 1: frame 2 is missing']]);

  const refused = await compare({ headers: {}, requests: 1 });
  assert.deepEqual([refused.failed, refused.frames.lost], [1, frames]);
  assert.deepEqual(refused.frames.faults, ['stream 1: no frame came']);
});
