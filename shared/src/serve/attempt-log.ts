// What became of each attempt of one call, told as it is known: log lines, metrics, spans, and what the event says of
// them. Not which home comes next (upstream).

import type { Part } from '../catalogue/catalogue.ts';
import type { Attempt } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';

/** Whose attempts they are. */
export interface Attempted {
  /** Ids. */
  readonly provider: string;
  readonly model: string;
  /** What a call may be billed for that has no answer. @param ms since it was sent */
  readonly unanswered: (ms: number) => readonly Part[];
}

/** One request's attempts. */
export interface AttemptLog {
  /** Takes the next one. */
  take(attempt: Attempt): void;
  /**
   * Attempts of the call until it was served. Where one request makes many provider calls: the failed attempts, and
   * one.
   */
  count(): number;
  /** The home whose answer is the caller's; null without one. */
  home(): string | null;
  /**
   * What attempts may be billed for that nobody got anything of.
   * @param lastIsCallers the last of them is the caller's own: nobody else answered
   */
  abandoned(lastIsCallers: boolean): readonly Abandoned[];
  /** All attempts, where there was more than one, or none that served. */
  metadata(): Readonly<Record<string, unknown>>;
}

/** An attempt that may be billed, and what it is billed by. */
export interface Abandoned {
  readonly home: string;
  readonly billed: readonly Part[];
}

/** A request with many texts makes many calls; its event must stay small, and its trace be read. */
const toldMax = 20;
const none: readonly Abandoned[] = [];

/** What an operator has to mend, by failure: the alert `provider-account` goes by how its line begins. */
const ours: Readonly<Partial<Record<string, string>>> = {
  key: 'does not take our key',
  money: 'says our credit or quota is used up',
  access: 'denies our account this model',
};

export function createAttemptLog(exchange: Pick<Exchange, 'context' | 'scope'>, attempted: Attempted): AttemptLog {
  return new Attempts(exchange, attempted);
}

class Attempts implements AttemptLog {
  readonly #exchange: Pick<Exchange, 'context' | 'scope'>;
  readonly #attempted: Attempted;
  readonly #attempts: Attempt[] = [];
  #failed = 0;
  #spans = 0;

  constructor(exchange: Pick<Exchange, 'context' | 'scope'>, attempted: Attempted) {
    this.#exchange = exchange;
    this.#attempted = attempted;
  }

  take(attempt: Attempt): void {
    this.#attempts.push(attempt);
    if (attempt.failure !== null) this.#failed++;
    tell(this.#exchange, this.#attempted, attempt, this.count());
    if (this.#failed > 0 && this.#spans++ < toldMax) tellSpan(this.#exchange, attempt, this.#attempts.length);
  }

  count(): number {
    return this.#failed + Math.min(1, this.#attempts.length - this.#failed);
  }

  home(): string | null {
    return this.#attempts.findLast(({ failure }) => failure === null)?.home ?? null;
  }

  abandoned(lastIsCallers: boolean): readonly Abandoned[] {
    if (this.#attempts.every(({ mayBeBilled }) => !mayBeBilled)) return none;
    const left = this.#attempts.filter(({ mayBeBilled }) => mayBeBilled);
    return left
      .slice(0, lastIsCallers ? -1 : left.length)
      .map(({ home, ms }) => ({ home, billed: this.#attempted.unanswered(ms) }));
  }

  metadata(): Readonly<Record<string, unknown>> {
    return metadataOf(this.#attempts);
  }
}

function tell(
  { context, scope }: Pick<Exchange, 'context' | 'scope'>,
  { provider, model }: Attempted,
  attempt: Attempt,
  count: number,
): void {
  const { home, status, ms, failure, said } = attempt;
  const labels = { home, provider, model, outcome: failure ?? 'served' };
  context.telemetry.count('gateway.upstream.attempts', 1, labels);
  context.telemetry.count('gateway.upstream.attempt.duration', ms / 1000, labels);
  scope.annotate(count === 1 ? { home } : { home, attempts: count });
  if (failure === null) return;
  const fields = { home, provider: labels.provider, model: labels.model, upstream_status: status, blame: failure };
  const wrong = ours[failure];
  if (wrong !== undefined)
    scope.log('ERROR', `provider-account: ${provider} ${wrong} at home ${home}; runbook provider-account`, {
      ...fields,
      said,
    });
  else
    scope.log('WARNING', 'an attempt at a home failed (`blame`): the next is asked, if any', {
      ...fields,
      attempt_ms: ms,
    });
}

/**
 * From sending to the response headers, or to the failure. A call that its first home serves is its provider span, and
 * has no other.
 */
function tellSpan({ scope }: Pick<Exchange, 'scope'>, attempt: Attempt, ordinal: number): void {
  const { home, status, sentMs, ms, failure, mayBeBilled } = attempt;
  scope.past('attempt', sentMs, ms, failure, () => ({
    'gateway.home': home,
    'gateway.attempt': ordinal,
    'gateway.attempt.may_be_billed': mayBeBilled ? true : null,
    'http.response.status_code': status > 0 ? status : null,
    'error.type': failure,
  }));
}

function metadataOf(attempts: readonly Attempt[]): Readonly<Record<string, unknown>> {
  if (attempts.every(({ failure }) => failure === null)) return {};
  const told = attempts.length > toldMax ? attempts.filter(({ failure }) => failure !== null) : attempts;
  return {
    attempts: told.slice(-toldMax).map(({ home, model, status, ms, failure, mayBeBilled }) => ({
      home,
      model,
      status,
      ms,
      ...(failure !== null && { failure }),
      ...(mayBeBilled && { may_be_billed: true }),
    })),
  };
}
