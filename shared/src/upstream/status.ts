// How a provider's status reaches the caller. Pure rules, each with its reason.

import type { IncomingHttpHeaders } from 'node:http';

const decimal = /^\d{1,9}(\.\d{1,9})?$/;
/** Later than this is never. */
const waitMaxMs = 86_400_000;

/**
 * The status for the caller. A provider's 429 is our shared account's limit, not the caller's quota: instances would
 * tell their user that they are out of quota, so on their paths it becomes 503. An SDK's caller is told as the
 * provider tells it. 401 and 403 are our key's fault: 502. All others are the provider's own words.
 */
export function callerStatus(status: number, forInstances: boolean): number {
  if (status === 429 && forInstances) return 503;
  if (status === 401 || status === 403) return 502;
  return status;
}

/**
 * `retry-after` for the caller: the provider's own where it named one. Without one instances are told a wait with
 * every 5xx, since they retry up to twenty times below three seconds; SDKs are told none, since they have a back-off
 * of their own.
 * @param headers of the provider
 * @param defaultSeconds for instances; null: asked by an SDK
 * @param told seconds that the body asks for, or null
 */
export function retryAfter(
  status: number,
  headers: IncomingHttpHeaders,
  defaultSeconds: number | null,
  told: string | null = null,
): string | null {
  const own = headers['retry-after'] ?? secondsOf(headers['retry-after-ms']) ?? told;
  if (defaultSeconds === null) return status >= 400 ? own : null;
  return callerStatus(status, true) >= 500 ? (own ?? String(defaultSeconds)) : null;
}

/** OpenAI's own header, in ms, in the unit that every client reads. */
function secondsOf(milliseconds: string | string[] | undefined): string | null {
  return typeof milliseconds === 'string' && decimal.test(milliseconds)
    ? String(Math.ceil(Number(milliseconds) / 1000))
    : null;
}

/**
 * What a provider asks to wait, in ms, wherever it says so: in its header of ms, in `retry-after`, or in the body of
 * its error; null where it says nothing that can be read.
 * @param told seconds that the body asks for, or null
 * @param nowMs Unix ms
 */
export function waitAsked(headers: IncomingHttpHeaders, told: string | null, nowMs: number): number | null {
  const ms = headers['retry-after-ms'];
  if (typeof ms === 'string' && decimal.test(ms)) return Math.min(Number(ms), waitMaxMs);
  return retryAfterMs(headers['retry-after'] ?? told ?? undefined, nowMs);
}

/**
 * What a provider asks to wait, in ms, of a `retry-after` in seconds or as a date (RFC 9110 §10.2.3); null where it
 * says nothing that can be read.
 * @param nowMs Unix ms
 */
function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (decimal.test(text)) return Math.min(Number(text) * 1000, waitMaxMs);
  // A date has letters: a lone number that is no time would be read as a year.
  const dateMs = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.min(Math.max(0, dateMs - nowMs), waitMaxMs);
}
