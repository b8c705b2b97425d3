// Which homes, keys and models of homes get no calls at present, and who may try them again: of this process and, as
// far as it was told, of all others. Time is an argument. Not who tells whom (shared-health.ts).

import { LRUCache } from 'lru-cache';
import { Outcomes, outcomeRules, type OutcomeRules } from './outcomes.ts';

/** What can be shut: a home, a key of a home, a model at a home; the last two also for one actor alone. */
export type HealthKey = string;

export const healthKeys = {
  home: (home: string): HealthKey => `home ${home}`,
  key: (home: string, secret: string): HealthKey => `key ${home} ${secret}`,
  model: (home: string, model: string): HealthKey => `model ${home} ${model}`,
  ofActor: (key: HealthKey, actor: string): HealthKey => `${key} for ${actor}`,
} as const;

/** How an attempt went, for one of its keys. `undecided`: it says nothing. */
export type AttemptOutcome = 'served' | 'failed' | 'undecided';

/** When things are shut and tried again. */
export interface HealthRules {
  readonly outcomes: OutcomeRules;
  /** Connections to a home that fail in a row. */
  readonly homeFaultsMax: number;
  /** From shutting to the first probe, where nobody said how long, and between two probes of the whole fleet. */
  readonly probeGapMs: number;
  /** How long after the first of these faults the home is left alone: it gets no more calls than those in this time. */
  readonly homeRestMs: number;
  /** The same for a key that a provider refuses: somebody has to mend it. */
  readonly keyGapMs: number;
  /** A longer wait that a provider asks for is cut to this. */
  readonly waitMaxMs: number;
  /** A probe that has not ended after this long makes room for the next. */
  readonly probeMs: number;
}

export const healthRules: HealthRules = {
  outcomes: outcomeRules,
  homeFaultsMax: 3,
  probeGapMs: 1_000,
  homeRestMs: 2_000,
  keyGapMs: 30_000,
  waitMaxMs: 60_000,
  probeMs: 60_000,
};

/** Keys that are kept in mind; the one that was used longest ago is forgotten. */
const keysMax = 5_000;

/** A change that others should hear of. @param waitMs from now until it may be tried */
export type ShutListener = (key: HealthKey, state: 'shut' | 'open', waitMs: number) => void;

interface Shut {
  /** Where its outcomes are counted. */
  readonly base: HealthKey;
  /** From then on it may be tried. */
  probeFromMs: number;
  /** Until then somebody of this process tries it. */
  probingUntilMs: number;
  /** Nobody of this process asks for the right to try it before. */
  askFromMs: number;
  /** What callers are told to wait. */
  readonly toldMs: number;
}

/** Whether a call may go there. `probe`: it may, if `askProbe` and the fleet agree. */
export type Passage = 'open' | 'shut' | 'probe';

export class Health {
  readonly #rules: HealthRules;
  readonly #tell: ShutListener;
  readonly #shut = new Map<HealthKey, Shut>();
  readonly #outcomes = new LRUCache<HealthKey, Outcomes>({ max: keysMax });
  readonly #faultsInARow = new Map<HealthKey, { count: number; readonly sinceMs: number }>();

  constructor(tell: ShutListener, rules: HealthRules = healthRules) {
    this.#tell = tell;
    this.#rules = rules;
  }

  /** True where nothing is shut: what almost every call finds. */
  isWell(): boolean {
    return this.#shut.size === 0;
  }

  passage(key: HealthKey, nowMs: number): Passage {
    const shut = this.#shut.get(key);
    if (shut === undefined) return 'open';
    if (nowMs < shut.probeFromMs || nowMs < shut.probingUntilMs || nowMs < shut.askFromMs) return 'shut';
    return 'probe';
  }

  /** Milliseconds that a caller should wait for it; 0 where it is open. */
  waitMs(key: HealthKey, nowMs: number): number {
    const shut = this.#shut.get(key);
    return shut === undefined ? 0 : Math.max(0, shut.toldMs - nowMs);
  }

  /** Somebody of this process asks the fleet for the right to try it: nobody else does for a while. */
  asked(key: HealthKey, nowMs: number): void {
    const shut = this.#shut.get(key);
    if (shut !== undefined) shut.askFromMs = nowMs + this.#rules.probeGapMs;
  }

  /** It is tried now. */
  probing(key: HealthKey, nowMs: number): void {
    const shut = this.#shut.get(key);
    if (shut !== undefined) shut.probingUntilMs = nowMs + this.#rules.probeMs;
  }

  /** Whether a connection to a home came about. Whoever saw that it does not speaks for everybody. */
  connected(home: HealthKey, came: boolean, probe: boolean, nowMs: number): void {
    if (came) {
      if (this.#faultsInARow.size > 0) this.#faultsInARow.delete(home);
      if (probe) this.open(home);
      return;
    }
    if (this.#shut.has(home)) {
      if (probe) this.shut(home, null, nowMs);
      return;
    }
    let faults = this.#faultsInARow.get(home);
    if (faults === undefined) this.#faultsInARow.set(home, (faults = { count: 0, sinceMs: nowMs }));
    faults.count++;
    const { homeFaultsMax, homeRestMs, probeGapMs } = this.#rules;
    // It stays shut at least so long for this instance: the next try is left to one that has not met the fault yet.
    if (faults.count >= homeFaultsMax)
      this.shut(home, null, nowMs, Math.max(probeGapMs, faults.sinceMs + homeRestMs - nowMs));
  }

  /**
   * How an answer of one actor went, for a model at a home or a key.
   * @param probe it was sent to try what is shut
   * @param retryAfterMs what the provider asked for, or null
   */
  answered(
    key: HealthKey,
    actor: string,
    outcome: AttemptOutcome,
    probe: boolean,
    retryAfterMs: number | null,
    nowMs: number,
  ): void {
    const own = this.#shut.size === 0 ? key : healthKeys.ofActor(key, actor);
    if (probe) {
      for (const shut of [key, own])
        if (!this.#shut.has(shut)) continue;
        else if (outcome === 'served') this.open(shut);
        else if (outcome === 'failed') this.shut(shut, retryAfterMs, nowMs);
        else this.#giveBack(shut);
      return;
    }
    // A call that began before it was shut proves nothing now: the probe decides.
    if (outcome === 'undecided' || this.#shut.has(key) || (own !== key && this.#shut.has(own))) return;
    let outcomes = this.#outcomes.get(key);
    if (outcomes === undefined) this.#outcomes.set(key, (outcomes = new Outcomes(this.#rules.outcomes)));
    const verdict = outcomes.add(outcome === 'failed', actor, nowMs);
    if (verdict === 'open') return;
    if (verdict === 'shut for all') this.shut(key, retryAfterMs, nowMs);
    else this.#shutFor(healthKeys.ofActor(key, actor), key, retryAfterMs, this.#rules.probeGapMs, nowMs);
  }

  /** Shuts it for everybody, at once. @param gapMs until it may be tried, where the provider says nothing */
  shut(key: HealthKey, retryAfterMs: number | null, nowMs: number, gapMs = this.#rules.probeGapMs): void {
    this.#shutFor(key, this.#shut.get(key)?.base ?? key, retryAfterMs, gapMs, nowMs);
  }

  #shutFor(key: HealthKey, base: HealthKey, retryAfterMs: number | null, gapMs: number, nowMs: number): void {
    const { waitMaxMs } = this.#rules;
    const waitMs = Math.min(Math.max(retryAfterMs ?? gapMs, gapMs), waitMaxMs);
    const known = this.#shut.get(key);
    if (known === undefined && this.#shut.size >= keysMax) return;
    this.#shut.set(key, {
      base,
      probeFromMs: nowMs + waitMs,
      probingUntilMs: 0,
      askFromMs: 0,
      toldMs: nowMs + Math.min(retryAfterMs ?? shutToldMs, waitMaxMs),
    });
    this.#faultsInARow.delete(key);
    this.#tell(key, 'shut', waitMs);
  }

  /** A key that a provider refused. */
  shutKey(key: HealthKey, nowMs: number): void {
    this.shut(key, null, nowMs, this.#rules.keyGapMs);
  }

  open(key: HealthKey): void {
    if (this.#forget(key)) this.#tell(key, 'open', 0);
  }

  /** Takes over what other instances found, which is newer than what is remembered here. */
  learn(shared: ReadonlyMap<HealthKey, number>, published: (key: HealthKey) => boolean, nowMs: number): void {
    for (const [key, waitMs] of shared) {
      const known = this.#shut.get(key);
      if (known === undefined) {
        if (this.#shut.size < keysMax)
          this.#shut.set(key, {
            base: key,
            probeFromMs: nowMs + waitMs,
            probingUntilMs: 0,
            askFromMs: 0,
            toldMs: nowMs + Math.max(waitMs, shutToldMs),
          });
      } else known.probeFromMs = Math.max(known.probeFromMs, nowMs + waitMs);
    }
    for (const key of this.#shut.keys()) if (!shared.has(key) && published(key)) this.#forget(key);
  }

  /** Its record is clean again. */
  #forget(key: HealthKey): boolean {
    const shut = this.#shut.get(key);
    if (shut === undefined) return false;
    this.#shut.delete(key);
    this.#outcomes.delete(shut.base);
    return true;
  }

  /** A probe without an outcome makes room for the next one. */
  #giveBack(key: HealthKey): void {
    const shut = this.#shut.get(key);
    if (shut !== undefined) shut.probingUntilMs = 0;
  }
}

/** What callers are told to wait where no provider said how long. */
const shutToldMs = 10_000;
