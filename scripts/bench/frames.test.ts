// The benchmark's comparison of streams sees what it is there for: a frame that is lost, changed, moved or too much,
// and a stream that is cut; and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../test/draws.ts';
import { framesOf, readFrames, type Comparison } from './frames.ts';

const texts = ['data: {"delta":"Hé"}\n\n', 'event: b\ndata: two\n\n', 'data: 3\n\n', 'data: 4\n\n', 'data: [DONE]\n\n'];
const expected = framesOf(Buffer.from(texts.join('')));

/** Reads pieces, one a millisecond. */
function compare(pieces: readonly Buffer[]): Comparison {
  const reader = readFrames(expected);
  pieces.forEach((piece, ms) => reader.push(piece, ms));
  return reader.end();
}

function compareTexts(came: readonly (string | undefined)[]): Comparison {
  return compare([Buffer.from(came.join(''))]);
}

/** All but times. */
function counts({ sent, arrived, lost, changed, moved, added, faults }: Comparison): Omit<Comparison, 'timesMs'> {
  return { sent, arrived, lost, changed, moved, added, faults };
}

const same = { sent: 5, arrived: 5, lost: 0, changed: 0, moved: 0, added: 0, faults: [] };

test('the same bytes, cut at any two places or into single ones, are the same frames, each at the time of its last byte', () => {
  const { bytes, ends } = expected;
  for (let i = 0; i <= bytes.length; i++)
    for (let j = i; j <= bytes.length; j++) {
      const comparison = compare([bytes.subarray(0, i), bytes.subarray(i, j), bytes.subarray(j)]);
      assert.deepEqual(counts(comparison), same, `${i} ${j}`);
      const piece = (end: number): number => (end <= i ? 0 : end <= j ? 1 : 2);
      assert.deepEqual([...comparison.timesMs], ends.map(piece), `${i} ${j}`);
    }
  const single = compare(Array.from(bytes, (byte) => Buffer.of(byte)));
  assert.deepEqual(counts(single), same);
  assert.deepEqual(
    [...single.timesMs],
    ends.map((end) => end - 1),
  );
});

test('a frame that is lost', () => {
  for (let i = 0; i < texts.length; i++) {
    const comparison = compareTexts(texts.toSpliced(i, 1));
    const fault = i === 4 ? 'frame 5 is missing: the stream ends behind frame 4' : `frame ${i + 1} is missing`;
    assert.deepEqual(counts(comparison), { ...same, arrived: 4, lost: 1, faults: [fault] });
    assert.deepEqual(
      [...comparison.timesMs],
      texts.map((_, k) => (k === i ? Number.NaN : 0)),
    );
  }
  assert.deepEqual(counts(compareTexts(texts.toSpliced(1, 2))), {
    ...same,
    arrived: 3,
    lost: 2,
    faults: ['frames 2 to 3 are missing'],
  });
});

test('a frame that is changed, and where', () => {
  const comparison = compareTexts(texts.with(1, 'event: b\ndata: Two\n\n'));
  assert.deepEqual(counts(comparison), { ...same, changed: 1, faults: ['frame 2 differs from its byte 16 on'] });
  assert.deepEqual([...comparison.timesMs], [0, Number.NaN, 0, 0, 0]);
});

test('two frames that are swapped', () => {
  for (let i = 0; i + 1 < texts.length; i++) {
    const comparison = compareTexts(texts.with(i, texts[i + 1] ?? '').with(i + 1, texts[i] ?? ''));
    const { faults } = comparison;
    assert.deepEqual({ ...counts(comparison), faults: [] }, { ...same, moved: 1 });
    assert.match(faults.join(), new RegExp(`^frame (${i + 1} came behind frame ${i + 2}|${i + 2} came .*)$`));
  }
  assert.deepEqual(compareTexts([texts[4], ...texts.slice(0, 4)]).faults, ['frame 5 came first']);
});

test('a frame too many, or one twice', () => {
  assert.deepEqual(counts(compareTexts(texts.toSpliced(2, 0, ': ping\n\n'))), {
    ...same,
    added: 1,
    faults: ['a frame too many behind frame 2'],
  });
  assert.deepEqual(compareTexts(texts.toSpliced(3, 0, texts[2] ?? '')).added, 1);
  assert.deepEqual(compareTexts([...texts, 'data: more\n\n']).faults, ['a frame too many behind frame 5']);
});

test('a stream that is cut at any byte', () => {
  const { bytes, ends } = expected;
  for (let length = 0; length < bytes.length; length++) {
    const whole = ends.filter((end) => end <= length).length;
    const rest = length - (ends[whole - 1] ?? 0);
    const { arrived, lost, changed, moved, added, faults } = compare([bytes.subarray(0, length)]);
    assert.deepEqual([arrived, lost, changed, moved, added], [whole, 5 - whole, 0, 0, 0], String(length));
    assert.match(faults[0] ?? '', whole === 0 ? /^no frame came$/ : new RegExp(`ends behind frame ${whole}$`));
    assert.equal(faults[1], rest === 0 ? undefined : `the last ${rest} bytes are no whole frame`);
  }
});

test('several at once', () => {
  const [one, , three, four] = texts;
  assert.deepEqual(compareTexts([one, 'data: x\n\n', four, three]).faults, [
    'frame 3 came behind frame 4',
    'frame 2 differs from its byte 1 on',
    'frame 5 is missing: the stream ends behind frame 4',
  ]);
});

test('whatever comes, however it is cut: every frame is accounted for, and only the same bytes have no fault', () => {
  const frame = fc.constantFrom(...texts, 'data: x\n\n', 'half', '\n', '\n\n');
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 9 }), fc.array(fc.nat(80), { maxLength: 4 }), (came, cuts) => {
      const bytes = Buffer.from(came.join(''));
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const cut = compare(places.slice(1).map((to, i) => bytes.subarray(places[i], to)));
      assert.deepEqual(counts(cut), counts(compare([bytes])));
      assert.equal(cut.sent, 5);
      assert.equal(cut.arrived + cut.lost, cut.sent);
      assert.equal(cut.faults.length === 0, bytes.equals(expected.bytes));
      const inOrder = cut.timesMs.filter((ms) => !Number.isNaN(ms)).length;
      assert.equal(inOrder, cut.arrived - cut.changed - cut.moved);
    }),
  );
});

test('what comes without an end is looked at up to a bound', () => {
  const reader = readFrames(expected);
  const flood = Buffer.from('data: x\n\n'.repeat(1_000));
  for (let i = 0; i < 1_000; i++) reader.push(flood, i);
  const { lost, changed, added } = reader.end();
  assert.deepEqual([lost, changed], [0, 5]);
  assert.equal(added, 995);
});

test('half a stream is no measure', () => {
  assert.throws(() => framesOf(expected.bytes.subarray(0, -1)), /no whole stream/);
  assert.throws(() => framesOf(Buffer.alloc(0)), /no whole stream/);
});
