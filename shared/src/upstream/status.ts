// How a provider's status reaches the caller. Pure rules, each with its reason.

/**
 * The status for the caller. A provider's 429 is our shared account's limit, not the caller's quota: clients would tell their user that they
 * are out of quota, so it becomes 503 (shared/COMPATIBILITY.md#provider-throttled). 401 and 403 are our key's fault: 502. All others are the
 * provider's own words.
 */
export function callerStatus(status: number): number {
  if (status === 429) return 503;
  if (status === 401 || status === 403) return 502;
  return status;
}

/**
 * `retry-after` for the caller: on every 5xx, the provider's own where it named one. Instances retry up to twenty times below
 * three seconds, so the default decides whether they do.
 */
export function retryAfter(status: number, own: string | undefined, defaultSeconds: number): string | null {
  return callerStatus(status) >= 500 ? (own ?? String(defaultSeconds)) : null;
}

/** Whether a status speaks against the model: too much for it, or broken. What is wrong with one request, or with our key, does not (shared/COMPATIBILITY.md#health-of-a-model). */
export function isModelFault(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}
