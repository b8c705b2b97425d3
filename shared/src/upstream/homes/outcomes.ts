// The last outcomes of calls to one thing, and when they are bad enough to shut it: for one actor, or for everybody.
// Not what is shut, nor for how long.

/** When a thing counts as failing. */
export interface OutcomeRules {
  /** The last so many outcomes are looked at, */
  readonly outcomesMax: number;
  /** those of the last so many milliseconds, inclusive, */
  readonly windowMs: number;
  /** if there are at least so many: one failure of what is idle shuts nothing. */
  readonly outcomesMin: number;
  /** Share of failures from which it is shut. */
  readonly failureRatio: number;
}

/** Ring, window and ratio are the original gateway's. */
export const outcomeRules: OutcomeRules = { outcomesMax: 100, windowMs: 60_000, outcomesMin: 5, failureRatio: 0.95 };

/** For whom. */
export type Verdict = 'open' | 'shut for the actor' | 'shut for all';

interface Outcome {
  readonly atMs: number;
  readonly failed: boolean;
  readonly actor: string;
}

/** Failures of the others that confirm what one actor meets. */
const othersMin = 2;

/**
 * An actor whose calls fail is shut out alone; it takes two actors to shut out everybody, since what one asks for may
 * be what fails.
 */
export class Outcomes {
  readonly #rules: OutcomeRules;
  /** Oldest first. */
  readonly #outcomes: Outcome[] = [];
  #failures = 0;

  constructor(rules: OutcomeRules = outcomeRules) {
    this.#rules = rules;
  }

  /** @returns what follows from it */
  add(failed: boolean, actor: string, atMs: number): Verdict {
    const { outcomesMax, outcomesMin, failureRatio } = this.#rules;
    this.#outcomes.push({ atMs, failed, actor });
    if (failed) this.#failures++;
    if (this.#outcomes.length > outcomesMax && this.#outcomes.shift()?.failed === true) this.#failures--;
    // Too few, however many of them are recent: what almost every call finds.
    if (this.#failures < outcomesMin * failureRatio) return 'open';
    return this.#judge(actor, atMs);
  }

  #judge(actor: string, nowMs: number): Verdict {
    const { windowMs, outcomesMin } = this.#rules;
    const recent = this.#outcomes.filter(({ atMs }) => nowMs - atMs <= windowMs);
    if (this.#isFailing(recent, outcomesMin)) {
      // Without whoever failed most, the others must fail as well.
      const byActor = Map.groupBy(recent, (outcome) => outcome.actor);
      let worst = '';
      let most = -1;
      for (const [name, outcomes] of byActor) {
        const failures = outcomes.filter(({ failed }) => failed).length;
        if (failures > most) [worst, most] = [name, failures];
      }
      if (
        this.#isFailing(
          recent.filter((outcome) => outcome.actor !== worst),
          othersMin,
        )
      )
        return 'shut for all';
    }
    const own = recent.filter((outcome) => outcome.actor === actor);
    return this.#isFailing(own, outcomesMin) ? 'shut for the actor' : 'open';
  }

  #isFailing(outcomes: readonly Outcome[], outcomesMin: number): boolean {
    const failures = outcomes.filter(({ failed }) => failed).length;
    return outcomes.length >= outcomesMin && failures / outcomes.length >= this.#rules.failureRatio;
  }
}
