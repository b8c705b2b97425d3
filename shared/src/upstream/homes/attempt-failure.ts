// A failed attempt at a home, which another home may make good. Not whether one does (failover.ts).

import type { Answer, Attempt, AttemptFailureKind } from '../call.ts';

/** What passes by itself: the same home may be tried once more. */
const transient: ReadonlySet<AttemptFailureKind> = new Set(['unreachable', 'lost', 'cut', 'overload', 'failed']);

export interface AttemptFailureFacts {
  readonly kind: AttemptFailureKind;
  /** What the caller is told where there is no answer: a Refusal. */
  readonly error: unknown;
  /** Whether a connection came about. */
  readonly connected: boolean;
  /** Whether the request left whole. */
  readonly wentOut: boolean;
  readonly home: string;
  readonly model: string;
  readonly sentMs: number;
  readonly ms: number;
  readonly status?: number;
  /** What the provider asked to wait; null: it did not. */
  readonly retryAfterMs?: number | null;
  /** The provider says that to try again is in vain. */
  readonly isFinal?: boolean;
  /** Of a home that answered: what may be relayed; null: there is none. */
  readonly answer?: Answer | null;
  readonly said?: string | null;
}

/** What is not known of a failed attempt. */
const unknown = { status: -1, retryAfterMs: null, isFinal: false, answer: null, said: null };

export class AttemptFailure {
  declare readonly kind: AttemptFailureKind;
  declare readonly error: unknown;
  declare readonly connected: boolean;
  declare readonly wentOut: boolean;
  declare readonly home: string;
  declare readonly model: string;
  declare readonly sentMs: number;
  declare readonly ms: number;
  declare readonly status: number;
  declare readonly retryAfterMs: number | null;
  declare readonly isFinal: boolean;
  declare readonly answer: Answer | null;
  declare readonly said: string | null;

  constructor(facts: AttemptFailureFacts) {
    Object.assign(this, unknown, facts);
  }

  isTransient(): boolean {
    return transient.has(this.kind);
  }

  /** An answer of its own status is not billed; one that never came, or broke off, may be. */
  mayBeBilled(): boolean {
    return this.wentOut && (this.status === -1 || this.status === 200);
  }

  /** As others are told of it. */
  facts(): Attempt {
    const { home, model, status, sentMs, kind, said } = this;
    const ms = Math.round(this.ms);
    return { home, model, status, sentMs, ms, failure: kind, mayBeBilled: this.mayBeBilled(), said };
  }

  /** Nobody relays it. One that has come whole leaves its connection to the next call. */
  drop(): void {
    this.answer?.abort();
  }
}
