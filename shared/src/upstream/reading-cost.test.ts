// Whatever a request or an answer is made of and wherever that stands, in every dialect, reading it costs a bounded
// multiple of what JSON.parse takes for the same bytes, here and now, and what is kept of it a bounded part of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { cost, heapOf, heavy, seed } from '../../../scripts/test/heavy-json.ts';
import { parseInOrder, Refusal, SseSplitter } from '../http/http.ts';
import type { Call, JsonObject, Meter } from './call.ts';
import { dialectNamed } from './dialects.ts';
import { cody, readerOf, surfaces, type SurfaceName } from './reading.test/reader.ts';

const bytes = 500_000;
const runs = 4;
const chunkBytes = 64 * 1024;
/** Twice and more of what was seen on a machine with five times as much to do as it has processors. */
const requestMax = { times: 16, heap: 10 };
const answerMax = { times: 8, heap: 8 };

const { upstream, catalogue } = readerOf();
const message = [{ role: 'user', content: 'hi' }];
const contents = [{ parts: [{ text: 'hi' }] }];
/** A request of each dialect, and the members that something heavy is put into, beside one that no API has. */
const requests: readonly (readonly [SurfaceName, JsonObject, readonly string[], string?])[] = [
  ['anthropic-messages', { model: 'claude-2', max_tokens: 10, messages: message }, ['messages', 'tools', 'system']],
  ['openai-chat', { model: 'gpt-4o', messages: message }, ['messages', 'tools', 'response_format']],
  ['openai-text', { model: 'gpt-3.5-turbo-instruct', prompt: 'hi' }, ['prompt', 'logit_bias']],
  ['openai-responses', { model: 'gpt-4o', input: 'hi', store: false }, ['input', 'tools', 'text']],
  ['google', { model: 'gemini-1.5-pro', contents }, ['contents', 'tools', 'generationConfig']],
  [
    'gemini-embeddings',
    { model: 'gemini-embedding-001', content: contents[0] },
    ['content', 'requests'],
    'embedContent',
  ],
];
/** Where an answer of any of them may hold it. */
const places = ['choices', 'content', 'output', 'candidates', 'embedding', 'usage', 'usageMetadata', 'response', 'x'];

/**
 * The measure: JSON.parse of the same bytes, and of as many bytes of plain numbers where that is more; it takes next to
 * nothing for one long text, or for what is no JSON.
 */
function baseline(text: string): number {
  const plain = `[${Array(Math.floor(text.length / 2))
    .fill('1')
    .join(',')}]`;
  const parse = (one: string): void => {
    try {
      JSON.parse(one);
    } catch {
      // It costs what was parsed by then.
    }
  };
  return Math.max(
    least(() => parse(text)),
    least(() => parse(plain)),
  );
}

/** The least of three: a collection that other tests have left is nobody's cost. */
const least = (work: () => void): number => Math.min(...Array.from({ length: 3 }, () => cost(work)));

function assertBounded(
  what: string,
  text: string,
  work: () => unknown,
  { times: timesMax, heap }: typeof requestMax,
): void {
  const times = least(() => void work()) / baseline(text);
  assert.ok(times < timesMax, `${what}: ${times.toFixed(1)} times JSON.parse`);
  const perByte = heapOf(work) / text.length;
  assert.ok(perByte < heap, `${what}: ${perByte.toFixed(1)} bytes of heap a byte`);
}

const put = (body: JsonObject, member: string, value: string): string => {
  const rest = Object.entries(body).filter(([name]) => name !== member);
  return `{${rest.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)},`).join('')}"${member}":${value}}`;
};

const factsOf = (verb: string | undefined) => ({
  ...cody,
  dialect: 'openai' as const,
  ...(verb !== undefined && { verb }),
});

for (const [surface, body, members, verb] of requests)
  describe(surface, () => {
    /** As a function reads it: parsed and understood. */
    const read = (text: string): unknown => {
      try {
        return upstream.read(surfaces[surface], parseInOrder(text), factsOf(verb), catalogue);
      } catch (error) {
        assert.ok(error instanceof Refusal && ['bad-request', 'body-too-large'].includes(error.kind), String(error));
        return null;
      }
    };
    test('requests', () => {
      fc.assert(
        fc.property(heavy(bytes), fc.constantFrom(...members, 'x'), ({ names, value }, member) => {
          const text = put(body, member, value);
          assertBounded(`${member} of ${names.join(', ')}`, text, () => read(text), requestMax);
        }),
        { numRuns: runs, seed },
      );
    });

    const call: Call = upstream.read(surfaces[surface], body, factsOf(verb), catalogue);
    const meterOf = (): Meter => dialectNamed(call.dialect).meter(call, call.provider, call.asked);
    const told = (meter: Meter): Meter => {
      for (let i = 0; i < 2; i++) {
        meter.failed();
        meter.finished();
        meter.written();
        meter.usage();
        meter.report();
      }
      return meter;
    };
    const whole = (text: string): Meter => {
      const meter = meterOf();
      const all = Buffer.from(text);
      for (let at = 0; at < all.length; at += chunkBytes) meter.body(all.subarray(at, at + chunkBytes));
      return told(meter);
    };
    const streamed = (text: string): Meter => {
      const meter = meterOf();
      const splitter = new SseSplitter(10 * 1024 * 1024);
      const all = Buffer.from(`data: ${text}\n\n`);
      for (let at = 0; at < all.length; at += chunkBytes)
        for (const event of splitter.push(all.subarray(at, at + chunkBytes))) meter.event(event);
      return told(meter);
    };
    for (const [how, work] of [
      ['whole', whole],
      ['streamed', streamed],
    ] as const)
      test(`answers, ${how}`, () => {
        fc.assert(
          fc.property(heavy(bytes), fc.constantFrom(...places), fc.boolean(), ({ names, value }, member, isCut) => {
            const text = put({ type: 'x', usage: { prompt_tokens: 7 } }, member, value);
            const given = isCut ? text.slice(0, -3) : text;
            assertBounded(`${member} of ${names.join(', ')}`, given, () => work(given), answerMax);
          }),
          { numRuns: runs, seed },
        );
      });
  });
