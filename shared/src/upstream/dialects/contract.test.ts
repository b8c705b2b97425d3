// What every dialect must hold: its answers, cut at every byte, are relayed byte for byte and tell the same usage.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { SseSplitter } from '../../http/http.ts';
import type { Call, Meter, Usage } from '../call.ts';
import { dialectNamed, dialects } from '../dialects.ts';
import { readerOf, type SurfaceName } from '../reading.test/reader.ts';

interface Expected {
  readonly usage: Usage;
  /** The end mark is there. Streams only. */
  readonly finished?: boolean;
  /** The provider said that it failed. */
  readonly failed?: boolean;
  /**
   * Index of the event that carries usage and nothing else, which is hidden from callers that did not ask for it.
   * Streams only.
   */
  readonly usageEvent?: number | null;
}

const { read } = readerOf();
const eventBytesMax = 1 << 20;

/**
 * Folders of recorded answers, each with the surface and the model that give such answers. Text completions are read as
 * chats are.
 */
const recorded: Readonly<Record<string, readonly [surface: SurfaceName, model: string, text?: true]>> = {
  'anthropic-messages': ['anthropic-messages', 'claude-2'],
  'anthropic-text': ['anthropic-text', 'claude-2', true],
  'openai-chat': ['openai', 'gpt-4o'],
  'openai-text': ['openai', 'gpt-3.5-turbo-instruct', true],
  'openai-responses': ['openai-responses', 'gpt-4o'],
  fireworks: ['fireworks', 'accounts/fireworks/models/mixtral-8x7b-instruct'],
  'gemini-generate': ['google', 'gemini-1.5-pro'],
};
const folders = Object.keys(recorded);

test('every dialect of completions has its answers here', () => {
  assert.deepEqual(
    Object.keys(dialects).filter((name) => !folders.includes(name)),
    // These dialects complete nothing.
    ['anthropic-count-tokens', 'gemini-embeddings', 'openai-embeddings', 'kserve-embeddings'],
  );
});

for (const name of folders) describe(name, () => checkDialect(name));

/** OpenAI's two APIs tell their usage alike. */
function folderOf(name: string): string {
  return path.join(import.meta.dirname, 'fixtures', name === 'openai-text' ? 'openai-chat' : name);
}

function meterOf(call: Call): Meter {
  return dialectNamed(call.dialect).meter(call, call.provider, call.asked);
}

function checkDialect(name: string): void {
  const folder = folderOf(name);
  const expectations = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Record<string, Expected>;
  const files = readdirSync(folder).filter((file) => file !== 'expected.json');

  test('has streams and whole answers, each with what is expected of it', () => {
    assert.deepEqual(files.toSorted(), Object.keys(expectations).toSorted());
    assert.ok(files.some((file) => file.endsWith('.sse')) && files.some((file) => file.endsWith('.json')));
  });

  for (const file of files) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const expected = expectations[file];
    assert.ok(expected);
    if (file.endsWith('.json')) test(file, () => checkWhole(name, Buffer.from(text), expected));
    else {
      test(`${file}, usage asked for by the gateway`, () => checkStream(name, text, expected, false));
      test(`${file}, usage asked for by the caller`, () => checkStream(name, text, expected, true));
      test(`${file}, CRLF`, () => checkStream(name, text.replaceAll('\n', '\r\n'), expected, false));
    }
  }
}

function checkWhole(name: string, bytes: Buffer, { usage, failed }: Expected): void {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const meter = meterOf(callOf(name, { stream: false }));
    meter.body(bytes.subarray(0, cut));
    meter.body(bytes.subarray(cut));
    assert.deepEqual(meter.usage(), usage, `cut at byte ${cut}`);
    if (failed !== undefined) assert.equal(meter.failed(), failed, `cut at byte ${cut}`);
  }
}

function checkStream(name: string, text: string, expected: Expected, callerAsks: boolean): void {
  const call = callOf(name, { stream: true, ...(callerAsks && { stream_options: { include_usage: true } }) });
  const hidden = callerAsks ? null : (expected.usageEvent ?? null);
  const relayed = text
    .split(/(?<=\r?\n\r?\n)/)
    .filter((_, i) => i !== hidden)
    .join('');
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut++)
    check(meterOf(call), [bytes.subarray(0, cut), bytes.subarray(cut)], `cut at byte ${cut}`);
  check(
    meterOf(call),
    Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
    'byte by byte',
  );

  function check(meter: Meter, pieces: readonly Buffer[], how: string): void {
    const splitter = new SseSplitter(eventBytesMax);
    const kept = pieces.flatMap((piece) => splitter.push(piece)).filter((event) => meter.event(event));
    const out = Buffer.concat([...kept.map(({ raw }) => raw), splitter.rest() ?? Buffer.alloc(0)]);
    assert.equal(out.toString('utf8'), relayed, how);
    assert.deepEqual(meter.usage(), expected.usage, how);
    assert.equal(meter.finished(), expected.finished, how);
    if (expected.failed !== undefined) assert.equal(meter.failed(), expected.failed, how);
  }
}

function callOf(name: string, more: Record<string, unknown>): Call {
  const [surface, model, text] = recorded[name] ?? assert.fail();
  const asked =
    text === true
      ? { prompt: 'Hello' }
      : {
          messages: [{ role: 'user', content: 'Hello' }],
          contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
          input: 'Hello',
        };
  const call = read(surface, { model, max_tokens: 10, ...asked, ...more });
  assert.notEqual(call.model, null, `${name}: ${model}`);
  return call;
}
