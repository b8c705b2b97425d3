// Which attempts of a request have a span: none where all were served, each where one failed, and no more of them than
// somebody reads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Attempt } from '../upstream/upstream.ts';
import { createAttemptLog } from './attempt-log.ts';
import type { Exchange } from './exchange.ts';

const served: Attempt = {
  home: 'a',
  model: 'm',
  status: 200,
  sentMs: 10,
  ms: 5,
  failure: null,
  mayBeBilled: false,
  said: null,
};
const failed: Attempt = { ...served, status: 529, failure: 'overload' };

/** @returns of each span where in the order of attempts it stands, and why it failed */
function spansOf(attempts: readonly Attempt[]): (readonly [ordinal: unknown, failure: string | null])[] {
  const spans: (readonly [unknown, string | null])[] = [];
  const past: Scope['past'] = (name, startedMs, ms, failure, describe) => {
    assert.deepEqual([name, startedMs, ms], ['attempt', 10, 5]);
    spans.push([describe()['gateway.attempt'], failure]);
  };
  const nothing = (): void => undefined;
  const exchange = { scope: { past, annotate: nothing, log: nothing }, context: { telemetry: { count: nothing } } };
  const attempted = { provider: 'p', model: 'p/m', unanswered: () => [] };
  const log = createAttemptLog(exchange as unknown as Exchange, attempted);
  for (const attempt of attempts) log.take(attempt);
  return spans;
}

test('what the first home serves is told by its provider span alone', () => {
  assert.deepEqual(spansOf([served]), []);
  assert.deepEqual(spansOf([served, served, served]), []);
});

test('where one failed it has a span, and each after it', () => {
  assert.deepEqual(spansOf([failed, served]), [
    [1, 'overload'],
    [2, null],
  ]);
  assert.deepEqual(spansOf([served, failed]), [[2, 'overload']]);
  assert.deepEqual(spansOf([failed]), [[1, 'overload']]);
});

test('a request of many calls has twenty at the most', () => {
  assert.equal(spansOf([failed, ...Array.from({ length: 500 }, () => served)]).length, 20);
});
