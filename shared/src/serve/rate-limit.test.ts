// A wait that a limit tells stands where each client reads it: in the header, for Google's in the body too.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { refuse, type Dialect, type Refusal } from '../http/http.ts';
import type { BudgetDenial, Denial } from '../limiter/limiter.ts';
import { denialRefusal } from './rate-limit.ts';

const nowMs = Date.UTC(2026, 10, 28, 12);
const waitSeconds = 37;
const permit = {
  feature: 'chat_completions',
  entitlement: {
    limit: 10,
    intervalMs: 86_400_000,
    allowedModels: ['*'],
    burst: { limit: 5, intervalMs: 10_000 },
    inFlightMax: 5,
  },
} as const;
const denial = { decision: 'denied', limit: 10, retryAtMs: nowMs + waitSeconds * 1_000, nowMs, posted: null } as const;
const budget: BudgetDenial = {
  scope: 'subscription',
  window: '2026-11',
  resetAtMs: nowMs + waitSeconds * 1_000,
  limitNanoUsd: 10e9,
  settledNanoUsd: 10e9,
  leftNanoUsd: 0,
  reservedNanoUsd: 0,
  costNanoUsd: 1e9,
  notice: null,
};
const denials: readonly Denial[] = [
  { ...denial, cause: 'quota' },
  { ...denial, cause: 'burst' },
  { ...denial, cause: 'in-flight' },
  { ...denial, cause: 'budget-held', budget },
  { ...denial, cause: 'budget-used-up', budget },
];

/** What a caller gets over a real socket. */
async function sent(refusal: Refusal, dialect: Dialect): Promise<{ headers: Headers; text: string }> {
  const server = createServer((_request, response) =>
    refuse({ response, replyHeaders: {} }, refusal, dialect, 'trace-1'),
  ).listen(0);
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { headers: response.headers, text: await response.text() };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function retryDelay(text: string): string | undefined {
  const { error } = JSON.parse(text) as { error: { details: { '@type': string; retryDelay?: string }[] } };
  return error.details.find((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.RetryInfo')?.retryDelay;
}

test('each limit tells its wait: a date in the header, and in seconds where Google’s clients look for it', async () => {
  for (const denied of denials)
    for (const dialect of ['cody', 'openai', 'anthropic', 'google'] as const) {
      const { headers, text } = await sent(denialRefusal(denied, permit, dialect), dialect);
      assert.equal(headers.get('retry-after'), new Date(nowMs + waitSeconds * 1_000).toUTCString(), denied.cause);
      if (dialect === 'google') assert.equal(retryDelay(text), `${waitSeconds}s`, denied.cause);
    }
});

test('where waiting does not help, no wait is told', async () => {
  for (const denied of [
    { ...denial, cause: 'budget-too-dear', budget },
    { ...denial, cause: 'budget-used-up', budget: { ...budget, resetAtMs: null } },
  ] as const) {
    const { headers, text } = await sent(denialRefusal(denied, permit, 'google'), 'google');
    assert.deepEqual([headers.get('retry-after'), retryDelay(text)], [null, undefined], denied.cause);
    assert.equal(headers.get('x-should-retry'), 'false');
  }
});

test('a wait that is over is a second, in both places', async () => {
  const { headers, text } = await sent(
    denialRefusal({ ...denial, cause: 'quota', retryAtMs: nowMs - 5_000 }, permit, 'google'),
    'google',
  );
  assert.equal(headers.get('retry-after'), new Date(nowMs + 1_000).toUTCString());
  assert.equal(retryDelay(text), '1s');
});
