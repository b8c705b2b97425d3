// Months, their neighbours and their forecast, by days that are arguments.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOf, daysAfter, forecast, monthsOf } from './days.ts';

test('this month beside the last: the same days of it, as far as it has them', () => {
  assert.deepEqual(monthsOf('2026-11-28'), {
    from: '2026-11-01',
    today: '2026-11-28',
    beforeFrom: '2026-10-01',
    beforeTo: '2026-10-31',
    beforeSame: '2026-10-28',
    length: 30,
  });
  assert.equal(monthsOf('2027-03-31').beforeSame, '2027-02-28');
  assert.deepEqual([monthsOf('2027-01-01').beforeFrom, monthsOf('2027-01-01').length], ['2026-12-01', 31]);
  assert.equal(monthsOf('2028-02-29').length, 29);
});

test('days of a time zone, whatever its clocks do', () => {
  assert.equal(dayOf(Date.parse('2026-11-01T07:30:00Z'), 'America/Los_Angeles'), '2026-11-01');
  assert.equal(dayOf(Date.parse('2026-11-01T06:30:00Z'), 'America/Los_Angeles'), '2026-10-31');
  assert.equal(daysAfter('2026-10-31', 1), '2026-11-01');
});

test('the forecast: whole days as they are, the mean of the last seven for the rest, today at least what it is', () => {
  const months = monthsOf('2026-11-28');
  const spend = new Map(Array.from({ length: 27 }, (_, i) => [daysAfter('2026-11-01', i), 10] as const));
  assert.deepEqual(forecast(spend, months, '2026-11-01'), {
    nanoUsd: 300,
    method: 'spend so far, then the mean of the last 7 whole days',
  });
  assert.equal(forecast(new Map([...spend, ['2026-11-28', 25]]), months, '2026-11-01').nanoUsd, 315);
  // A day without traffic counts as one of nothing; a day before the first known one does not count.
  assert.equal(forecast(new Map([['2026-11-27', 70]]), months, '2026-11-01').nanoUsd, 70 + 3 * 10);
  assert.deepEqual(forecast(new Map([['2026-11-27', 70]]), months, '2026-11-27'), {
    nanoUsd: 280,
    method: 'spend so far, then the mean of the last whole day',
  });
  assert.equal(forecast(new Map([['2026-11-28', 5]]), months, '2026-11-28').nanoUsd, null);
  assert.equal(forecast(new Map(), months, null).nanoUsd, null);
  // On the first of a month the forecast looks at the end of the last month.
  assert.equal(forecast(new Map([['2026-10-31', 7]]), monthsOf('2026-11-01'), '2026-10-25').nanoUsd, 30);
});
