// Proves that the bytes written for spans are what OTLP's schema reads, whatever the values, and that a batch stays
// within its size.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSpans } from '../../../scripts/local/google/otlp.ts';
import { createSpanWriter } from './otlp-spans.ts';
import type { Attributes, SpanRecord, TraceFacts } from './span.ts';

const trace: TraceFacts = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: 'ffeeddccbbaa0099',
  links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
  sampled: true,
};
const span = (more: Partial<SpanRecord> = {}): SpanRecord => ({
  name: 'admit',
  kind: 'internal',
  startMs: 1_764_000_000_123.456,
  endMs: 1_764_000_001_123.457,
  base: {},
  attributes: {},
  failure: null,
  ...more,
});
const writer = () => createSpanWriter({ 'service.name': 'limits' }, { name: 'cody-gateway', version: '1' });

function roundTrip(spans: readonly SpanRecord[], facts = trace) {
  const out = writer();
  for (const one of spans) assert.ok(out.add(facts, one));
  return readSpans(Buffer.from(out.take()?.body ?? []));
}

test('every kind of value comes back as it was', () => {
  const values: Attributes = {
    empty: '',
    short: 'chat_completions',
    'forty-eight': 'x'.repeat(48),
    'one more': 'x'.repeat(49),
    umlauts: 'Zürich 東京 🚲',
    'long umlauts': 'ü'.repeat(200),
    zero: 0,
    small: 127,
    middle: 128,
    large: 1_764_000_000_123,
    largest: Number.MAX_SAFE_INTEGER,
    negative: -1,
    'very negative': -4_000_000_000,
    fraction: 0.0223,
    infinite: Number.POSITIVE_INFINITY,
    yes: true,
    no: false,
  };
  const [read] = roundTrip([span({ attributes: { ...values, unknown: null, absent: undefined } })]);
  assert.deepEqual({ ...read?.attributes }, values);
  const lone = roundTrip([span({ attributes: { lone: `a${String.fromCharCode(0xd800)}b` } })]);
  assert.equal(lone[0]?.attributes['lone'], 'a\ufffdb');
  const long = roundTrip([span({ attributes: { long: 'x'.repeat(20_000) } })]);
  assert.equal(String(long[0]?.attributes['long']).length, 16_384);
});

test('what is kept as bytes stays apart: frozen attributes, an attribute of many values, values alike in text alone', () => {
  const base = Object.freeze({ provider: 'openai', model: 'gpt-4o' });
  const values = [...Array.from({ length: 100 }, (_, n) => n), 'a', 'ä', '1', 1, true, 'true', 'x'.repeat(600)];
  for (const round of [1, 2])
    for (const value of values) {
      const [read] = roundTrip([span({ base, attributes: { value, round, other: String(value) } })]);
      assert.deepEqual({ ...read?.attributes }, { ...base, value, round, other: String(value) });
    }
});

test('the root has the caller’s span as parent and its links, steps are its children with ids of their own', () => {
  const [root, step, other] = roundTrip([
    span({ name: '/v1/limits', kind: 'server', failure: 'quota-exceeded' }),
    span({ kind: 'client' }),
    span(),
  ]);
  assert.deepEqual(
    [root?.spanId, root?.parentSpanId, root?.links, root?.failed, root?.kind, root?.name, root?.service],
    [trace.spanId, trace.parentSpanId, trace.links, true, 2, '/v1/limits', 'limits'],
  );
  assert.deepEqual([step?.parentSpanId, step?.kind, step?.failed, step?.links], [trace.spanId, 3, false, []]);
  assert.deepEqual([other?.kind, other?.traceId], [1, trace.traceId]);
  assert.notEqual(step?.spanId, other?.spanId);
  assert.ok(Math.abs((step?.startMs ?? 0) - 1_764_000_000_123.456) < 0.001);
  assert.ok(Math.abs((step?.endMs ?? 0) - 1_764_000_001_123.457) < 0.001);
  assert.equal(roundTrip([span({ kind: 'server' })], { ...trace, parentSpanId: null })[0]?.parentSpanId, '');
});

test('what does not fit is not written, and the batch can still be read', () => {
  const out = writer();
  const large = span({ attributes: { event: 'x'.repeat(10_000) } });
  let taken = 0;
  while (out.add(trace, large)) taken++;
  const batch = out.take();
  assert.equal(batch?.spans, taken);
  assert.ok((batch?.body.length ?? 0) <= 256 * 1024);
  assert.equal(readSpans(Buffer.from(batch?.body ?? [])).length, taken);
  assert.equal(out.take(), null);
  // Larger than any batch: refused, and the next one is not harmed.
  const attributes = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`a${n}`, 'ü'.repeat(16_000)]));
  assert.equal(out.add(trace, span({ attributes })), false);
  assert.ok(out.add(trace, span()));
  assert.equal(readSpans(Buffer.from(out.take()?.body ?? [])).length, 1);
});
