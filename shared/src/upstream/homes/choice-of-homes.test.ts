// Against a model: whichever homes there are, whatever became of them, and whenever a call comes, it is sent where the
// rules say, written down here once more as one sees them: the first in order that may be asked. Time and randomness
// are the test's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Home } from '../../catalogue/catalogue.ts';
import { CallsInFlight } from './calls-in-flight.ts';
import { Candidates, type Candidate } from './candidates.ts';
import { Health, healthKeys } from './health.ts';
import { homeOf, randomOf } from './homes.test/home.ts';
import { orderHomes } from './order.ts';

const model = 'p/m';
const actors = ['a', 'b', 'c'];
const seeds = 150;
const steps = 200;
const probeGapMs = 1_000;
const attemptsMax = 3;

/** What one call has met. */
interface Met {
  readonly homes: Set<string>;
  readonly keys: Set<string>;
  readonly states: Set<string>;
}

class World {
  readonly random: () => number;
  readonly homes: readonly Home[];
  readonly health = new Health(() => undefined);
  readonly inFlight = new CallsInFlight();
  /** By home: calls that are under way. */
  readonly running = new Map<string, number>();
  nowMs = 0;
  /** When somebody last had the right to try this. */
  readonly grantedMs = new Map<string, number>();

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.homes = Array.from({ length: 1 + this.below(4) }, (_, i) => {
      const id = `h${i}`;
      const secrets = Array.from({ length: 1 + this.below(2) }, (__, n) => `KEY_${i}_${n}`);
      const callsMax = this.below(3) === 0 ? 1 + this.below(2) : null;
      const row = { priority: this.below(3), weight: 1 + this.below(3), callsMax, state: `s${this.below(2)}` };
      return this.below(5) === 0 ? homeOf(id, { ...row, kind: 'none' }, []) : homeOf(id, row, secrets);
    });
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  isFull({ row }: Home): boolean {
    return row.callsMax !== null && (this.running.get(row.id) ?? 0) >= row.callsMax;
  }

  /** What the rules say: where a call goes, and whether it is a probe; null: nowhere. */
  expected(
    order: readonly Home[],
    actor: string,
    met: Met,
  ): { home: string; secret: string | null; probe: boolean } | null {
    const possible = order.filter(
      (home) => !met.homes.has(home.row.id) && !met.states.has(home.row.state) && !this.isFull(home),
    );
    for (const home of possible) {
      const { id, kind } = home.row;
      const pool = kind === 'none' ? [null] : home.secrets;
      const secret = pool.find(
        (name) => name === null || (!met.keys.has(name) && this.passage(healthKeys.key(id, name)) !== 'shut'),
      );
      if (secret === undefined) continue;
      const passages = this.keysOf(id, actor).map((key) => [key, this.passage(key)] as const);
      const shut = passages.filter(([, passage]) => passage !== 'open');
      if (shut.length === 0) return { home: id, secret, probe: false };
      if (shut.some(([, passage]) => passage === 'shut')) continue;
      if (this.isGranted(shut[0]?.[0] ?? '')) return { home: id, secret, probe: true };
    }
    // Only a key is shut, and none was refused in this very call: the home is asked rather than the call refused.
    if (met.keys.size > 0) return null;
    const last = possible.find(({ row }) => this.keysOf(row.id, actor).every((key) => this.passage(key) === 'open'));
    return last === undefined ? null : { home: last.row.id, secret: last.secrets[0] ?? null, probe: true };
  }

  keysOf(home: string, actor: string): string[] {
    const key = healthKeys.model(home, model);
    return [healthKeys.home(home), key, healthKeys.ofActor(key, actor)];
  }

  passage(key: string): string {
    return this.health.passage(key, this.nowMs);
  }

  /** As Redis does it: one a second of all that ask. */
  isGranted(key: string): boolean {
    return this.nowMs - (this.grantedMs.get(key) ?? -Infinity) >= probeGapMs;
  }
}

/** What becomes of an attempt; as failover.ts tells health of it. */
function carryOut(
  world: World,
  { home, secret, probe }: Candidate,
  actor: string,
  met: Met,
  candidates: Candidates,
): boolean {
  const { health, nowMs } = world;
  const { id } = home.row;
  const key = healthKeys.model(id, model);
  const candidate = { home, secret, probe };
  const kind = world.below(6);
  const reached = kind !== 0;
  health.connected(healthKeys.home(id), reached, probe, nowMs);
  if (kind === 1 && secret !== null) {
    health.shutKey(healthKeys.key(id, secret), nowMs);
    met.keys.add(secret);
    candidates.triedKey(candidate);
    return false;
  }
  if (kind === 2) {
    met.states.add(home.row.state);
    candidates.unreadable(candidate);
    health.answered(key, actor, 'undecided', probe, null, nowMs);
    return false;
  }
  const failed = kind <= 3;
  health.answered(
    key,
    actor,
    reached ? (failed ? 'failed' : 'served') : 'undecided',
    probe,
    failed && world.below(4) === 0 ? 5_000 : null,
    nowMs,
  );
  if (!failed) return true;
  met.homes.add(id);
  candidates.tried(candidate);
  return false;
}

for (const part of ['first', 'second', 'third'])
  test(`each attempt goes where the rules say, by seed: ${part} part`, async () => {
    const from = ['first', 'second', 'third'].indexOf(part) * (seeds / 3);
    const seen = { probes: 0, moved: 0, none: 0, full: 0 };
    for (let seed = from + 1; seed <= from + seeds / 3; seed++) {
      const world = new World(seed);
      const ending: { readonly home: Home; readonly atMs: number }[] = [];
      for (let step = 0; step < steps; step++) {
        world.nowMs += world.below(step % 20 === 0 ? 40_000 : 600);
        for (const one of ending.splice(0)) {
          if (one.atMs > world.nowMs) {
            ending.push(one);
            continue;
          }
          world.inFlight.end(one.home);
          world.running.set(one.home.row.id, (world.running.get(one.home.row.id) ?? 0) - 1);
        }
        // Another instance has the right of this second.
        const [others = ''] = world.keysOf(`h${world.below(4)}`, 'a').slice(world.below(2));
        if (world.below(4) === 0 && world.isGranted(others)) world.grantedMs.set(others, world.nowMs);
        const actor = actors[world.below(actors.length)] ?? 'a';
        const order = orderHomes(world.homes, `${actor}\n${world.below(3)}`);
        const met: Met = { homes: new Set(), keys: new Set(), states: new Set() };
        const candidates = new Candidates(order, {
          health: world.health,
          inFlight: world.inFlight,
          model,
          actor,
          now: () => world.nowMs,
          mayProbe: async (key) => {
            if (!world.isGranted(key)) return false;
            world.grantedMs.set(key, world.nowMs);
            return true;
          },
        });
        for (let attempt = 1; attempt <= attemptsMax; attempt++) {
          const expected = world.expected(order, actor, met);
          const chosen = await candidates.next();
          const got = chosen === null ? null : { home: chosen.home.row.id, secret: chosen.secret, probe: chosen.probe };
          assert.deepEqual(got, expected, `seed ${seed}, step ${step}, attempt ${attempt}`);
          if (order.some((home) => world.isFull(home))) seen.full++;
          if (chosen === null) {
            seen.none++;
            break;
          }
          if (chosen.probe) seen.probes++;
          if (attempt > 1) seen.moved++;
          world.inFlight.begin(chosen.home);
          world.running.set(chosen.home.row.id, (world.running.get(chosen.home.row.id) ?? 0) + 1);
          const served = carryOut(world, chosen, actor, met, candidates);
          ending.push({ home: chosen.home, atMs: served ? world.nowMs + world.below(2_000) : world.nowMs });
          if (served) break;
        }
      }
    }
    for (const [what, times] of Object.entries(seen)) assert.ok(times > 100, `${what}: ${times}`);
  });
