// However many values an answer holds, in whatever dialect and form, no turn of the event loop parses more than a few
// of them, and nothing is parsed again because somebody asks again. Counts, not clocks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SseSplitter } from '../http/http.ts';
import { errorDocument } from './answer-json.ts';
import type { Call, Meter } from './call.ts';
import { dialectNamed } from './dialects.ts';
import { countParsed } from './parsed-values.test/count.ts';
import { cody, readerOf, type SurfaceName } from './reading.test/reader.ts';

/** What weighs so much is not parsed in one turn (http/json-members.ts), and a value weighs 1 at the least. */
const valuesMax = 150_000;
/** Of an answer or event. Ten times as many values as may be parsed: more of them are passed over like these. */
const bytes = 4_000_000;
const chunkBytes = 64 * 1024;
/** Chunks between two times that somebody asks what has come so far. */
const askedEvery = 16;

const filled = (item: string): string =>
  `[${Array(Math.floor(bytes / (item.length + 1)))
    .fill(item)
    .join(',')}]`;
const [lists, objects] = [filled('[]'), filled('{}')];
/** It would be parsed if there were no fault behind it. */
const light = `[${Array(120_000).fill('1').join(',')}]`;
const members = (count: number, member: (i: number) => string): string =>
  `{${Array.from({ length: count }, (_, i) => member(i)).join(',')}}`;

/** Answers by what is bad in them. */
const bombs: Readonly<Record<string, string>> = {
  'a list of empty lists': lists,
  'empty lists in a member': `{"choices":${lists},"usage":{"prompt_tokens":7}}`,
  'empty objects in a member': `{"candidates":${objects},"usage":{"prompt_tokens":7}}`,
  'numbers in many members': members(100, (i) => `"m${i}":[${Array(20_000).fill('1').join(',')}]`),
  'members of many names': members(bytes / 10, (i) => `"k${i}":0`),
  'an object that nobody closes': `{"content":${light},"x":${objects}`,
  'an object that ends in a bracket too many': `{"content":${light}}${' '.repeat(bytes)}}`,
  'a light object with a fault at its end': `{"output":${light},}`,
};

const { read } = readerOf();
const message = [{ role: 'user', content: 'hi' }];
/** A call of each dialect, and whether its stream may be one JSON array. */
const calls: readonly (readonly [surface: SurfaceName, body: Record<string, unknown>, verb?: string])[] = [
  ['anthropic-messages', { model: 'claude-2', max_tokens: 10, messages: message }],
  ['anthropic-count-tokens', { model: 'claude-2', messages: message }],
  ['anthropic-text', { model: 'claude-2', max_tokens_to_sample: 10, prompt: '\n\nHuman: hi\n\nAssistant:' }],
  ['openai-chat', { model: 'gpt-4o', messages: message }],
  ['openai-text', { model: 'gpt-3.5-turbo-instruct', prompt: 'hi' }],
  ['openai-responses', { model: 'gpt-4o', input: 'hi', store: false }],
  ['google', { model: 'gemini-1.5-pro', contents: [{ parts: [{ text: 'hi' }] }] }],
  [
    'google',
    { model: 'gemini-1.5-pro', contents: [{ parts: [{ text: 'hi' }] }], stream: true },
    'streamGenerateContent',
  ],
  ['gemini-embeddings', { model: 'gemini-embedding-001', content: { parts: [{ text: 'hi' }] } }, 'embedContent'],
];

const meterOf = (call: Call): Meter => dialectNamed(call.dialect).meter(call, call.provider, call.asked);

/** All that is asked of a meter, in one turn; some of it more than once. */
function askAll(meter: Meter): void {
  for (let i = 0; i < 2; i++) {
    meter.failed();
    meter.finished();
    meter.written();
    meter.usage();
    meter.report();
    meter.untold?.();
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function chunksOf(text: string): Buffer[] {
  const whole = Buffer.from(text);
  return Array.from({ length: Math.ceil(whole.length / chunkBytes) }, (_, i) =>
    whole.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
}

for (const [surface, body, verb] of calls)
  describe(`${surface}${verb === undefined ? '' : ` (${verb})`}`, () => {
    const call = read(surface, body, { ...cody, dialect: 'openai', ...(verb !== undefined && { verb }) });
    for (const [what, bomb] of Object.entries(bombs)) {
      test(`a whole answer: ${what}`, async () => {
        const most = await countParsed(async () => {
          const meter = meterOf(call);
          for (const [i, chunk] of chunksOf(bomb).entries()) {
            meter.body(chunk);
            if (i % askedEvery !== 0) continue;
            // As a renewal asks while the answer comes.
            askAll(meter);
            await nextTurn();
          }
          askAll(meter);
        });
        assert.ok(most <= valuesMax, `${most} values in one turn`);
      });
      test(`an event: ${what}`, async () => {
        const most = await countParsed(async () => {
          const meter = meterOf(call);
          const splitter = new SseSplitter(10 * 1024 * 1024);
          for (const chunk of chunksOf(`data: ${bomb}\n\n`))
            for (const event of splitter.push(chunk)) meter.event(event);
          askAll(meter);
          await nextTurn();
        });
        assert.ok(most <= valuesMax, `${most} values in one turn`);
      });
    }
  });

test('an error’s document', async () => {
  for (const [what, bomb] of Object.entries(bombs)) {
    const most = await countParsed(() => Promise.resolve(void errorDocument(bomb)));
    assert.ok(most <= valuesMax, `${what}: ${most} values in one turn`);
  }
});

test('a count that is asked for while the answer comes takes nothing away from it', () => {
  for (const [surface, body, verb] of calls.slice(0, 7)) {
    const call = read(surface, body, { ...cody, dialect: 'openai', ...(verb !== undefined && { verb }) });
    const text = JSON.stringify({
      model: 'm',
      completion: '}{',
      choices: [{ message: { content: '{"a":{}}' } }],
      content: [{ type: 'text', text: '}' }],
      usage: { prompt_tokens: 7, completion_tokens: 3, input_tokens: 7, output_tokens: 3 },
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3 },
      end: {},
    });
    const whole = meterOf(call);
    whole.body(Buffer.from(text));
    const pieces = meterOf(call);
    for (const byte of Buffer.from(`${text}\n`)) {
      pieces.body(Buffer.from([byte]));
      askAll(pieces);
    }
    assert.deepEqual(pieces.usage(), whole.usage(), surface);
    assert.deepEqual(pieces.report(), whole.report(), surface);
    assert.equal(pieces.written(), whole.written(), surface);
  }
});
