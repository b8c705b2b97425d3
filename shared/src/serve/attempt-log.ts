// What became of each attempt of one call, told as it is known: log lines, metrics, spans, and what the event says of
// them. Not which home comes next (upstream).

import type { Part } from '../catalogue/catalogue.ts';
import type { Attempt, Call } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';

/** One call's attempts. */
export interface AttemptLog {
  /** Takes the next one. */
  take(attempt: Attempt): void;
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

const none: readonly Abandoned[] = [];

/** What an operator has to mend: the alert `provider-account` goes by its line. */
const ours: ReadonlySet<string> = new Set(['key', 'money', 'access']);

export function createAttemptLog(exchange: Pick<Exchange, 'context' | 'scope'>, call: Call): AttemptLog {
  return new Attempts(exchange, call);
}

class Attempts implements AttemptLog {
  readonly #exchange: Pick<Exchange, 'context' | 'scope'>;
  readonly #call: Call;
  readonly #attempts: Attempt[] = [];

  constructor(exchange: Pick<Exchange, 'context' | 'scope'>, call: Call) {
    this.#exchange = exchange;
    this.#call = call;
  }

  take(attempt: Attempt): void {
    this.#attempts.push(attempt);
    tell(this.#exchange, this.#call, attempt, this.#attempts.length);
  }

  count(): number {
    return this.#attempts.length;
  }

  home(): string | null {
    return this.#attempts.findLast(({ failure }) => failure === null)?.home ?? null;
  }

  abandoned(lastIsCallers: boolean): readonly Abandoned[] {
    if (this.#attempts.every(({ mayBeBilled }) => !mayBeBilled)) return none;
    const left = this.#attempts.filter(({ mayBeBilled }) => mayBeBilled);
    return left
      .slice(0, lastIsCallers ? -1 : left.length)
      .map(({ home, ms }) => ({ home, billed: this.#exchange.context.upstream.unanswered(this.#call, ms) }));
  }

  metadata(): Readonly<Record<string, unknown>> {
    return metadataOf(this.#attempts);
  }
}

function tell(
  { context, scope }: Pick<Exchange, 'context' | 'scope'>,
  call: Call,
  attempt: Attempt,
  count: number,
): void {
  const { home, status, ms, failure, said } = attempt;
  const labels = { home, provider: call.provider.id, model: call.model?.id ?? '', outcome: failure ?? 'served' };
  context.telemetry.count('gateway.upstream.attempts', 1, labels);
  context.telemetry.count('gateway.upstream.attempt.duration', ms / 1000, labels);
  scope.annotate(count === 1 ? { home } : { home, attempts: count });
  if (failure === null) return;
  const fields = { home, provider: labels.provider, model: labels.model, upstream_status: status, blame: failure };
  if (ours.has(failure)) scope.log('ERROR', 'provider-account', { ...fields, said });
  else scope.log('WARNING', 'an attempt at a home failed', { ...fields, attempt_ms: ms });
  scope.mark('attempt', () => ({
    'gateway.home': home,
    'http.response.status_code': status > 0 ? status : null,
    'error.type': failure,
    duration_ms: ms,
  }));
}

function metadataOf(attempts: readonly Attempt[]): Readonly<Record<string, unknown>> {
  if (attempts.length === 0 || (attempts.length === 1 && attempts[0]?.failure === null)) return {};
  return {
    attempts: attempts.map(({ home, model, status, ms, failure, mayBeBilled }) => ({
      home,
      model,
      status,
      ms,
      ...(failure !== null && { failure }),
      ...(mayBeBilled && { may_be_billed: true }),
    })),
  };
}
