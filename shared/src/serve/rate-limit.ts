// The limiter's answers as HTTP headers and as the two texts that clients parse. Not the limits (limiter).

import { Refusal, type Dialect } from '../http/http.ts';
import type { Denial, Lease } from '../limiter/limiter.ts';
import type { Feature } from '../auth/auth.ts';

/**
 * Headers of an admitted call: `RateLimit` and `RateLimit-Policy` as in the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers), and OpenAI's `x-ratelimit-*`, counted in requests or, for embeddings, in
 * tokens.
 */
export function rateLimitHeaders(lease: Lease): Record<string, string> {
  // Nobody knows what is left: better no number than a wrong one.
  if (lease.window === null) return {};
  const { feature, entitlement } = lease.permit;
  const remaining = String(Math.max(0, lease.remaining));
  const resetSeconds = Math.max(0, Math.ceil((lease.resetAtMs - lease.admittedAtMs) / 1000));
  const unit = feature === 'embeddings' ? 'tokens' : 'requests';
  return {
    'ratelimit-policy': `"${feature}";q=${lease.limit};w=${Math.round(entitlement.intervalMs / 1000)}`,
    ratelimit: `"${feature}";r=${remaining};t=${resetSeconds}`,
    [`x-ratelimit-limit-${unit}`]: String(lease.limit),
    [`x-ratelimit-remaining-${unit}`]: remaining,
    [`x-ratelimit-reset-${unit}`]: `${resetSeconds}s`,
  };
}

/**
 * Beyond this wait the official SDKs ignore `retry-after` and retry by their own short back-off: they are told not to.
 */
const sdkRetryAfterMaxMs = 60_000;

/**
 * A denial as the 429 that clients know (shared/COMPATIBILITY.md#quota-text): exact text, and a date that is never in
 * the past.
 */
export function denialRefusal(denial: Denial, feature: Feature, dialect: Dialect): Refusal {
  const retryAt = new Date(Math.ceil(Math.max(denial.retryAtMs, denial.nowMs + 1000) / 1000) * 1000);
  const goTime = `${retryAt.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
  const stop = dialect !== 'cody' && retryAt.getTime() - denial.nowMs > sdkRetryAfterMaxMs;
  const headers = {
    'x-ratelimit-limit': String(denial.limit),
    'x-ratelimit-remaining': '0',
    'retry-after': retryAt.toUTCString(),
    ...(stop && { 'x-should-retry': 'false' }),
  };
  if (denial.cause === 'quota') {
    return new Refusal(
      'quota-exceeded',
      `you have exceeded the rate limit of ${denial.limit} requests. Retry after ${goTime}`,
      { headers },
    );
  }
  return new Refusal(
    'concurrency-exceeded',
    `you have exceeded the concurrency limit of ${denial.limit} requests for "${feature}". Retry after ${goTime}`,
    { headers },
  );
}
