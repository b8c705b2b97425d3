// How a provider's status reaches the caller. Pure rules, each with its reason.

import type { IncomingHttpHeaders } from 'node:http';

/**
 * The status for the caller. A provider's 429 is our shared account's limit, not the caller's quota: instances would tell their user that they are
 * out of quota, so on their paths it becomes 503. An SDK's caller is told as the provider tells it. 401 and 403 are our key's fault: 502. All others
 * are the provider's own words.
 */
export function callerStatus(status: number, forInstances: boolean): number {
  if (status === 429 && forInstances) return 503;
  if (status === 401 || status === 403) return 502;
  return status;
}

/**
 * `retry-after` for the caller: the provider's own where it named one. Without one instances are told a wait with every 5xx, since they retry up to twenty
 * times below three seconds; SDKs are told none, since they have a back-off of their own.
 * @param headers of the provider
 * @param defaultSeconds for instances; null: asked by an SDK
 */
export function retryAfter(status: number, headers: IncomingHttpHeaders, defaultSeconds: number | null): string | null {
  const own = headers['retry-after'] ?? secondsOf(headers['retry-after-ms']);
  if (defaultSeconds === null) return status >= 400 ? own : null;
  return callerStatus(status, true) >= 500 ? (own ?? String(defaultSeconds)) : null;
}

/** OpenAI's own header, in ms, in the unit that every client reads. */
function secondsOf(milliseconds: string | string[] | undefined): string | null {
  return typeof milliseconds === 'string' && /^\d{1,9}(\.\d{1,9})?$/.test(milliseconds)
    ? String(Math.ceil(Number(milliseconds) / 1000))
    : null;
}

/** Whether a status speaks against the model: too much for it, or broken. What is wrong with one request, or with our key, does not. */
export function isModelFault(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}
