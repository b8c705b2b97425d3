// How a provider's status reaches the caller. Pure rules, each with its reason.

/**
 * The status for the caller. A provider's 429 is our shared account's limit, not the caller's quota: clients would tell their user that they
 * are out of quota, so it becomes 503. 401 and 403 are our key's fault: 502. All others are the
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

/** Later than this is never. */
const waitMaxMs = 86_400_000;

/**
 * What a provider asks to wait, in ms, of a `retry-after` in seconds or as a date (RFC 9110 §10.2.3); null where it says nothing that can be read.
 * @param nowMs Unix ms
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Math.min(Number(text) * 1000, waitMaxMs);
  // A date has letters: a lone number that is no time would be read as a year.
  const dateMs = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.min(Math.max(0, dateMs - nowMs), waitMaxMs);
}
