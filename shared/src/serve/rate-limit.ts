// The limiter's answers as HTTP headers and as the two texts that clients parse. Not the limits (limiter).

import { Refusal, type Dialect } from '../http/http.ts';
import { dollarText } from '../catalogue/catalogue.ts';
import type { BudgetDenial, Denial, Lease } from '../limiter/limiter.ts';
import type { Permit } from '../auth/auth.ts';

/**
 * Headers of an admitted call: `RateLimit` and `RateLimit-Policy` as in the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers), and OpenAI's `x-ratelimit-*`, counted in requests or, for embeddings, in
 * tokens.
 */
export function rateLimitHeaders(lease: Lease): Record<string, string> {
  // Served without Redis, so nobody knows what is left: no number is better than a wrong one.
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
 * the past. The wait is told in seconds beside it, which is what Google's clients read.
 */
export function denialRefusal(
  denial: Denial,
  { feature, entitlement }: Pick<Permit, 'feature' | 'entitlement'>,
  dialect: Dialect,
): Refusal {
  if (denial.budget !== undefined && dialect !== 'cody') return budgetRefusal(denial, denial.budget);
  // Instances know one sentence for what is used up, and it has a number of requests.
  const isBudget = denial.budget !== undefined;
  const limit = isBudget ? entitlement.limit : denial.limit;
  const retryAt = new Date(Math.ceil(Math.max(denial.retryAtMs, denial.nowMs + 1000) / 1000) * 1000);
  const goTime = `${retryAt.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
  const waitMs = retryAt.getTime() - denial.nowMs;
  const stop = dialect !== 'cody' && waitMs > sdkRetryAfterMaxMs;
  const retryAfterSeconds = Math.ceil(waitMs / 1_000);
  const headers = {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': '0',
    'retry-after': retryAt.toUTCString(),
    ...(stop && { 'x-should-retry': 'false' }),
  };
  if (denial.cause === 'quota' || isBudget) {
    return new Refusal(
      'quota-exceeded',
      `you have exceeded the rate limit of ${limit} requests. Retry after ${goTime}`,
      { headers, retryAfterSeconds },
    );
  }
  return new Refusal(
    'concurrency-exceeded',
    `you have exceeded the concurrency limit of ${denial.limit} requests for "${feature}". Retry after ${goTime}`,
    { headers, retryAfterSeconds },
  );
}

/** For SDKs: what is wrong, how much there is, and whether to wait or to ask for less. */
function budgetRefusal({ cause, retryAtMs, nowMs }: Denial, budget: BudgetDenial): Refusal {
  const { scope, window, limitNanoUsd, leftNanoUsd, reservedNanoUsd, costNanoUsd, resetAtMs } = budget;
  const whose = scope === 'subscription' ? 'the budget' : `the budget for ${scope}`;
  const name = `${whose} of $${dollarText(limitNanoUsd)} (${window})`;
  const anew = resetAtMs === null ? 'it does not start anew' : `it starts anew at ${new Date(resetAtMs).toISOString()}`;
  const wait = Math.max(1, Math.ceil((retryAtMs - nowMs) / 1_000));
  const retryAfter = { 'retry-after': new Date(nowMs + wait * 1_000).toUTCString() };
  const stop = { 'x-should-retry': 'false' };
  if (cause === 'budget-held')
    return new Refusal(
      'budget-held',
      `calls in flight hold what is left of ${name}: this call may cost $${dollarText(costNanoUsd)}, and $${dollarText(leftNanoUsd)} is free. Retry in ${wait} seconds`,
      { headers: retryAfter, retryAfterSeconds: wait },
    );
  if (cause === 'budget-too-dear')
    return new Refusal(
      'budget-exceeded',
      `this call may cost $${dollarText(costNanoUsd)}, and $${dollarText(leftNanoUsd + reservedNanoUsd)} is left of ${name}: ask for less, such as a smaller max_tokens; ${anew}`,
      { headers: stop },
    );
  return new Refusal('budget-exceeded', `${name} is used up, ${anew}`, {
    headers: { ...(resetAtMs !== null && retryAfter), ...stop },
    ...(resetAtMs !== null && { retryAfterSeconds: wait }),
  });
}
