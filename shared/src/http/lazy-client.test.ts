// A lazy client is loaded with its first use, once for all who ask, and again after a failure or when it was forgotten.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lazyClient } from './lazy-client.ts';

test('loaded with the first use, once for all who ask', async () => {
  let loads = 0;
  const client = lazyClient(async () => ({ number: ++loads }));
  assert.equal(client.opened(), null);
  assert.equal(loads, 0);
  const [first, second] = await Promise.all([client.open(), client.open()]);
  assert.equal(first, second);
  assert.equal(await client.opened(), first);
  assert.equal(loads, 1);
});

test('a load that failed is told to all who waited for it, and tried again by the next', async () => {
  const outcomes = [Promise.reject(new Error('no credentials')), Promise.resolve('client')];
  for (const outcome of outcomes) outcome.catch(() => undefined);
  const client = lazyClient(() => outcomes.shift() ?? assert.fail('loaded once too often'));
  const [one, other] = [client.open(), client.open()];
  await assert.rejects(one, { message: 'no credentials' });
  await assert.rejects(other, { message: 'no credentials' });
  assert.equal(client.opened(), null);
  assert.equal(await client.open(), 'client');
  assert.equal(await client.open(), 'client');
});

test('one that is forgotten is loaded anew, and a late failure of the old one does not take the new one away', async () => {
  const { promise: old, reject } = Promise.withResolvers<string>();
  const loads = [old, Promise.resolve('new')];
  const client = lazyClient(() => loads.shift() ?? assert.fail('loaded once too often'));
  const waiting = client.open();
  client.forget();
  assert.equal(await client.open(), 'new');
  reject(new Error('late'));
  await assert.rejects(waiting, { message: 'late' });
  assert.equal(await client.open(), 'new');
});
