// Whoever waits with a deadline gets the work's outcome, or what stands for a late one; nothing is left behind that
// keeps the process alive or ends it.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { within } from './deadline.ts';

test('work that is in time has its own outcome, and its timer is gone', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  let lateAsked = false;
  const late = (): string => {
    lateAsked = true;
    return 'late';
  };
  assert.equal(await within(Promise.resolve('done'), 10, late), 'done');
  await assert.rejects(within(Promise.reject(new Error('failed')), 10, late), { message: 'failed' });
  mock.timers.tick(10);
  await new Promise(setImmediate);
  assert.equal(lateAsked, false);
});

test('late work has the outcome that stands for it, or its error; what it does afterwards is nobody’s', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { promise, reject } = Promise.withResolvers<string>();
  const waits = within(promise, 10, () => 'late');
  const throws = within(promise, 10, () => {
    throw new Error('too late');
  });
  const thrown = assert.rejects(throws, { message: 'too late' });
  mock.timers.tick(10);
  assert.equal(await waits, 'late');
  await thrown;
  // Node would end the process for a rejection that nobody hears.
  reject(new Error('after all'));
  await new Promise(setImmediate);
});
