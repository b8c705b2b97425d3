// A provider's status and headers as the caller gets them.

import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { callerHeaders } from './response-headers.ts';
import { callerStatus, retryAfter } from './status.ts';

interface Told {
  readonly caller: number;
  readonly retryAfter: string | null;
}
const cases: readonly [name: string, status: number, headers: IncomingHttpHeaders, instances: Told, sdks: Told][] = [
  ['200', 200, {}, { caller: 200, retryAfter: null }, { caller: 200, retryAfter: null }],
  ['vector 25: 429 without a wait', 429, {}, { caller: 503, retryAfter: '30' }, { caller: 429, retryAfter: null }],
  [
    'vector 26: 429 with a wait',
    429,
    { 'retry-after': '17' },
    { caller: 503, retryAfter: '17' },
    { caller: 429, retryAfter: '17' },
  ],
  ['vector 27: 503 without a wait', 503, {}, { caller: 503, retryAfter: '30' }, { caller: 503, retryAfter: null }],
  [
    '503 with a date',
    503,
    { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
    { caller: 503, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' },
    { caller: 503, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' },
  ],
  [
    'OpenAI’s header in ms',
    500,
    { 'retry-after-ms': '1500' },
    { caller: 500, retryAfter: '2' },
    { caller: 500, retryAfter: '2' },
  ],
  [
    'which is none',
    500,
    { 'retry-after-ms': 'soon' },
    { caller: 500, retryAfter: '30' },
    { caller: 500, retryAfter: null },
  ],
  ['vector 28: 400', 400, {}, { caller: 400, retryAfter: null }, { caller: 400, retryAfter: null }],
  [
    '409: an SDK tries again',
    409,
    { 'retry-after': '1' },
    { caller: 409, retryAfter: null },
    { caller: 409, retryAfter: '1' },
  ],
  ['vector 28: 401', 401, {}, { caller: 502, retryAfter: '30' }, { caller: 502, retryAfter: null }],
  ['403', 403, {}, { caller: 502, retryAfter: '30' }, { caller: 502, retryAfter: null }],
  ['vector 28: 529', 529, {}, { caller: 529, retryAfter: '30' }, { caller: 529, retryAfter: null }],
  ['500', 500, {}, { caller: 500, retryAfter: '30' }, { caller: 500, retryAfter: null }],
  ['404', 404, {}, { caller: 404, retryAfter: null }, { caller: 404, retryAfter: null }],
];

test('statuses and waits: instances are told one with every 5xx, SDKs the provider’s own or none', () => {
  for (const [name, status, headers, instances, sdks] of cases)
    for (const [told, forInstances] of [
      [instances, true],
      [sdks, false],
    ] as const)
      assert.deepEqual(
        {
          caller: callerStatus(status, forInstances),
          retryAfter: retryAfter(status, headers, forInstances ? 30 : null),
        },
        told,
        name,
      );
});

test('vector 33: headers pass by allow-list, and what SDKs read of a wait to them', () => {
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
    'retry-after-ms': '1',
    'x-should-retry': 'true',
    'cf-ray': 'x',
    'alt-svc': 'h3',
    'strict-transport-security': 'max-age=1',
  };
  assert.deepEqual(Object.keys(callerHeaders(given, true, true)).toSorted(), [
    'content-type',
    'fireworks-prompt-tokens',
    'fireworks-server-processing-time',
    'openai-processing-ms',
    'request-id',
    'x-envoy-upstream-service-time',
    'x-request-id',
  ]);
  assert.equal(callerHeaders(given, false, true)['content-length'], '10', 'a whole answer keeps its length');
  const { 'retry-after-ms': ms, 'x-should-retry': again } = callerHeaders(given, true, false);
  assert.deepEqual([ms, again], ['1', 'true']);
});
