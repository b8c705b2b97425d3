// Room for large bodies: never more than there is, a first body is let in, and no holder keeps another out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { createRoom, type Held } from './room.ts';

const never = (): never => assert.fail('it gave way');
const alone = 61_000;

test('alone, a holder has all of the room and no more; what is given back is there again', () => {
  const room = createRoom(100, () => 0);
  const bodies = Array.from({ length: 4 }, () => room.open('a', 100, never));
  assert.deepEqual(
    bodies.map((body) => body.take(30)),
    [true, true, true, false],
  );
  bodies[0]?.free();
  bodies[0]?.free();
  assert.equal(room.held(), 60);
  assert.equal(bodies[3]?.take(40), true);
  assert.equal(bodies[0]?.take(1), false, 'what was given back is over');
});

test('a body of the largest size fits, also where the room is smaller', () => {
  const body = createRoom(10, () => 0).open('a', 50, never);
  assert.deepEqual([body.take(50), body.take(1)], [true, false]);
});

test('a body that weighs more than arrived of it has room for that if there is some, or if it is alone', () => {
  const room = createRoom(100, () => 0);
  const [one, other] = [room.open('a', 100, never), room.open('a', 100, never)];
  assert.deepEqual([one.take(40), other.take(30)], [true, true]);
  assert.deepEqual([one.weighs(30), room.held()], [true, 70], 'it has more already');
  assert.deepEqual([one.weighs(70), other.weighs(61), room.held()], [true, false, 100]);
  other.free();
  assert.deepEqual([one.weighs(140), room.held()], [true, 140]);
  assert.equal(other.weighs(1), false, 'what was given back is over');
  one.arrived();
  assert.equal(room.open('b', 100, never).take(1), false, 'until it is gone nobody else has any');
  one.free();
  assert.deepEqual([one.weighs(10), room.held()], [false, 0]);
});

test('while another asks, a holder of several bodies has half: its latest that is arriving gives way', () => {
  const room = createRoom(100, () => 0);
  const gone: string[] = [];
  const open = (name: string): Held => {
    const body = room.open(name[0] ?? '', 100, () => gone.push(name));
    assert.equal(body.take(25), true);
    return body;
  };
  open('a1').arrived();
  const [, , a4] = [open('a2'), open('a3'), open('a4')];
  a4.arrived();
  // It asks for a little, and later for more.
  const b = room.open('b', 100, never);
  assert.equal(b.take(10), true);
  assert.deepEqual([gone, room.held()], [['a3'], 85]);
  assert.equal(b.take(20), true);
  assert.deepEqual([gone, room.held()], [['a3', 'a2'], 80]);
  // What has arrived stays, and what the other left is not for who has half.
  assert.equal(room.open('a', 100, never).take(1), false);
  assert.equal(b.take(20), true);
  assert.equal(b.take(1), false, 'there is no more, and nobody has more than half');
});

test('after others have asked, half stays free for a minute, then one may have all of it again', () => {
  let nowMs = 0;
  const room = createRoom(100, () => nowMs);
  const b = room.open('b', 100, never);
  b.take(1);
  b.free();
  room.open('a', 100, never).take(50);
  assert.equal(room.open('a', 100, never).take(1), false);
  nowMs = alone;
  assert.equal(room.open('a', 100, never).take(50), true);
});

test('a first body is let in beyond half, and gives way only while it arrives', () => {
  const room = createRoom(100, () => 0);
  room.open('b', 100, never).take(1);
  let gaveWay = false;
  const first = room.open('a', 100, () => (gaveWay = true));
  assert.equal(first.take(90), true);
  assert.equal(room.open('b', 100, never).take(20), true);
  assert.equal(gaveWay, true);
  const second = room.open('a', 100, never);
  assert.equal(second.take(75), true);
  second.arrived();
  assert.equal(room.open('b', 100, never).take(20), false);
});

test('whatever comes in whatever order, the room is never overdrawn and comes back whole', () => {
  const step = fc.record({
    who: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('open', 'take', 'take', 'take', 'arrived', 'free'),
    which: fc.nat(9),
    bytes: fc.integer({ min: 1, max: 60 }),
    waitMs: fc.constantFrom(0, 0, 0, alone),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let nowMs = 0;
      const room = createRoom(100, () => nowMs);
      const bodies: { held: Held; bytes: number; arrived: boolean }[] = [];
      for (const { who, what, which, bytes, waitMs } of steps) {
        nowMs += waitMs;
        const body = bodies[which % Math.max(1, bodies.length)];
        if (what === 'open' || body === undefined) {
          const made = {
            bytes: 0,
            arrived: false,
            held: room.open(who, 100, () => {
              assert.equal(made.arrived, false);
              made.bytes = 0;
            }),
          };
          bodies.push(made);
        } else if (what === 'take') {
          if (body.held.take(bytes)) body.bytes += bytes;
        } else if (what === 'arrived') {
          body.held.arrived();
          body.arrived = true;
        } else {
          body.held.free();
          body.bytes = 0;
        }
        assert.equal(
          room.held(),
          bodies.reduce((sum, { bytes: each }) => sum + each, 0),
        );
        assert.ok(room.held() <= 100);
      }
      for (const { held } of bodies) held.free();
      assert.equal(room.held(), 0);
    }),
  );
});
