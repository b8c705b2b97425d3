// However many values an embedding model answers with, no turn of the event loop parses more than a piece of them, and
// what was not asked for is not parsed at all. Counts, not clocks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../catalogue/catalogue.ts';
import type { Lease } from '../../limiter/limiter.ts';
import type { Answer } from '../call.ts';
import { countParsed } from '../parsed-values.test/count.ts';
import { readerOf } from '../reading.test/reader.ts';
import type { EmbeddingAsk } from './embedder.ts';
import { createJsonCall } from './json-call.ts';

/**
 * What one turn parses weighs 50,000 (http/json-in-turns.ts), and a value 1 at the least; with the brackets around it.
 */
const turnValuesMax = 50_010;
const { catalogue } = readerOf();
const found = catalogue.resolve('openai/text-embedding-3-large');
assert.ok(found.kind !== 'refused');
const { model } = found as { model: Model };

/** One call that is answered with a text. */
async function ask(text: string, numbers: number): Promise<object> {
  const bytes = Buffer.from(text);
  const body = (async function* () {
    await Promise.resolve();
    for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
  })();
  const answer = { status: 200, refusal: null, body, abort: () => undefined } as unknown as Answer;
  const call = createJsonCall({ sendBeside: () => Promise.resolve(answer) }, catalogue);
  const lease = { permit: { actor: { id: 'sub1' }, model: model.id } } as unknown as Lease;
  const rest = { places: null, forInstances: false, timeoutMs: 1_000, dimensions: null };
  const { signal } = new AbortController();
  const asked: EmbeddingAsk = { ...rest, lease, signal, onAttempt: () => undefined, spent: () => undefined };
  return call({ model, dialect: 'openai-embeddings', members: { input: ['a'] }, numbers }, asked);
}

test('a million numbers are parsed in many turns, in however many vectors', async () => {
  for (const length of [1_000_000, 1_000, 250]) {
    const vector = `[${Array(length).fill('0.25').join(',')}]`;
    const items = Array(1_000_000 / length).fill(`{"object":"embedding","index":0,"embedding":${vector}}`);
    let value: object = {};
    const most = await countParsed(async () => {
      value = await ask(`{"data":[${items.join(',')}],"usage":{"total_tokens":5}}`, 1_000_000);
    });
    assert.ok(most <= turnValuesMax, `${most} values in one turn`);
    assert.deepEqual((value as { usage: unknown }).usage, { total_tokens: 5 });
  }
});

test('what weighs more than was asked for, or is longer, is refused; less than that was parsed by then', async () => {
  const bombs = {
    'empty lists': `{"data":[${Array(4_000_000).fill('[]').join(',')}]}`,
    'empty objects': `[${Array(4_000_000).fill('{}').join(',')}]`,
    names: `{${Array.from({ length: 500_000 }, (_, i) => `"k${i}":0`).join(',')}}`,
    'no JSON': `{"data":[${Array(40_000).fill('1').join(',')}`,
    'a long text': `{"data":"${'a'.repeat(6_000_000)}"}`,
  };
  for (const [what, text] of Object.entries(bombs)) {
    const most = await countParsed(async () => {
      await assert.rejects(ask(text, 3_072), { kind: 'upstream-unreachable' }, what);
    });
    assert.ok(most <= turnValuesMax, `${what}: ${most} values in one turn`);
  }
});
