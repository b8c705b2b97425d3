// What a call leaves in logs and traces: a share of the good ones everything, the others a short line that metrics can
// still be made of, and whatever went wrong, slowly or otherwise than usual everything always.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTelemetry } from './telemetry.ts';
import type { LogFields } from './log.ts';

const settings = { googleCloudProject: 'a-project', functionName: 'chat-completions', version: '1' };
const calledFields: LogFields = {
  actor: '84076810-954c-4e47-949a-9f20bab32ad0',
  source: 'dotcom-product-subscriptions',
  feature: 'chat_completions',
  model: 'anthropic/claude-3-haiku-20240307',
  stream: true,
  home: 'anthropic-api',
  upstream_status: 200,
  upstream_headers_ms: 400,
  first_byte_ms: 450,
  lease: 'settled',
  tokens: 60_000,
};
const closingFields: LogFields = {
  event: 'request_completed',
  httpRequest: {
    requestMethod: 'POST',
    requestUrl: '/v1/completions/anthropic-messages',
    status: 200,
    latency: '20.285222s',
    userAgent: 'Cody/5.5.5',
    remoteIp: '203.0.113.9',
  },
  own_ms: 3.1,
  upstream_ms: 20_136.1,
  in_flight: 41,
  forwarded_for: '203.0.113.9, 10.1.2.3',
};

interface Line extends Record<string, unknown> {
  readonly bytes: number;
}

/** Plays a call. @returns its last line, and whether its spans were wanted */
function lineOf({
  called = {},
  closing = {},
  samplePercent = 0,
  headers = {},
  warns = false,
}: {
  called?: LogFields;
  closing?: LogFields;
  samplePercent?: number;
  headers?: Record<string, string>;
  warns?: boolean;
} = {}): Line {
  const lines: string[] = [];
  const telemetry = createTelemetry({ ...settings, samplePercent }, (line) => lines.push(line));
  const scope = telemetry.open(headers, '/v1/completions/anthropic-messages');
  scope.annotate({ ...calledFields, ...called });
  if (warns) scope.log('WARNING', 'an attempt at a home failed');
  scope.close('INFO', 'POST /v1/completions/anthropic-messages 200', { ...closingFields, ...closing });
  const text = lines.at(-1) ?? '';
  return { ...(JSON.parse(text) as Record<string, unknown>), bytes: text.length };
}
const isWhole = (line: Line): boolean => line['message'] !== undefined && line['source'] !== undefined;

test('a call that went well leaves less than half of a whole line, with all that metrics and alerts go by', () => {
  const whole = lineOf({ samplePercent: 100 });
  const brief = lineOf();
  assert.ok(isWhole(whole) && !isWhole(brief));
  assert.equal(whole['logging.googleapis.com/trace_sampled'], true);
  assert.ok(brief.bytes <= 450 && brief.bytes * 2 <= whole.bytes, `${brief.bytes} of ${whole.bytes} bytes`);
  for (const name of [
    'event',
    'model',
    'stream',
    'upstream_status',
    'first_byte_ms',
    'own_ms',
    'upstream_ms',
    'in_flight',
    'actor',
  ])
    assert.deepEqual(brief[name], whole[name], name);
  assert.deepEqual(brief['httpRequest'], { status: 200, requestUrl: '/v1/completions/anthropic-messages' });
  assert.match(String(brief['logging.googleapis.com/trace']), /^projects\/a-project\/traces\/[0-9a-f]{32}$/);
});

test('what failed, was slow, or has anything to tell beyond the usual is whole', () => {
  const httpRequest = { status: 429, requestUrl: '/v1/messages' };
  for (const [why, line] of Object.entries({
    refused: lineOf({ closing: { httpRequest } }),
    'a refusal of its own': lineOf({ called: { refusal: 'quota-exceeded' } }),
    'the caller left': lineOf({ closing: { cancelled: true } }),
    'slow by itself': lineOf({ closing: { own_ms: 100.1 } }),
    'a late first byte': lineOf({ called: { first_byte_ms: 15_001 } }),
    'a long call': lineOf({ closing: { upstream_ms: 200_001 } }),
    'a notice': lineOf({ called: { notice_percent: 90 } }),
    'a second home': lineOf({ called: { attempts: 2 } }),
    'a member that nobody knows yet': lineOf({ called: { something_new: 1 } }),
    'a warning on the way': lineOf({ warns: true }),
    'nobody’s call': lineOf({ called: { actor: undefined } }),
    'a trace was asked for': lineOf({ headers: { 'x-sourcegraph-should-trace': 'true' } }),
  }))
    assert.ok(isWhole(line), why);
});

test('the share is drawn by our own id: nobody can draw it for us', () => {
  const headers = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
  const whole = Array.from({ length: 2_000 }, () => lineOf({ samplePercent: 10, headers })).filter(isWhole).length;
  // Six standard deviations.
  assert.ok(whole > 120 && whole < 280, `${whole} of 2,000`);
});
