// A provider's status and headers as the caller gets them. Numbers are those of scripts/vectors.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerHeaders } from './response-headers.ts';
import { callerStatus, retryAfter } from './status.ts';

test('statuses', () => {
  const cases: [name: string, status: number, own: string | undefined, caller: number, retryAfter: string | null][] = [
    ['200', 200, undefined, 200, null],
    ['vector 25: 429 without retry-after', 429, undefined, 503, '30'],
    ['vector 26: 429 with retry-after', 429, '17', 503, '17'],
    ['vector 27: 503 without retry-after', 503, undefined, 503, '30'],
    ['503 with a date', 503, 'Wed, 21 Oct 2026 07:28:00 GMT', 503, 'Wed, 21 Oct 2026 07:28:00 GMT'],
    ['vector 28: 400', 400, undefined, 400, null],
    ['400 with retry-after: it is none to retry', 400, '1', 400, null],
    ['vector 28: 401 is our key’s fault', 401, undefined, 502, '30'],
    ['403 is our key’s fault', 403, undefined, 502, '30'],
    ['vector 28: 529', 529, undefined, 529, '30'],
    ['500', 500, undefined, 500, '30'],
    ['404', 404, undefined, 404, null],
  ];
  for (const [name, status, own, caller, seconds] of cases)
    assert.deepEqual([callerStatus(status), retryAfter(status, own, 30)], [caller, seconds], name);
});

test('vector 33: headers pass by allow-list', () => {
  const given = {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-request-id': 'req_1',
    'request-id': 'req_2',
    'openai-processing-ms': '12',
    'x-envoy-upstream-service-time': '13',
    'fireworks-prompt-tokens': '7',
    'fireworks-server-processing-time': '0.1',
    'set-cookie': ['a=1', 'b=2'],
    connection: 'keep-alive',
    'transfer-encoding': 'chunked',
    'content-length': '10',
    'content-encoding': 'gzip',
    'openai-organization': 'org-ours',
    'anthropic-organization-id': 'ours',
    'anthropic-ratelimit-requests-remaining': '1',
    'x-ratelimit-limit-requests': '9',
    'retry-after': '1',
    'cf-ray': 'x',
    'alt-svc': 'h3',
    'strict-transport-security': 'max-age=1',
  };
  assert.deepEqual(Object.keys(callerHeaders(given, true)).toSorted(), [
    'content-type',
    'fireworks-prompt-tokens',
    'fireworks-server-processing-time',
    'openai-processing-ms',
    'request-id',
    'x-envoy-upstream-service-time',
    'x-request-id',
  ]);
  assert.equal(callerHeaders(given, false)['content-length'], '10', 'a whole answer keeps its length');
});
