// The heavy clients load behind the first answer, or when nobody asks for anything, and once.

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { warmBehindFirst } from './warm-up.ts';

const [request, response] = [{} as IncomingMessage, {} as ServerResponse];

test('a first request is answered before anything is loaded, and the second loads nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const order: string[] = [];
  const answered = Promise.withResolvers<undefined>();
  const handle = warmBehindFirst(
    () => answered.promise.then(() => void order.push('answered')),
    () => order.push('warm'),
  );
  const first = handle(request, response);
  t.mock.timers.tick(60_000);
  assert.deepEqual(order, [], 'not beside it, however long it takes');
  answered.resolve(undefined);
  await first;
  await handle(request, response);
  assert.deepEqual(order, ['answered', 'warm', 'answered']);
});

test('an instance that nobody asks warms itself, once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let warmed = 0;
  const handle = warmBehindFirst(
    () => Promise.resolve(),
    () => void warmed++,
  );
  t.mock.timers.tick(1_000);
  assert.equal(warmed, 1);
  await handle(request, response);
  assert.equal(warmed, 1);
});
