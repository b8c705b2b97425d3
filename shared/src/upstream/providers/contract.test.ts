// What every provider of the registry must hold: its answers, cut at every byte, are relayed byte for byte and tell the same usage.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../config/config.ts';
import { SseSplitter } from '../../http/http.ts';
import type { Call, CallerFacts, Meter, Shape, Usage } from '../call.ts';
import type { Provider } from '../provider.ts';
import { providersWithKeys, registry } from '../registry.ts';

interface Expected {
  readonly usage: Usage;
  /** The end mark is there. Streams only. */
  readonly finished?: boolean;
  /** Index of the event that carries usage and nothing else, which is hidden from callers that did not ask for it. Streams only. */
  readonly usageEvent?: number | null;
}

const providers = providersWithKeys(
  loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN: 'key',
    CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'key',
    CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: 'key',
    CODY_GATEWAY_GOOGLE_ACCESS_TOKEN: 'key',
  }),
);
const caller: CallerFacts = {
  actorId: 'sub1',
  actorUid: '42',
  dialect: 'cody',
  feature: 'chat_completions',
  headers: {},
};
const eventBytesMax = 1 << 20;

test('every line of the registry has its answers here', () => {
  assert.equal(providers.length, registry.length);
});

for (const provider of providers) describe(folderOf(provider), () => checkProvider(provider));

/** An API has its answers under the first shape that it takes. */
function folderOf({ shapes }: Provider): Shape {
  assert.ok(shapes[0]);
  return shapes[0];
}

function checkProvider(provider: Provider): void {
  const folder = path.join(import.meta.dirname, 'fixtures', folderOf(provider));
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
    if (file.endsWith('.json')) test(file, () => checkWhole(provider, Buffer.from(text), expected.usage));
    else {
      test(`${file}, usage asked for by the gateway`, () => checkStream(provider, text, expected, false));
      test(`${file}, usage asked for by the caller`, () => checkStream(provider, text, expected, true));
      test(`${file}, CRLF`, () => checkStream(provider, text.replaceAll('\n', '\r\n'), expected, false));
    }
  }
}

function checkWhole(provider: Provider, bytes: Buffer, usage: Usage): void {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const meter = provider.meter(callOf(provider, { stream: false }));
    meter.body(bytes.subarray(0, cut));
    meter.body(bytes.subarray(cut));
    assert.deepEqual(meter.usage(), usage, `cut at byte ${cut}`);
  }
}

function checkStream(provider: Provider, text: string, expected: Expected, callerAsks: boolean): void {
  const call = callOf(provider, { stream: true, ...(callerAsks && { stream_options: { include_usage: true } }) });
  const hidden = callerAsks ? null : (expected.usageEvent ?? null);
  const relayed = text
    .split(/(?<=\r?\n\r?\n)/)
    .filter((_, i) => i !== hidden)
    .join('');
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut++)
    check(provider.meter(call), [bytes.subarray(0, cut), bytes.subarray(cut)], `cut at byte ${cut}`);
  check(
    provider.meter(call),
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
  }
}

function callOf(provider: Provider, more: Record<string, unknown>): Call {
  const asked = {
    messages: [{ role: 'user', content: 'Hello' }],
    contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
  };
  const shape = folderOf(provider);
  const prompt = shape === 'anthropic-text' ? { prompt: 'Hello' } : {};
  return provider.read({ model: 'any', max_tokens: 10, ...asked, ...prompt, ...more }, caller, shape);
}
