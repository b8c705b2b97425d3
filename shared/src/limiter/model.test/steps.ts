// The steps of model.test.ts: what callers, the sweeper and time do, drawn by chance, and taken by both sides.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Permit } from '../../auth/auth.ts';
import { keys, shardOf, type Store } from '../../store/store.ts';
import { sweepShard, type Lease, type Limiter } from '../limiter.ts';
import { scripts } from '../scripts.ts';
import { callMoney, checkAdmitted, checkBudgets, costs, moneyOf, moneys, nanoUnit } from './drawn-money.ts';
import { draftOf, noticeDraft, type ModelAdmission, type ModelEvent, type ModelPlan } from './plain-admission.ts';
import {
  actors,
  features,
  modelState,
  permitOf,
  shards,
  sources,
  unitMs,
  type Admitted,
  type Both,
  type Real,
  type RealState,
} from './world.ts';

export const budget = () => ({ leftMs: 10_000 });

/** A step that both take, and a comparison of all there is after it. */
export class Step implements fc.AsyncCommand<Both, Real> {
  private readonly text: string;
  private readonly possible: (both: Both) => boolean;
  private readonly take: (both: Both, real: Real) => Promise<[is: unknown, must: unknown]>;

  constructor(
    text: string,
    take: (both: Both, real: Real) => Promise<[is: unknown, must: unknown]>,
    possible: (both: Both) => boolean = () => true,
  ) {
    this.text = text;
    this.take = take;
    this.possible = possible;
  }

  check(both: Both): boolean {
    return this.possible(both);
  }

  async run(both: Both, real: Real): Promise<void> {
    const { plain, made } = both;
    const [is, must] = await this.take(both, real);
    assert.deepEqual(is, must, `answer of ${this.text}`);
    const [events, state] = await Promise.all([real.events(), real.state(plain, made)]);
    both.ledger.push(...events);
    assert.deepEqual(sorted(events), sorted(plain.events.splice(0)), `events of ${this.text}`);
    assert.deepEqual(state, modelState(plain, made), `state after ${this.text}`);
    checkLedger(both, state);
    checkBudgets(both, state);
  }

  toString(): string {
    return this.text;
  }
}

/** One step may write several; of their order nobody says anything. */
function sorted(events: readonly ModelEvent[]): ModelEvent[] {
  const textOf = ({ fields, ...rest }: ModelEvent): string =>
    JSON.stringify([rest, Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  return events
    .map((event) => ({ event, text: textOf(event) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ event }) => event);
}

const plans = fc.record({
  limit: fc.constantFrom(2, 5, 10, 40),
  interval: fc.constantFrom(2, 6, 30, 90).map((units) => units * unitMs),
  burstLimit: fc.constantFrom(3, 100, 100),
  burstInterval: fc.constantFrom(1, 10).map((units) => units * unitMs),
  cap: fc.constantFrom(2, 2, 100),
  version: fc.constantFrom(1, 2, 3),
});
export const firstPlan: ModelPlan = {
  limit: 10,
  interval: 30 * unitMs,
  burstLimit: 100,
  burstInterval: unitMs,
  cap: 100,
  version: 1,
};
/** Mostly none: an entitlement that is another one with every call gets nowhere. */
const planChanges = fc.oneof({ arbitrary: fc.constant(null), weight: 4 }, { arbitrary: plans, weight: 1 });
// Most of it happens to one counter: interleaving is what is looked for.
export const actorNumbers = fc.constantFrom(0, 0, 0, 1, 2, 2);
const featureNumbers = fc.constantFrom(0, 0, 0, 1);

/** The actor's plan after a change, if there is one. */
function planOf({ plans: known }: Both, actorNumber: number, change: ModelPlan | null): ModelPlan {
  const plan = change ?? known.get(actorNumber) ?? firstPlan;
  known.set(actorNumber, plan);
  return { ...plan, version: sources[actorNumber] === 'dotcom-user' ? plan.version : null };
}

const estimates = fc.constantFrom(0, 1, 1, 1, 3, 12);
export const picks = fc.nat(1_000);
const instances = fc.nat(1);
const claims = fc.option(
  fc.record({ name: fc.constantFrom('key-a', 'key-b'), fingerprint: fc.constantFrom('x', 'y') }),
  {
    freq: 3,
    nil: null,
  },
);

/** What the limiter answered, in the model's words. */
async function answered(work: ReturnType<Limiter['admit']>, admitted: Admitted): Promise<unknown> {
  try {
    const outcome = await work;
    if (outcome.decision === 'claimed') return outcome;
    if (outcome.decision === 'denied') {
      const told = outcome.budget;
      const budget = told === undefined ? {} : { budget: { ...told, notice: told.notice?.usedNanoUsd ?? null } };
      return { ...outcome, posted: outcome.posted?.id ?? null, ...budget };
    }
    admitted.lease ??= outcome;
    const { window, remaining, resetAtMs } = outcome;
    return { window, remaining, resetAtMs };
  } catch (error) {
    const ended = /has ended as (\w+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (ended === undefined) throw error;
    return { ended };
  }
}

function askReal(admitted: Admitted, limiter: Limiter | undefined): Promise<unknown> {
  const { admission, permit } = admitted;
  const { id, estimate, thresholds } = admission;
  const notice = { thresholds, draft: noticeDraft };
  const asked = { leaseId: id, estimate, draft: draftOf(id), notice, ...withClaimAndMoney(admission) };
  return answered((limiter as Limiter).admit(permit, asked, budget()), admitted);
}

function withClaimAndMoney({ claim, money, thresholds }: ModelAdmission) {
  return { ...(claim !== null && { claim }), ...(money !== null && { money: callMoney(money, thresholds) }) };
}

const of = <T>(list: readonly T[], pick: number): T | undefined => list[pick % list.length];
const some = ({ made }: Both): boolean => made.length > 0;
const somebodyIn = ({ made }: Both): boolean => made.some(({ lease }) => lease !== null);

/** Admission under a new id; `givenUp`: its caller withdraws before it arrives. */
const admitsOf = (planChange: fc.Arbitrary<ModelPlan | null>): fc.Arbitrary<Step> =>
  fc
    .tuple(
      actorNumbers,
      featureNumbers,
      planChange,
      estimates,
      claims,
      instances,
      fc.boolean(),
      fc.integer({ min: 0, max: 11 }),
      moneys,
    )
    .map(([actorNumber, featureNumber, change, estimate, claim, instance, notices, luck, drawn]) => {
      const feature = features[featureNumber] ?? 'embeddings';
      const actor = actors[actorNumber] ?? '';
      const givenUp = luck === 0;
      // A client that hammers: refusals fold.
      const times = luck === 1 ? 9 : 1;
      return new Step(
        `admit(${JSON.stringify({ actor, feature, change, estimate, claim, notices, givenUp, times, instance, drawn })})`,
        async (both, real) => {
          const { plain, made, resets, owners } = both;
          const plan = planOf(both, actorNumber, change);
          const money = moneyOf(drawn, feature, plain.now, resets.get(actorNumber) ?? 0);
          const limiter = real.limiters[instance] as Limiter;
          const answers: [is: unknown, must: unknown][] = [];
          for (let time = 0; time < times; time++) {
            const admission: ModelAdmission = {
              id: `lease-${made.length}`,
              counter: `${feature} ${actor}`,
              shard: shardOf(actor),
              plan,
              estimate,
              claim,
              thresholds: notices ? [50, 90, 100] : [],
              money,
            };
            owners.set(admission.id, [`subscription ${actor}`, `${feature} ${actor}`]);
            const admitted: Admitted = { admission, permit: permitOf(actorNumber, feature, plan), lease: null };
            made.push(admitted);
            if (givenUp) {
              const withdrawn = { leaseId: admission.id, ...withClaimAndMoney(admission) };
              await limiter.withdraw(admitted.permit, withdrawn, budget());
              plain.end(admission, '', 'void', 0, null, 0);
            }
            answers.push([await askReal(admitted, limiter), plain.admit(admission)]);
            checkAdmitted(both, admission.id, actor, money);
          }
          return [answers.map(([is]) => is), answers.map(([, must]) => must)];
        },
      );
    });

export const admits = admitsOf(planChanges);
/** Each with an entitlement of its own, as an operator would never change it. */
export const changes = admitsOf(plans);

/** A call that was admitted and whose record is gone: what is done to it now is done as if it had never been. */
function noteLate({ plain, late }: Both, { admission, lease }: Admitted): void {
  if (lease !== null && !plain.leases.has(admission.id)) late.add(admission.id);
}

export const repeats = fc.tuple(picks, instances).map(
  ([pick, instance]) =>
    new Step(
      `admit again(${pick})`,
      async (both, real) => {
        const { plain, made, ledger, reopened, late } = both;
        const admitted = of(made, pick) as Admitted;
        const { id, counter } = admitted.admission;
        noteLate(both, admitted);
        const anew = !plain.leases.has(id);
        const must = plain.admit(admitted.admission);
        const window = plain.counters.get(counter)?.window;
        if (anew && window?.id === id && window.start === plain.now) {
          reopened.set(id, ledger.length);
          // Calls of the older window of that name, whom no sweeper has seen: they end in the new one.
          for (const [other, lease] of plain.leases)
            if (other !== id && lease.state === 'open' && lease.window === id) late.add(other);
        }
        return [await askReal(admitted, real.limiters[instance]), must];
      },
      some,
    ),
);

export const ends = fc.tuple(picks, fc.constantFrom(0, 1, 1, 1, 2, 15), costs).map(
  ([pick, units, nano]) =>
    new Step(
      `${units > 0 ? 'settle' : 'release'}(${pick}, ${units}, ${nano})`,
      async (both) => {
        const { plain, made } = both;
        const admitted = of(
          made.filter(({ lease }) => lease !== null),
          pick,
        ) as Admitted & { lease: Lease };
        noteLate(both, admitted);
        const { admission, lease } = admitted;
        const event = `event of ${admission.id}`;
        const { posted, overflow, notice, budgetNotices, aboveBoundNanoUsd } = await (units > 0
          ? lease.settle(units, event, budget(), nano)
          : lease.release(event, budget(), nano));
        assert.equal(overflow, null);
        const is = {
          posted: posted?.kept ?? null,
          notice: notice && { percent: notice.percent, used: notice.used },
          above: aboveBoundNanoUsd,
          budgetNotices: budgetNotices.map(({ reached, usedNanoUsd }) => ({ percent: reached, settled: usedNanoUsd })),
        };
        return [is, plain.end(admission, lease.window ?? '', units > 0 ? 'settled' : 'void', units, event, nano)];
      },
      somebodyIn,
    ),
);

export const withdrawals = fc.tuple(picks, instances).map(
  ([pick, instance]) =>
    new Step(
      `withdraw(${pick})`,
      async ({ plain, made }, real) => {
        const { admission, permit } = of(made, pick) as Admitted;
        const withdrawn = { leaseId: admission.id, ...withClaimAndMoney(admission) };
        await real.limiters[instance]?.withdraw(permit, withdrawn, budget());
        plain.end(admission, '', 'void', 0, null, 0);
        return [0, 0];
      },
      some,
    ),
);

export const renewals = fc.tuple(picks, fc.constantFrom(0, 1, 3)).map(
  ([pick, units]) =>
    new Step(
      `renew(${pick}, ${units})`,
      async ({ plain, made }, real) => {
        const { id, shard, counter, money } = (of(made, pick) as Admitted).admission;
        const metered = units * nanoUnit;
        const [feature = '', actor = ''] = counter.split(' ');
        const place = [keys.inFlight(shard, feature, actor), keys.lease(shard, id), keys.leases(shard)];
        const args = money === null ? [id, 60_000] : [id, 60_000, metered];
        return [await real.stores[0]?.run(scripts.renew, place, args, budget()), plain.renew(id, metered)];
      },
      some,
    ),
);

const sweepStep = (instance: number, skew: number): Step =>
  new Step(`sweep(clock ${skew} ms off)`, async ({ plain }, real) => {
    let [orphaned, unfolded] = [0, 0];
    for (const shard of shards) {
      const swept = await sweepShard(real.stores[instance] as Store, shard, plain.now + skew, 1_000, budget);
      orphaned += swept.orphaned;
      unfolded += swept.unfolded;
    }
    return [{ orphaned, unfolded }, plain.sweep(skew)];
  });

export const sweeps = fc
  .tuple(instances, fc.constantFrom(0, 0, -30 * unitMs, 30 * unitMs))
  .map(([instance, skew]) => sweepStep(instance, skew));

export const reads = fc.tuple(actorNumbers, planChanges, instances).map(
  ([actorNumber, change, instance]) =>
    new Step(`read(${actorNumber}, ${JSON.stringify(change)})`, async (both, real) => {
      const { plain } = both;
      const plan = planOf(both, actorNumber, change);
      const limits = Object.fromEntries(features.map((feature) => [feature, { intervalMs: plan.interval }]));
      const actor = { ...permitOf(actorNumber, 'embeddings', plan).actor, limits } as Permit['actor'];
      const readings = await real.limiters[instance]?.read(actor, features, budget());
      const must = features.map((feature) => plain.read(`${feature} ${actors[actorNumber]}`, plan));
      return [features.map((feature) => readings?.get(feature)), must];
    }),
);

export const waits = fc.constantFrom(1, 1, 1, 1, 2, 2, 3, 3, 6, 6, 20, 20, 50, 50, 45 * 4_320).map(
  (units) =>
    new Step(`wait(${units * unitMs} ms)`, async ({ plain }, real) => {
      plain.advance(units * unitMs);
      await real.advance(plain.now, units * unitMs);
      return [0, 0];
    }),
);

/**
 * Whatever happened: what an open window has used for good is what the ledger's rows of it say, so nothing is lost,
 * invented or moved to another one. A step that is repeated when the lease's record is gone (a quarter of an hour)
 * charges again, as after a failover: its window is not counted here.
 */
function checkLedger({ plain, ledger, late, reopened }: Both, { counters }: RealState): void {
  const rows = new Map<string, ModelEvent>();
  const doubtful = new Set<string>();
  for (const [place, event] of ledger.entries()) {
    if (event.kind !== 'event' && event.kind !== 'orphaned') continue;
    if (place < (reopened.get(event.window) ?? 0)) continue;
    rows.set(event.id, event);
    if (late.has(event.id)) doubtful.add(event.window);
  }
  for (const { fields } of counters) {
    const { id, used, reserved, end } = fields;
    if (id === undefined || Number(end) <= plain.now || doubtful.has(id)) continue;
    const kept = [...rows.values()].reduce((sum, { window, units }) => sum + (window === id ? units : 0), 0);
    assert.equal(Number(used) - Number(reserved), kept, `units of window ${id}: counter and ledger`);
  }
}

/** When everybody has gone, nothing stands after twice the lease time. */
export async function finish(both: Both, real: Real): Promise<void> {
  const { plain, made } = both;
  await take(both, real, 6 * unitMs);
  const { counters, budgets } = await real.state(plain, made);
  for (const { fields, inFlight } of counters) {
    assert.deepEqual(inFlight, {}, 'calls in flight that nobody holds');
    if (Number(fields['end'] ?? 0) > plain.now) assert.equal(fields['reserved'], '0');
  }
  for (const { windows } of budgets)
    for (const [window, text] of Object.entries(windows))
      assert.match(text, /^\S+ 0 0 /, `nothing is held in ${window}`);
}

/** Time, and a sweep. */
async function take(both: Both, real: Real, ms: number): Promise<void> {
  both.plain.advance(ms);
  await real.advance(both.plain.now, ms);
  await sweepStep(0, 0).run(both, real);
}
