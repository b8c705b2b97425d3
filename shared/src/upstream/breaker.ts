// Keeps calls away from a model that fails: a circuit breaker per model and process. Not a limit of anybody's, and no fail-over.

import { Refusal } from '../http/http.ts';

/** When a model counts as unavailable. */
export interface BreakerRules {
  /** The last so many outcomes of a model are looked at, */
  readonly outcomesMax: number;
  /** those of the last so many milliseconds, inclusive, */
  readonly windowMs: number;
  /** if there are at least so many. The original gateway had no minimum: one failure on an idle model shut it for everybody. */
  readonly outcomesMin: number;
  /** Share of failures from which the model is shut. */
  readonly failureRatio: number;
  /** How long it stays shut until one call may probe it, where the provider did not say; and the longest wait that a provider is believed. */
  readonly shutMs: number;
  readonly shutMsMax: number;
  /** A probe that has not ended after this long makes room for the next. */
  readonly probeMs: number;
}

/** Ring, window and ratio are the original gateway's (shared/COMPATIBILITY.md#health-of-a-model). */
export const breakerRules: BreakerRules = {
  outcomesMax: 100,
  windowMs: 60_000,
  outcomesMin: 5,
  failureRatio: 0.95,
  shutMs: 10_000,
  shutMsMax: 60_000,
  probeMs: 60_000,
};

/** How a call went: `undecided` says nothing about the model (the caller left, or its own deadline passed). */
export type CallOutcome = 'served' | 'failed' | 'undecided';

/** One call's way past the breaker. */
export interface Passage {
  /** Once; later calls do nothing. @param retryAfterMs what the provider asked for, or null */
  report(outcome: CallOutcome, retryAfterMs?: number | null): void;
}

/** The breaker of a process. */
export interface Breaker {
  /** @throws Refusal `model-unavailable` while the model is shut, or its probe is under way */
  pass(model: string): Passage;
}

interface Outcome {
  readonly atMs: number;
  readonly failed: boolean;
}

interface Model {
  /** Oldest first, at most `outcomesMax`; and how many of them are failures. */
  outcomes: Outcome[];
  failures: number;
  /** Null while the model is open; otherwise when a probe may start. */
  probeAtMs: number | null;
}

/** `retry-after` at the least: below three seconds an instance would hammer. */
const retryAfterSecondsMin = 4;

/** @param now milliseconds of a clock that does not jump. Models are names of the gateway's own list, so there are as many as that is long. @param tell when a model is shut and when it is open again */
export function createBreaker(
  now: () => number,
  tell: (model: string, state: 'shut' | 'open', shutMs: number) => void,
  rules: BreakerRules = breakerRules,
): Breaker {
  const models = new Map<string, Model>();

  const shut = (name: string, model: Model, retryAfterMs: number | null): void => {
    const shutMs = Math.min(retryAfterMs ?? rules.shutMs, rules.shutMsMax);
    model.outcomes = [];
    model.failures = 0;
    model.probeAtMs = now() + shutMs;
    tell(name, 'shut', shutMs);
  };

  const record = (name: string, model: Model, failed: boolean, retryAfterMs: number | null): void => {
    const atMs = now();
    model.outcomes.push({ atMs, failed });
    if (failed) model.failures++;
    if (model.outcomes.length > rules.outcomesMax && model.outcomes.shift()?.failed === true) model.failures--;
    // Too few to shut it, however many of them are recent: what almost every call finds.
    if (model.failures < rules.outcomesMin * rules.failureRatio) return;
    const recent = model.outcomes.filter((outcome) => atMs - outcome.atMs <= rules.windowMs);
    const failures = recent.filter((outcome) => outcome.failed).length;
    if (recent.length >= rules.outcomesMin && failures / recent.length >= rules.failureRatio)
      shut(name, model, retryAfterMs);
  };

  return {
    pass: (name) => {
      const model = models.get(name) ?? { outcomes: [], failures: 0, probeAtMs: null };
      models.set(name, model);
      const { probeAtMs } = model;
      if (probeAtMs !== null && now() < probeAtMs) throw unavailable(name, probeAtMs - now());
      const probing = probeAtMs !== null;
      // While the probe is under way everybody else waits.
      const probeEndsMs = now() + rules.probeMs;
      if (probing) model.probeAtMs = probeEndsMs;
      let open = true;
      return {
        report: (outcome, retryAfterMs = null) => {
          if (!open) return;
          open = false;
          if (!probing) {
            // A call from before the model was shut is no news: the probe decides.
            if (outcome !== 'undecided' && model.probeAtMs === null)
              record(name, model, outcome === 'failed', retryAfterMs);
          } else if (model.probeAtMs === probeEndsMs) {
            if (outcome === 'served') {
              model.probeAtMs = null;
              tell(name, 'open', 0);
            } else if (outcome === 'failed') shut(name, model, retryAfterMs);
            else model.probeAtMs = now();
          }
        },
      };
    },
  };
}

function unavailable(model: string, waitMs: number): Refusal {
  return new Refusal('model-unavailable', `model ${model} is currently unavailable`, {
    retryAfterSeconds: Math.max(retryAfterSecondsMin, Math.ceil(waitMs / 1000)),
  });
}
