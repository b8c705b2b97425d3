// What may happen around a border, drawn.

import fc from 'fast-check';
import { hourMs, minuteMs, unit, type InFlight, type Play } from './play.ts';

/** Something that happens; a failure prints its name. */
export class Step {
  readonly run: (play: Play) => Promise<unknown>;
  readonly #name: string;

  constructor(name: string, run: (play: Play) => Promise<unknown>) {
    this.#name = name;
    this.run = run;
  }

  [fc.toStringMethod](): string {
    return this.#name;
  }
}

const dollars = fc.integer({ min: 0, max: 8 }).map((eighths) => Math.round((eighths * unit) / 8));
const picks = fc.nat(50);
/** Late by less than a lease lasts, by more than an ended one is remembered, and by days. */
const lateness = fc.constantFrom(20_000, 5 * minuteMs, 20 * minuteMs, 7 * hourMs, 30 * hourMs);

/** Of a call that its holder still holds, and has not ended without an answer. */
const withHeld = (name: string, pick: number, then: (play: Play, call: InFlight) => Promise<unknown>): Step =>
  new Step(`${name} of ${pick}`, async (play) => {
    const call = play.open[pick % Math.max(1, play.open.length)];
    const isHeld = call !== undefined && call.dueMs > play.nowMs && !play.waiting.some((one) => one.call === call);
    if (isHeld) await then(play, call);
  });

const admissions = fc
  .tuple(dollars, dollars, dollars)
  .map(
    ([half, input, renewal]) =>
      new Step(`admit ${2 * half}`, (play) => play.admit(2 * half, Math.min(2 * half, input), renewal)),
  );
const settlements = fc
  .tuple(picks, dollars)
  .map(([pick, cost]) =>
    withHeld(`settle ${cost}`, pick, (play, call) => play.settle(call, Math.min(call.worst, cost))),
  );
/** Two of them use a day up, four the month. */
const purchases = fc.constant(
  new Step('buy', async (play) => {
    const call = await play.admit(2 * unit);
    if (call !== null) await play.settle(call, 2 * unit);
  }),
);
const losses = fc
  .tuple(picks, dollars, fc.boolean(), lateness)
  .map(([pick, cost, wasDone, ms]) =>
    withHeld(`lose ${cost}, done ${wasDone}, ${ms} ms late`, pick, (play, call) =>
      play.lose(call, Math.min(call.worst, cost), wasDone, ms),
    ),
  );
const renewals = fc
  .tuple(picks, dollars)
  .map(([pick, metered]) =>
    withHeld(`renew ${metered}`, pick, (play, call) => play.renew(call, Math.min(call.worst, metered))),
  );
const trusts = fc
  .tuple(dollars, lateness)
  .map(([cost, ms]) => new Step(`trust ${cost}, ${ms} ms late`, async (play) => play.trust(cost, ms)));
const sweeps = fc.constant(new Step('sweep', (play) => play.sweep()));

/** Days behind it are in no table. */
async function waitUntil(play: Play, atMs: number): Promise<void> {
  const last = Date.parse(play.border.days.at(-2)?.[0] ?? '');
  if (atMs > play.nowMs && atMs < last) await play.wait(atMs - play.nowMs);
}
/** To a border: just before it, on it, just behind it. */
const jumps = fc
  .constantFrom(-1, 0, 0, 1, 10_000, minuteMs)
  .map((off) => new Step(`border ${off} ms`, (play) => waitUntil(play, play.windowsAt(play.nowMs).dayEndMs + off)));
const waits = fc
  .constantFrom(1, 20_000, minuteMs)
  .map((ms) => new Step(`wait ${ms} ms`, (play) => waitUntil(play, play.nowMs + ms)));

/** Any of what happens. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: admissions },
  { weight: 2, arbitrary: settlements },
  { weight: 2, arbitrary: purchases },
  { weight: 2, arbitrary: losses },
  { weight: 1, arbitrary: renewals },
  { weight: 1, arbitrary: trusts },
  { weight: 2, arbitrary: sweeps },
  { weight: 4, arbitrary: jumps },
  { weight: 2, arbitrary: waits },
);
