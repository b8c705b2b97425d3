// One call over the homes of its model: the next one where one fails and nothing has gone to the caller yet. Not which
// may have it (choice.ts), nor how one attempt goes (send.ts).

import { setTimeout as sleep } from 'node:timers/promises';
import type { Model } from '../../catalogue/catalogue.ts';
import { Refusal } from '../../http/http.ts';
import type { Lease } from '../../limiter/limiter.ts';
import type { Answer, Blame, Call } from '../call.ts';
import { attempt, type AttemptMeans, type SendOptions } from '../send.ts';
import { AttemptFailure } from './attempt-failure.ts';
import { ourFaults } from './blame.ts';
import { CallsInFlight } from './calls-in-flight.ts';
import { Candidates, type Candidate } from './candidates.ts';
import { healthKeys, type AttemptOutcome, type Health } from './health.ts';
import { orderHomes } from './order.ts';
import type { Secrets } from './secrets.ts';
import type { SharedHealth } from './shared-health.ts';

/** Homes that one call may be sent to. */
const attemptsMax = 3;
/** Before the same home is tried once more: long enough for a passing fault, short enough for whoever waits. */
const againMs = { least: 100, most: 500 } as const;
/** `retry-after` at the least: below three seconds an instance would hammer. */
const retryAfterSecondsMin = 4;

/** What all calls of a process share. */
export interface FailoverMeans {
  readonly attempts: AttemptMeans;
  readonly health: Health;
  readonly shared: SharedHealth;
  readonly secrets: Secrets;
  /** 0 to 1, evenly. */
  readonly random: () => number;
}

/** @returns what sends a call for an actor that was admitted; see `Upstream.send` */
export function createFailover(
  means: FailoverMeans,
): (lease: Lease, call: Call, options: SendOptions) => Promise<Answer> {
  const inFlight = new CallsInFlight();
  return async (lease, call, options) => {
    const { model } = call;
    if (model === null) throw new Error(`${call.asked} is no model of the catalogue`);
    // What other instances found out: asked for when the call was read, and most likely here already.
    const looking = means.shared.looking();
    if (looking !== null) await looking;
    if (call.body.length === 0) throw new Error('a call is sent once');
    try {
      return await new Failover(means, inFlight, actorOf(lease), model, call, options).run();
    } finally {
      call.body = '';
    }
  };
}

function actorOf({ permit: { actor } }: Lease): string {
  return `${actor.source}:${actor.id}`;
}

/** A call on its way. */
class Failover {
  readonly #means: FailoverMeans;
  readonly #inFlight: CallsInFlight;
  readonly #actor: string;
  readonly #model: Model;
  readonly #call: Call;
  readonly #options: SendOptions;
  readonly #candidates: Candidates;
  readonly #totalMs: number;
  readonly #startedMs: number;
  /** Keys that were read again. */
  #refreshed: Set<string> | null = null;
  /** The failure that the caller is told of, if nothing better comes. */
  #failure: AttemptFailure | null = null;

  constructor(
    means: FailoverMeans,
    inFlight: CallsInFlight,
    actor: string,
    model: Model,
    call: Call,
    options: SendOptions,
  ) {
    const { deadlines, now } = means.attempts;
    this.#means = means;
    this.#inFlight = inFlight;
    this.#actor = actor;
    this.#model = model;
    this.#call = call;
    this.#options = options;
    this.#totalMs = Math.min(options.timeoutMs ?? deadlines.totalTimeoutMs, deadlines.totalTimeoutMs);
    this.#startedMs = now();
    this.#candidates = new Candidates(orderHomes(call.homes, `${actor}\n${call.cacheKey}`), {
      health: means.health,
      inFlight,
      model: model.id,
      actor,
      now,
      mayProbe: (key) => means.shared.mayProbe(key),
    });
  }

  async run(): Promise<Answer> {
    let last: Candidate | null = null;
    for (let attempts = 1; ; attempts++) {
      const candidate: Candidate | null =
        (await this.#candidates.next()) ?? (attempts === 2 && last !== null ? await this.#again(last) : null);
      if (candidate === null) return this.#give();
      const result = await this.#attempt(candidate);
      if (!(result instanceof AttemptFailure)) return this.#take(result);
      if (!this.#mayMove(result) || attempts >= attemptsMax) return this.#give();
      await this.#strike(candidate, result);
      last = candidate;
    }
  }

  /** There is no other home: a failure that passes by itself is tried once more. */
  async #again(candidate: Candidate): Promise<Candidate | null> {
    const failure = this.#failure;
    if (failure?.isTransient() !== true || failure.isFinal) return null;
    const waitMs = Math.max(
      againMs.least + this.#means.random() * (againMs.most - againMs.least),
      failure.retryAfterMs ?? 0,
    );
    if (waitMs > againMs.most || this.#leftMs() <= waitMs) return null;
    const { signal } = this.#options;
    await sleep(waitMs, undefined, { signal }).catch(() => {
      failure.drop();
      throw signal.reason;
    });
    // It may have been shut meanwhile.
    const { health, attempts } = this.#means;
    const isShut = health.passage(healthKeys.home(candidate.home.row.id), attempts.now()) !== 'open';
    return isShut ? null : { ...candidate, probe: false };
  }

  async #attempt(candidate: Candidate): Promise<Answer | AttemptFailure> {
    const { home, secret, probe } = candidate;
    const { health, attempts } = this.#means;
    const leftMs = this.#leftMs();
    this.#inFlight.begin(home);
    let over = false;
    const end = (outcome: AttemptOutcome, retryAfterMs: number | null = null): void => {
      if (over) return;
      over = true;
      this.#inFlight.end(home);
      this.#judge(candidate, outcome, retryAfterMs);
    };
    let result: Answer | AttemptFailure;
    try {
      const target = { home, secret, model: this.#model, leftMs, over: end };
      result = await attempt(target, this.#call, attempts, this.#options);
    } catch (error) {
      end('undecided');
      this.#failure?.drop();
      throw error;
    }
    if (!(result instanceof AttemptFailure)) {
      health.connected(healthKeys.home(home.row.id), true, probe, attempts.now());
      if (secret !== null && !health.isWell()) health.open(healthKeys.key(home.row.id, secret));
      return result;
    }
    health.connected(healthKeys.home(home.row.id), result.connected, probe, attempts.now());
    end(this.#outcomeOf(result, secret), result.retryAfterMs);
    this.#keep(result);
    this.#options.onAttempt?.(result.facts());
    return result;
  }

  /** Keys have their own health, and so have homes that can't be reached. */
  #outcomeOf({ kind, connected }: AttemptFailure, secret: string | null): AttemptOutcome {
    if (!connected || kind === 'state') return 'undecided';
    if (secret !== null && (kind === 'key' || kind === 'money')) return 'undecided';
    // A deadline that the caller chose says nothing.
    if (kind === 'silent' && this.#options.timeoutMs !== null) return 'undecided';
    return 'failed';
  }

  #judge({ home, probe }: Candidate, outcome: AttemptOutcome, retryAfterMs: number | null): void {
    const { health, attempts } = this.#means;
    const key = healthKeys.model(home.row.id, this.#model.id);
    health.answered(key, this.#actor, outcome, probe, retryAfterMs, attempts.now());
  }

  /** What a failure means for where the call may go next, and for a key. */
  async #strike(candidate: Candidate, failure: AttemptFailure): Promise<void> {
    const { home, secret } = candidate;
    if (failure.kind === 'state') return this.#candidates.unreadable(candidate);
    const ofKey = failure.kind === 'key' || failure.kind === 'money' || failure.status === 403;
    if (!ofKey) return this.#candidates.tried(candidate);
    if (secret === null) return this.#candidates.triedKey(candidate);
    const { health, secrets, attempts } = this.#means;
    const key = healthKeys.key(home.row.id, secret);
    // Somebody may have put another one in its place: then it is asked again, once.
    if (failure.kind === 'key' && this.#refreshed?.has(key) !== true) {
      this.#refreshed = (this.#refreshed ?? new Set()).add(key);
      if (await secrets.refresh(secret)) return health.open(key);
    }
    this.#candidates.triedKey(candidate);
    if (failure.kind !== 'access') health.shutKey(key, attempts.now());
  }

  /**
   * A whole answer that was lost or is late may be billed already, so it isn't asked for again elsewhere; a stream is,
   * and so is a request that never left whole.
   */
  #mayMove({ kind, wentOut }: AttemptFailure): boolean {
    if (this.#options.signal.aborted || this.#leftMs() <= 0) return false;
    if (kind === 'lost') return this.#call.stream || !wentOut;
    return kind !== 'silent' || this.#call.stream;
  }

  /**
   * Of several failures the caller is told the last. One that is our fault is told only where there is no other, and
   * that a home gave no answer only where none did.
   */
  #keep(failure: AttemptFailure): void {
    const known = this.#failure;
    if (known !== null && rankOf(known) > rankOf(failure)) {
      failure.drop();
      return;
    }
    known?.drop();
    this.#failure = failure;
  }

  #take(answer: Answer): Answer {
    this.#failure?.drop();
    const { home, status, sentMs, headersMs } = answer;
    const spelling = this.#call.homes.find(({ row }) => row.id === home)?.spelling(this.#model.name, this.#model.id);
    this.#options.onAttempt?.({
      home,
      model: spelling ?? this.#model.name,
      status,
      sentMs,
      ms: Math.round(headersMs),
      failure: null,
      mayBeBilled: false,
      said: null,
    });
    return answer;
  }

  #give(): Answer {
    const failure = this.#failure;
    if (failure === null) throw this.#unavailable();
    if (failure.answer !== null) return failure.answer;
    if (failure.wentOut) this.#options.onUnanswered?.();
    throw failure.error;
  }

  #unavailable(): Refusal {
    const { full, waitMs } = this.#candidates.why();
    if (full && waitMs === 0) return new Refusal('overloaded', `every home of model ${this.#model.id} is full`);
    return new Refusal('model-unavailable', `model ${this.#model.id} is currently unavailable`, {
      retryAfterSeconds: Math.max(retryAfterSecondsMin, Math.ceil(waitMs / 1000)),
    });
  }

  #leftMs(): number {
    return this.#totalMs - (this.#means.attempts.now() - this.#startedMs);
  }
}

function rankOf({ kind, answer }: AttemptFailure): number {
  if (answer === null) return 0;
  return ourFaults.has(kind as Blame) ? 1 : 2;
}
