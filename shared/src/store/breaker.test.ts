// The breaker by a clock of the test's own: when it opens, what it fails, how it probes, when it believes that Redis
// is back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakerRules, createBreaker, type Breaker, type BreakerChange } from './breaker.ts';

const rules = breakerRules(50);

/** A clock that stands until it is moved; what is due happens in its order, with promises in between. */
function standingClock() {
  let nowMs = 1_000;
  let timers: { readonly atMs: number; readonly work: () => void }[] = [];
  const reads: (() => void)[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    now: () => nowMs,
    after: (ms: number, work: () => void) => {
      const timer = { atMs: nowMs + ms, work };
      timers.push(timer);
      return () => void (timers = timers.filter((other) => other !== timer));
    },
    afterReads: (work: () => void) => void reads.push(work),
    /** The process stands still: its timers are all late, and each comes once. */
    jump: (ms: number) => void (nowMs += ms),
    /** @param arrives what is read from the network before anybody judges the time */
    pass: async (ms: number, arrives: () => void = () => undefined): Promise<void> => {
      const untilMs = nowMs + ms;
      for (;;) {
        await settle();
        const due = timers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        timers = timers.filter((other) => other !== due);
        nowMs = Math.max(nowMs, due.atMs);
        due.work();
        if (nowMs === untilMs) arrives();
        await settle();
        for (const work of reads.splice(0)) work();
      }
      nowMs = untilMs;
      await settle();
    },
  };
}

const states = (changes: readonly Pick<BreakerChange, 'state'>[]): string[] => changes.map(({ state }) => state);

function rig() {
  const clock = standingClock();
  const probes: PromiseWithResolvers<unknown>[] = [];
  const changes: Pick<BreakerChange, 'state' | 'cause'>[] = [];
  const failed: string[] = [];
  let replaced = 0;
  const breaker: Breaker = createBreaker({
    rules,
    clock,
    probe: () => {
      const probe = Promise.withResolvers<unknown>();
      probes.push(probe);
      return probe.promise;
    },
    replace: () => void replaced++,
    changed: ({ state, cause }) => void changes.push({ state, cause }),
  });
  const enter = (name: string) => breaker.enter(() => void failed.push(name));
  return { clock, probes, changes, failed, breaker, enter, replaced: () => replaced };
}

test('silence with commands pending opens it and fails them all; a reply to any of them is no silence', async () => {
  const { clock, changes, failed, breaker, enter } = rig();
  enter('a');
  const b = enter('b');
  await clock.pass(40);
  b.replied();
  await clock.pass(49);
  assert.equal(breaker.outage(), null);
  enter('c');
  await clock.pass(1);
  assert.deepEqual(failed, ['a', 'c']);
  assert.deepEqual(changes, [{ state: 'open', cause: 'silent' }]);
  assert.deepEqual(breaker.outage(), { cause: 'silent', openMs: 0 });
});

test('nothing pending is no silence, and what arrived while this process was busy is read before it is judged', async () => {
  const { clock, breaker, enter } = rig();
  enter('a').replied();
  await clock.pass(10_000);
  const b = enter('b');
  await clock.pass(50, () => b.replied());
  assert.equal(breaker.outage(), null);
  enter('c').ended();
  await clock.pass(50);
  assert.equal(breaker.outage(), null);
});

test('five time-outs in a row open it, with a reply in between they don’t; what came after its end changes nothing', async () => {
  const { clock, breaker, enter, changes, failed } = rig();
  const patient = enter('patient');
  await clock.pass(30);
  for (let i = 0; i < 4; i++) enter('x').timedOut();
  assert.equal(breaker.outage(), null);
  patient.ended();

  const late = enter('late');
  late.timedOut();
  assert.deepEqual(changes, [{ state: 'open', cause: 'time-outs' }]);
  late.timedOut();
  late.replied();
  assert.equal(breaker.outage()?.cause, 'time-outs');
  const other = rig();
  for (let i = 0; i < 4; i++) other.enter('x').timedOut();
  other.enter('y').replied();
  for (let i = 0; i < 4; i++) other.enter('x').timedOut();
  assert.equal(other.breaker.outage(), null);
  assert.deepEqual([...failed, ...other.failed], []);
});

test('a probe that is answered in time closes it; one that is late is followed by the next at once; never two at a time', async () => {
  const { clock, probes, changes, breaker } = rig();
  breaker.trip('lost', null);
  breaker.trip('silent', null);
  let back = false;
  void breaker.back().then(() => (back = true));
  assert.equal(probes.length, 1);
  await clock.pass(60);
  assert.equal(probes.length, 1);
  probes[0]?.resolve('late');
  await clock.pass(0);
  assert.equal(probes.length, 2);
  assert.equal(back, false);
  probes[1]?.resolve('soon');
  await clock.pass(0);
  assert.equal(breaker.outage(), null);
  assert.equal(back, true);
  assert.deepEqual(changes, [
    { state: 'open', cause: 'lost' },
    { state: 'closed', cause: 'lost' },
  ]);
});

test('a probe that fails is repeated after a gap, one that is silent has its connection replaced, more and more seldom', async () => {
  const { clock, probes, breaker, replaced } = rig();
  breaker.trip('silent', null);
  probes[0]?.reject(new Error('refused'));
  await clock.pass(rules.probeGapMs - 1);
  assert.equal(probes.length, 1);
  await clock.pass(1);
  assert.equal(probes.length, 2);
  for (const [waitMs, times] of [
    [500, 1],
    [1_000, 2],
    [1_400, 3],
    [1_400, 4],
  ] as const) {
    await clock.pass(waitMs - 1);
    assert.equal(replaced(), times - 1);
    await clock.pass(1);
    assert.equal(replaced(), times, `after ${waitMs} ms more`);
  }
  breaker.stop();
  const sent = probes.length;
  probes.at(-1)?.reject(new Error('ended'));
  await clock.pass(10_000);
  assert.equal(probes.length, sent);
});

test('a connection that takes no probe is replaced as well, as often as one that is silent', async () => {
  const { clock, probes, breaker, replaced } = rig();
  breaker.trip('lost', null);
  for (let i = 0; i < 60; i++) {
    probes.at(-1)?.reject(new Error('handshake'));
    await clock.pass(rules.probeGapMs);
  }
  // After 500, 1,000 and 1,400 ms.
  assert.equal(replaced(), 3);
  breaker.stop();
});

test('an outage that lasts is told each ten seconds, of this process’s own time: who was given no processor counts a second', async () => {
  const { clock, changes, breaker } = rig();
  breaker.trip('lost', null);
  await clock.pass(9_999);
  assert.deepEqual(states(changes), ['open']);
  await clock.pass(1);
  assert.deepEqual(states(changes), ['open', 'lasting']);
  await clock.pass(10_000);
  assert.deepEqual(states(changes), ['open', 'lasting', 'lasting']);

  const frozen = rig();
  frozen.breaker.trip('lost', null);
  frozen.clock.jump(3_600_000);
  await frozen.clock.pass(0);
  assert.deepEqual(states(frozen.changes), ['open']);
});

test('one that ends is told no more, and the next begins anew', async () => {
  const { clock, probes, changes, breaker } = rig();
  breaker.trip('lost', null);
  await clock.pass(9_000);
  probes.at(-1)?.resolve(null);
  await clock.pass(0);
  // A late answer is no proof: the probe after it is.
  probes.at(-1)?.resolve(null);
  await clock.pass(0);
  assert.equal(breaker.outage(), null);
  breaker.trip('lost', null);
  await clock.pass(9_999);
  assert.deepEqual(states(changes), ['open', 'closed', 'open']);
});

test('a reason that comes later is told once, whoever brings it; reasons that never end are told five times', async () => {
  const { clock, probes, changes, breaker } = rig();
  breaker.trip('lost', null);
  breaker.trip('refusing', new Error('NOAUTH Authentication required.'));
  breaker.trip('refusing', new Error('NOAUTH Authentication required.'));
  assert.deepEqual(states(changes), ['open', 'explained']);
  probes.at(-1)?.reject(new Error('LOADING Redis is loading the dataset in memory'));
  await clock.pass(0);
  probes.at(-1)?.reject(new Error('Connection is closed.'));
  await clock.pass(100);
  assert.deepEqual(states(changes), ['open', 'explained', 'explained']);
  for (let n = 0; n < 10; n++) breaker.trip('lost', new Error(`attempt ${n}`));
  assert.equal(changes.length, 6);
  assert.ok(changes.every(({ cause }) => cause === 'lost'));
});
