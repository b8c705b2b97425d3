// Which requests went as they should, so that a share of them tells for all, and what the others' lines still say. Not
// the drawing (scope.ts).

import type { LogFields } from './log.ts';

/**
 * What the line of a call that went well says. A member beyond these is worth a whole line and trace: whoever adds one
 * for good calls names it here.
 */
const ordinaryMembers: ReadonlySet<string> = new Set(
  (
    'actor source feature model stream home upstream_status upstream_headers_ms first_byte_ms lease tokens event ' +
    'httpRequest own_ms upstream_ms in_flight forwarded_for forwarded_user_agent interaction_id country'
  ).split(' '),
);

/** Beyond these a call is slow: what the runbooks ask the log for (own-overhead, first-byte, request-latency). */
const slowMs = { own_ms: 100, first_byte_ms: 15_000, upstream_ms: 200_000 } as const;
const slowNames = Object.keys(slowMs) as (keyof typeof slowMs)[];

/**
 * Whether a call went as it should: answered below 400, in time, and with nothing to tell beyond what every one tells.
 * What is nobody's call (the platform's tasks, diagnostics) is none.
 */
export function isOrdinary(line: LogFields): boolean {
  if (typeof line['actor'] !== 'string' || statusOf(line) >= 400) return false;
  for (const name of slowNames) if (Number(line[name] ?? 0) > slowMs[name]) return false;
  for (const name in line) if (line[name] !== undefined && !ordinaryMembers.has(name)) return false;
  return true;
}

const briefMembers =
  'actor model home stream upstream_status first_byte_ms own_ms upstream_ms in_flight interaction_id'.split(' ');

/**
 * What metrics and alerts go by (terraform/modules/monitoring), whose call it was, and by what an instance calls it.
 * The platform's own log of requests has client and address.
 */
export function briefLine(line: LogFields): LogFields {
  const { requestUrl } = line['httpRequest'] as { readonly requestUrl?: string };
  const brief: Record<string, LogFields[string]> = {
    event: line['event'],
    httpRequest: { status: statusOf(line), requestUrl },
  };
  for (const name of briefMembers) brief[name] = line[name];
  return brief;
}

/** Of the answer; 0 for a line of nobody's answer. */
export function statusOf(line: LogFields): number {
  const request = line['httpRequest'] as { readonly status?: number } | undefined;
  return request?.status ?? 0;
}
