// What answers keep while they pass is bounded by one room for all of them: beyond it long texts are read by their
// beginnings, events pass in pieces, the caller gets every byte all the same, and all room is given back in the end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import type { Answer, Meter } from '../upstream/upstream.ts';
import { AnswerRoom, keptBytesFree } from './answer-room.ts';
import { relay, type Relayed } from './relay.ts';
import { ShortTexts } from './short-texts.ts';

const chunkBytes = 64 * 1024;
const roomBytes = 1_000_000;
/** Beyond what is free for each, and what comes on top of its shortened rest. */
const keptMax = 3 * chunkBytes + keptBytesFree;

/** A meter that keeps what it is given. */
function keeping(): Meter & { readonly given: Buffer[]; longest: number } {
  const given: Buffer[] = [];
  return {
    given,
    longest: 0,
    event({ raw }) {
      this.longest = Math.max(this.longest, raw.length);
      return true;
    },
    body: (piece) => void given.push(piece),
    finished: () => true,
    failed: () => false,
    usage: () => assert.fail('nobody asks'),
    report: () => assert.fail('nobody asks'),
    written: () => 0,
  };
}

interface Passed {
  readonly answer: string;
  readonly sse?: boolean;
  readonly arrayStream?: boolean;
}

/** Relays answers at the same time; `given` is what each meter got. */
async function pass(
  t: TestContext,
  room: AnswerRoom,
  answers: readonly Passed[],
): Promise<{ body: string; given: Buffer; longest: number; relayed: Relayed }[]> {
  const all = answers.map(({ answer, sse = false, arrayStream = false }) => {
    const bytes = Buffer.from(answer);
    const meter = keeping();
    const body = (async function* () {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        await new Promise(setImmediate);
        yield bytes.subarray(at, at + chunkBytes);
      }
    })();
    return { meter, answer: { sse, arrayStream, body, meter, abort: () => undefined, onEnded: () => undefined } };
  });
  const relayed: Relayed[] = [];
  // Nobody is done before everybody has come to the end: what they keep is kept at the same time.
  let atEnd = 0;
  const everybody = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const index = Number(request.url?.slice(1));
    const one = all[index]?.answer as unknown as Answer;
    const begin = (): null => {
      if (!response.headersSent) response.writeHead(200);
      return null;
    };
    void relay(one, response, begin, new AbortController().signal, undefined, room).then(async (result) => {
      relayed[index] = result;
      if (++atEnd === all.length) everybody.resolve();
      await everybody.promise;
      response.end(result.last);
    });
  }).listen(0);
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const bodies = await Promise.all(
    all.map(async (_one, index) => {
      const request = get({ port, agent: false, path: `/${index}` });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return Buffer.concat(await response.toArray()).toString();
    }),
  );
  return all.map(({ meter }, i) => ({
    body: bodies[i] ?? '',
    given: Buffer.concat(meter.given),
    longest: meter.longest,
    relayed: relayed[i] ?? assert.fail('it did not end'),
  }));
}

/** Whether all of a room is there. */
const isEmpty = (room: AnswerRoom): boolean => {
  if (!room.take(roomBytes)) return false;
  room.giveBack(roomBytes);
  return true;
};

const usage = { prompt_tokens: 7, completion_tokens: 3 };
const long = JSON.stringify({ choices: [{ message: { content: '\\"é\n'.repeat(300_000) } }], usage });

test('of many long answers at once a bounded number of bytes is kept, and the usage of each is read', async (t) => {
  const room = new AnswerRoom(roomBytes);
  const count = 20;
  const passed = await pass(
    t,
    room,
    Array.from({ length: count }, () => ({ answer: long })),
  );
  for (const { body, given, relayed } of passed) {
    assert.ok(body === long, 'it did not pass as it was');
    assert.equal(relayed.end, 'whole');
    assert.deepEqual((JSON.parse(given.toString()) as { usage: object }).usage, usage);
  }
  const kept = passed.reduce((sum, { given }) => sum + given.length, 0);
  assert.ok(kept <= roomBytes + count * keptMax, `${kept} bytes were kept`);
  assert.ok(isEmpty(room), 'room was not given back');
});

test('an answer that fits is read as it is', async (t) => {
  const answer = JSON.stringify({ choices: [{ message: { content: 'a'.repeat(roomBytes / 2) } }], usage });
  const [one] = await pass(t, new AnswerRoom(roomBytes), [{ answer }]);
  assert.ok(one?.given.toString() === answer);
});

for (const arrayStream of [false, true])
  test(`an answer of nothing but values passes whole, and is read no further than there is room${arrayStream ? ': an array’s elements' : ''}`, async (t) => {
    const room = new AnswerRoom(roomBytes);
    const answer = `[${Array(1_000_000).fill('[]').join(',')}]`;
    const [one] = await pass(t, room, [{ answer, arrayStream }]);
    assert.ok(one?.body === answer);
    assert.equal(one.relayed.end, 'whole');
    assert.ok(one.given.length <= roomBytes + keptMax, `${one.given.length} bytes were kept`);
    assert.ok(isEmpty(room), 'room was not given back');
  });

test('events without end share the room: what does not fit passes in pieces', async (t) => {
  const room = new AnswerRoom(roomBytes);
  const answer = `data: ${'a'.repeat(3_000_000)}\n\n`;
  const passed = await pass(
    t,
    room,
    Array.from({ length: 5 }, () => ({ answer, sse: true })),
  );
  for (const { body, longest, relayed } of passed) {
    assert.ok(body === answer, 'it did not pass as it was');
    assert.equal(relayed.end, 'whole');
    assert.ok(longest <= roomBytes + keptMax, `${longest} bytes of one event were kept`);
  }
  assert.ok(isEmpty(room), 'room was not given back');
});

test('JSON stays what it is but for the ends of its long texts, wherever it is cut, and from wherever it is shortened', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3_000, size: 'max' }),
    fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'u', '\ud800', '\u0000', 'é', '{', ']'), maxLength: 20 }),
    fc.integer({ min: 200, max: 700 }).map((count) => '\\"u\n\ud800'.repeat(count)),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 10 }), tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.array(fc.nat(10_000), { maxLength: 6 }), fc.nat(7), (document, places, asItIs) => {
      const bytes = Buffer.from(JSON.stringify(document));
      const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const texts = new ShortTexts();
      const pieces = cuts.slice(1).map((end, i) => {
        const piece = bytes.subarray(cuts[i], end);
        if (i >= asItIs) return texts.shorten(piece);
        texts.pass(piece);
        return piece;
      });
      assertBeginnings(JSON.parse(Buffer.concat(pieces).toString()), document);
    }),
    { numRuns: 500 },
  );
});

/** All is the same, but long texts may end early (in the middle of a character, which is then none). */
function assertBeginnings(short: unknown, whole: unknown): void {
  if (typeof whole === 'string') {
    assert.ok(typeof short === 'string');
    const common = short.replace(/\ufffd+$/, '');
    assert.ok(whole.startsWith(common));
    // A character takes six bytes at most.
    if (short !== whole) assert.ok(short.length >= 1024 / 6 - 1, `only ${short.length} characters are left`);
    return;
  }
  if (typeof whole !== 'object' || whole === null) return assert.deepEqual(short, JSON.parse(JSON.stringify(whole)));
  assert.deepEqual(Object.keys(short as object), Object.keys(whole));
  for (const [name, member] of Object.entries(whole))
    assertBeginnings((short as Record<string, unknown>)[name], member);
}
