// What the root span of a request tells: the fields of its log line under the names that operators filter on
// (shared/COMPATIBILITY.md#handbook-promises).

import type { LogFields } from './log.ts';
import { oneLine } from './one-line.ts';
import type { Attributes } from './span.ts';

const pathCharactersMax = 200;

/** The path without its query, which may hold a secret. */
export function requestName(url: string): string {
  const query = url.indexOf('?');
  return oneLine((query === -1 ? url : url.slice(0, query)).slice(0, pathCharactersMax));
}

/**
 * Attributes out of the line's fields; only the named ones, so that a field which is added for the log does not slip
 * into a trace.
 */
export function requestAttributes(line: LogFields): Attributes {
  const http = (line['httpRequest'] ?? {}) as Readonly<Record<string, string | number | undefined>>;
  return {
    'http.request.method': http['requestMethod'],
    'url.path': http['requestUrl'],
    'http.response.status_code': http['status'],
    'user_agent.original': http['userAgent'],
    resolvedStatusCode: http['status'],
    'actor.id': plain(line['actor']),
    matched_source: plain(line['source']),
    upstreamStatusCode: plain(line['upstream_status']),
    'gateway.feature': plain(line['feature']),
    model: plain(line['model']),
    stream: plain(line['stream']),
    own_ms: plain(line['own_ms']),
    upstream_ms: plain(line['upstream_ms']),
    first_byte_ms: plain(line['first_byte_ms']),
    in_flight: plain(line['in_flight']),
    refusal: plain(line['refusal']),
    denied: plain(line['denied']),
    lease: plain(line['lease']),
    tokens: plain(line['tokens']),
    cancelled: plain(line['cancelled']),
    interaction_id: plain(line['interaction_id']),
    events: plain(line['events']),
    inserted: plain(line['inserted']),
    // Whether a quota notice was due, and whether this request sent it.
    notice_percent: plain(line['notice_percent']),
    notice_sent: plain(line['notice_sent']),
    sweep: line['sweep'] === undefined ? null : JSON.stringify(line['sweep']),
  };
}

function plain(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
