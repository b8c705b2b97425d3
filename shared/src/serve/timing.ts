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
  const startedMs = now();
  let upstreamStartedMs: number | null = null;
  let upstreamEndedMs: number | null = null;
  const totalMs = (): number => now() - startedMs;
  const upstreamMs = (): number | null =>
    upstreamStartedMs === null ? null : (upstreamEndedMs ?? now()) - upstreamStartedMs;
  const ownMs = (): number => totalMs() - (upstreamMs() ?? 0);
  return {
    upstreamStarts: () => void (upstreamStartedMs ??= now()),
    upstreamEnds: () => void (upstreamEndedMs ??= now()),
    totalMs,
    upstreamMs,
    ownMs,
    header: (attempts = 1) => {
      const upstream = upstreamMs();
      const own = `gateway;dur=${ownMs().toFixed(1)}`;
      if (upstream === null) return own;
      return `${own}, upstream;dur=${upstream.toFixed(1)}${attempts > 1 ? `, attempts;desc="${attempts}"` : ''}`;
    },
  };
}
