// Where a request's time goes: the provider's part apart from our own. A stopwatch, not a metric.

/** The times of one request. */
export interface Timing {
  /** The call to the provider begins; again: nothing. */
  upstreamStarts(): void;
  /** The provider's answer is relayed, or it failed; again: nothing. */
  upstreamEnds(): void;
  /** Since the request came. */
  totalMs(): number;
  /**
   * From the call to the provider to the end of its body, so far while it lasts; null without a call. A caller that is
   * slow to read is part of it.
   */
  upstreamMs(): number | null;
  /** What is not the provider's: the gateway's own time. */
  ownMs(): number;
  /**
   * The value of `Server-Timing` (W3C) at this moment: `gateway` is our own time, `upstream` the provider's to its
   * response headers.
   * @param attempts how many homes were asked; more than one is told
   */
  header(attempts?: number): string;
}

/** @param now milliseconds of a clock that does not jump */
export function createTiming(now: () => number): Timing {
  return new Stopwatch(now);
}

/** A class, as all that lives as long as a stream: an object of closures takes several times its room. */
class Stopwatch implements Timing {
  readonly #now: () => number;
  readonly #startedMs: number;
  #upstreamStartedMs: number | null = null;
  #upstreamEndedMs: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedMs = now();
  }

  upstreamStarts(): void {
    this.#upstreamStartedMs ??= this.#now();
  }

  upstreamEnds(): void {
    this.#upstreamEndedMs ??= this.#now();
  }

  totalMs(): number {
    return this.#now() - this.#startedMs;
  }

  upstreamMs(): number | null {
    const from = this.#upstreamStartedMs;
    return from === null ? null : (this.#upstreamEndedMs ?? this.#now()) - from;
  }

  ownMs(): number {
    return this.totalMs() - (this.upstreamMs() ?? 0);
  }

  header(attempts = 1): string {
    const upstream = this.upstreamMs();
    const own = `gateway;dur=${this.ownMs().toFixed(1)}`;
    if (upstream === null) return own;
    return `${own}, upstream;dur=${upstream.toFixed(1)}${attempts > 1 ? `, attempts;desc="${attempts}"` : ''}`;
  }
}
