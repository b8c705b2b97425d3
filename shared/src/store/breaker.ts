// Decides when a Redis node counts as away, fails what waits for it then, and probes until it is back. State and rules
// alone: no connection, no clock of its own.

import { reasonOf } from './refusals.ts';

/** How many reasons of one outage are reported: their words may contain a growing number. */
const toldMax = 5;

/** When a node is away, and how it is looked for. Times in ms. */
export interface BreakerRules {
  /** Commands wait and nothing comes for so long. A probe that is answered within it closes the breaker. */
  readonly silenceMs: number;
  /** So many time-outs of commands in a row, whatever else was answered late. */
  readonly timeoutsMax: number;
  /** Between two probes that failed at once. */
  readonly probeGapMs: number;
  /**
   * A probe that is silent for so long has its connection replaced: a dead path is not mended by waiting (TCP's own
   * repetitions are minutes apart).
   */
  readonly replaceMs: number;
  /** The longest that grows to, by one `replaceMs` a time: a Redis that hangs must not collect connections. */
  readonly replaceMsMax: number;
  /** A lasting outage is reported again each time it has lasted so many seconds more. */
  readonly lastingSeconds: number;
}

/** Recovery within 2 s of Redis's return bounds the times to replace a connection. */
export function breakerRules(silenceMs: number): BreakerRules {
  return {
    silenceMs,
    timeoutsMax: 5,
    probeGapMs: 50,
    replaceMs: silenceMs + 450,
    replaceMsMax: silenceMs + 1_350,
    lastingSeconds: 10,
  };
}

/**
 * Why it opened: no reply, time-outs in a row, connection lost or refused, or a server that answers but can't serve
 * (loading, read-only, cluster down).
 */
export type OutageCause = 'silent' | 'time-outs' | 'lost' | 'refusing';

/**
 * What there is to tell. `explained`: it is still open, and Redis or the network has given a reason that was not told
 * yet. `lasting`: it is still open, ten seconds of this process's own time later: an instance that is given no
 * processor has no outage.
 */
export interface BreakerChange {
  readonly state: 'open' | 'explained' | 'lasting' | 'closed';
  /** Of the opening. */
  readonly cause: OutageCause;
  /** How long it was open; 0 at the opening. */
  readonly openMs: number;
  /** What Redis or the connection said last, where they said anything; null at the end. */
  readonly error: unknown;
}

/** Time, as an argument. */
export interface BreakerClock {
  /** Milliseconds of a clock that does not jump. */
  now(): number;
  /** @returns what cancels it */
  after(ms: number, work: () => void): () => void;
  /**
   * Runs when everything that has arrived so far has been read: a process that was busy must not take its own delay
   * for Redis's.
   */
  afterReads(work: () => void): void;
}

/** What the breaker protects. */
export interface BreakerParts {
  readonly rules: BreakerRules;
  readonly clock: BreakerClock;
  /** A small command; rejects when the node can't serve. */
  readonly probe: () => Promise<unknown>;
  /** Gives the connection up for a new one. */
  readonly replace: () => void;
  readonly changed: (change: BreakerChange) => void;
}

/**
 * One command on its way. Exactly one of them is called, once; after the breaker failed the command they do nothing.
 */
export interface Passage {
  replied(): void;
  timedOut(): void;
  /** It failed without a word of Redis's. */
  ended(): void;
}

/** The breaker of one node. */
export interface Breaker {
  /** Since when it is open and why; null while it is closed. */
  outage(): { readonly cause: OutageCause; readonly openMs: number } | null;
  /** A command goes out. @param fail is called when the breaker opens before its end */
  enter(fail: (why: string) => void): Passage;
  /** The node can't be used: opens at once; where it is open, another error is told. */
  trip(cause: OutageCause, error: unknown): void;
  /** Resolves when it is closed. */
  back(): Promise<void>;
  /** Ends the probes, for the end of the process. */
  stop(): void;
}

/**
 * Lets go of its command when that ends: a set that much goes in and out of leaves its outgrown tables behind, each of
 * them keeps the next one and what was in it alive until a major collection, and with a command's end goes all that
 * its caller holds.
 */
interface Waiting {
  fail: ((why: string) => void) | null;
}

/** Makes a closed breaker. */
export function createBreaker({ rules, clock, probe, replace, changed }: BreakerParts): Breaker {
  const pending = new Set<Waiting>();
  let open: {
    readonly cause: OutageCause;
    readonly sinceMs: number;
    readonly back: PromiseWithResolvers<void>;
    /** Reasons that were told. */
    readonly told: Set<string>;
    error: unknown;
  } | null = null;
  let stopped = false;
  let timeouts = 0;
  let signOfLifeMs = 0;
  let watching = false;

  const trip = (cause: OutageCause, error: unknown): void => {
    if (stopped) return;
    if (open !== null) return explain(error);
    open = { cause, sinceMs: clock.now(), back: Promise.withResolvers(), told: new Set(), error };
    const reason = reasonOf(error);
    if (reason !== null) open.told.add(reason);
    timeouts = 0;
    changed({ state: 'open', cause, openMs: 0, error });
    const failed = [...pending];
    pending.clear();
    for (const waiting of failed) waiting.fail?.(`redis is away (${cause})`);
    // Ends by itself when the breaker closes or is stopped, and never rejects.
    void look();
    countSeconds(open, 1);
  };

  const tell = (state: 'explained' | 'lasting'): void => {
    if (open !== null) changed({ state, cause: open.cause, openMs: clock.now() - open.sinceMs, error: open.error });
  };

  /**
   * A connection that was lost without a word is refused with some: a password that is no longer right, a certificate.
   */
  const explain = (error: unknown): void => {
    const reason = reasonOf(error);
    if (open === null || reason === null || open.told.has(reason) || open.told.size >= toldMax) return;
    open.told.add(reason);
    open.error = error;
    tell('explained');
  };

  const countSeconds = (outage: typeof open, seconds: number): void =>
    void clock.after(1_000, () => {
      if (open !== outage || stopped) return;
      if (seconds === rules.lastingSeconds) tell('lasting');
      countSeconds(outage, seconds === rules.lastingSeconds ? 1 : seconds + 1);
    });

  const close = (): void => {
    if (open === null) return;
    const { cause, sinceMs, back } = open;
    open = null;
    changed({ state: 'closed', cause, openMs: clock.now() - sinceMs, error: null });
    back.resolve();
  };

  const leave = (waiting: Waiting): boolean => {
    waiting.fail = null;
    return pending.delete(waiting);
  };

  const isAway = (): boolean => open !== null && !stopped;

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  /** What it resolves to, or `silent` when it has not after `ms`. */
  const within = <T>(work: Promise<T>, ms: number): Promise<T | 'silent'> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, () => clock.afterReads(() => resolve('silent')));
      void work.then((value) => {
        cancel();
        resolve(value);
      });
    });

  /** One probe at a time. A late answer is a sign of life, and no proof: the next probe is sent at once. */
  const look = async (): Promise<void> => {
    let replaced = 0;
    let connectionMs = clock.now();
    while (isAway()) {
      const answer = probe().then(
        () => 'answered' as const,
        (error: unknown) => {
          explain(error);
          return 'failed' as const;
        },
      );
      const soon = await within(answer, rules.silenceMs);
      if (soon === 'answered') return close();
      const patienceMs = Math.min(rules.replaceMs * (replaced + 1), rules.replaceMsMax);
      const late = soon === 'silent' ? await within(answer, patienceMs - rules.silenceMs) : soon;
      if (late === 'failed') await pause(rules.probeGapMs);
      // A connection whose handshake hangs takes no probe at all: it fails them.
      const hangs = late === 'failed' && clock.now() - connectionMs >= patienceMs;
      if ((late === 'silent' || hangs) && isAway()) {
        replaced++;
        connectionMs = clock.now();
        replace();
      }
    }
  };

  const watch = (): void => {
    if (pending.size === 0 || open !== null || stopped) {
      watching = false;
      return;
    }
    const leftMs = rules.silenceMs - (clock.now() - signOfLifeMs);
    if (leftMs > 0) return void clock.after(leftMs, watch);
    clock.afterReads(() => {
      if (pending.size > 0 && clock.now() - signOfLifeMs >= rules.silenceMs) trip('silent', null);
      watch();
    });
  };

  return {
    outage: () => (open === null ? null : { cause: open.cause, openMs: clock.now() - open.sinceMs }),
    enter: (fail) => {
      if (pending.size === 0) signOfLifeMs = clock.now();
      const waiting: Waiting = { fail };
      pending.add(waiting);
      if (!watching) {
        watching = true;
        clock.after(rules.silenceMs, watch);
      }
      return {
        replied: () => {
          if (!leave(waiting)) return;
          signOfLifeMs = clock.now();
          timeouts = 0;
        },
        timedOut: () => {
          if (!leave(waiting)) return;
          timeouts++;
          // A caller's whole budget is as long as the silence, and its timer may be the first of the two; timers are
          // early by parts of a millisecond.
          if (clock.now() - signOfLifeMs >= rules.silenceMs - 1) trip('silent', null);
          else if (timeouts >= rules.timeoutsMax) trip('time-outs', null);
        },
        ended: () => void leave(waiting),
      };
    },
    trip,
    back: () => open?.back.promise ?? Promise.resolve(),
    stop: () => {
      stopped = true;
      open?.back.resolve();
    },
  };
}
