// Event streams cut wherever a network may cut them: the same events, the same bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { SseEvent, SseSplitter } from './sse.ts';

const stream = Buffer.from(
  'event: a\ndata: {"x":"é"}\n\ndata: one\ndata:two\r\n\r\n\n: comment\n\nid: 7\ndata:  [DONE]\n\ndata: no end',
);
const parts = [
  'event: a\ndata: {"x":"é"}\n\n',
  'data: one\ndata:two\r\n\r\n',
  '\n',
  ': comment\n\n',
  'id: 7\ndata:  [DONE]\n\n',
];

function split(pieces: readonly Buffer[], max = 1_000): { events: string[]; rest: string | null; lost: boolean } {
  const splitter = new SseSplitter(max);
  const events = pieces.flatMap((piece) => splitter.push(piece)).map(({ raw }) => raw.toString('utf8'));
  return { events, rest: splitter.rest()?.toString('utf8') ?? null, lost: splitter.lost };
}

test('cut at every offset, and at any two, the events are the same', () => {
  const whole = { events: parts, rest: 'data: no end', lost: false };
  assert.deepEqual(split([stream]), whole);
  for (let i = 0; i <= stream.length; i++)
    for (let j = i; j <= stream.length; j++)
      assert.deepEqual(split([stream.subarray(0, i), stream.subarray(i, j), stream.subarray(j)]), whole, `${i} ${j}`);
});

test('whatever comes, what goes out in order is what came in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('\n', '\r', 'data:', 'x', ' ') })),
      fc.nat(20),
      (texts, max) => {
        const { events, rest } = split(
          texts.map((text) => Buffer.from(text)),
          max,
        );
        assert.equal(events.join('') + (rest ?? ''), texts.join(''));
      },
    ),
  );
});

test('a million blank lines are a few events, one for each piece, and so is what stands between them', () => {
  const blank = Buffer.from('\n'.repeat(1_000_000));
  assert.deepEqual(
    split([blank, Buffer.from('data: x\n\n\n\ndata: y\n\n'), blank]).events.map(({ length }) => length),
    [1_000_000, 9, 2, 9, 1_000_000],
  );
});

test('an event that does not end comes out in pieces past the bound, and that is said', () => {
  const { events, rest, lost } = split(
    [Buffer.from('data: 1234'), Buffer.from('5678'), Buffer.from('\n\ndata: x\n\n')],
    12,
  );
  assert.equal(lost, true);
  assert.equal(events.join('') + (rest ?? ''), 'data: 12345678\n\ndata: x\n\n');
});

test('name and data as the standard reads them', () => {
  const [first, second] = parts.map((part) => new SseEvent(Buffer.from(part)));
  assert.deepEqual([first?.name, first?.data], ['a', '{"x":"é"}']);
  assert.deepEqual([second?.name, second?.data], [null, 'one\ntwo']);
  assert.equal(new SseEvent(Buffer.from('data\n\n')).data, null);
  assert.equal(new SseEvent(Buffer.from('database: x\ndata:  two\n\n')).data, ' two', 'one blank is taken off');
});

test('an event of many pieces is assembled in linear time, and one of many lines costs no more than its bytes', () => {
  const copiedBy = (pieces: number): number => {
    let copied = 0;
    const copy = Buffer.prototype.copy;
    Buffer.prototype.copy = function count(this: Buffer, ...given: Parameters<typeof copy>) {
      const bytes = copy.apply(this, given);
      copied += bytes;
      return bytes;
    };
    try {
      const splitter = new SseSplitter(16 * 1024 * 1024);
      for (let i = 0; i < pieces; i++) assert.deepEqual(splitter.push(Buffer.alloc(1_000, 'a')), []);
      assert.equal(splitter.push(Buffer.from('\n\n'))[0]?.raw.length, pieces * 1_000 + 2);
      assert.equal(splitter.rest(), null);
    } finally {
      Buffer.prototype.copy = copy;
    }
    return copied / (pieces * 1_000);
  };
  for (const pieces of [100, 1_000, 10_000]) assert.ok(copiedBy(pieces) < 3, `${copiedBy(pieces)} copies of each byte`);
  const event = (lines: number): SseEvent => new SseEvent(Buffer.from(`data: x\n${'a\n'.repeat(lines)}\n`));
  assert.deepEqual([event(9_998).data, event(20_000).data, event(20_000).name], ['x', null, null]);
});
