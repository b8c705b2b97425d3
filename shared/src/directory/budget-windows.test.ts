// The calendar of budgets: windows follow each other without gap or overlap, each moment has one, and names are those
// of the zone's own dates, over years and changes of clocks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { budgetWindows, calendarWindows } from './budget-windows.ts';

const at = Date.parse;
const hourMs = 3_600_000;
const zones = ['UTC', 'Europe/Berlin', 'America/Los_Angeles', 'America/Havana', 'Africa/Cairo', 'Asia/Kathmandu'];
const more = ['Australia/Lord_Howe', 'Pacific/Apia', 'Pacific/Kiritimati', 'America/St_Johns', 'Asia/Beirut'];

/** By a formatter of another kind than the one that is tested. */
function dateIn(timeZone: string, ms: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric' });
  const of = Object.fromEntries(parts.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${of['year']}-${of['month']?.padStart(2, '0')}-${of['day']?.padStart(2, '0')}`;
}

test('in UTC: the day and the month that everybody expects, and the next ones', () => {
  assert.deepEqual(calendarWindows('month', at('2026-11-28T12:00:00Z'), 'UTC'), [
    { name: '2026-11', startMs: at('2026-11-01'), endMs: at('2026-12-01') },
    { name: '2026-12', startMs: at('2026-12-01'), endMs: at('2027-01-01') },
  ]);
  assert.deepEqual(calendarWindows('day', at('2028-02-28T23:59:59.999Z'), 'UTC'), [
    { name: '2028-02-28', startMs: at('2028-02-28'), endMs: at('2028-02-29') },
    { name: '2028-02-29', startMs: at('2028-02-29'), endMs: at('2028-03-01') },
  ]);
  assert.deepEqual(calendarWindows('life', at('2028-02-28'), 'UTC'), [{ name: 'life', startMs: 0, endMs: null }]);
});

test('a day on which clocks change is 23 or 25 hours long; one that begins at 1:00 has 23', () => {
  const lengthOf = (zone: string, ms: number): number => {
    const [{ startMs, endMs } = { startMs: 0, endMs: 0 }] = calendarWindows('day', ms, zone);
    return ((endMs ?? 0) - startMs) / hourMs;
  };
  assert.equal(lengthOf('Europe/Berlin', at('2026-03-29T12:00:00Z')), 23);
  assert.equal(lengthOf('Europe/Berlin', at('2026-10-25T12:00:00Z')), 25);
  assert.equal(lengthOf('Africa/Cairo', at('2026-04-24T12:00:00Z')), 23);
  assert.equal(lengthOf('Australia/Lord_Howe', at('2026-10-04T12:00:00+11:00')), 23.5);
  assert.equal(
    calendarWindows('day', at('2026-04-24T12:00:00Z'), 'Africa/Cairo')[0]?.startMs,
    at('2026-04-23T22:00:00Z'),
  );
});

test('a day that a zone left out is no window: the next one is the day after it', () => {
  const [first, second] = calendarWindows('day', at('2011-12-29T12:00:00-10:00'), 'Pacific/Apia');
  assert.deepEqual([first?.name, second?.name], ['2011-12-29', '2011-12-31']);
  assert.equal(first?.endMs, second?.startMs);
});

test('for any moment and zone: it is in the first window, whose name is its own date, and the next one touches it', () => {
  const moment = fc.integer({ min: at('2015-01-01'), max: at('2045-01-01') });
  fc.assert(
    fc.property(
      moment,
      fc.constantFrom(...zones, ...more),
      fc.constantFrom('day' as const, 'month' as const),
      (ms, zone, span) => {
        const [first, second] = calendarWindows(span, ms, zone);
        assert.ok(first !== undefined && second !== undefined && first.endMs !== null && second.endMs !== null);
        assert.ok(first.startMs <= ms && ms < first.endMs, `${first.name} in ${zone}`);
        const letters = span === 'day' ? 10 : 7;
        for (const [window, inside] of [
          [first, ms],
          [first, first.startMs],
          [first, first.endMs - 1],
          [second, second.startMs],
          [second, second.endMs - 1],
        ] as const)
          assert.equal(window.name, dateIn(zone, inside).slice(0, letters), zone);
        assert.equal(second.startMs, first.endMs);
        assert.ok(second.name > first.name);
      },
    ),
    { numRuns: 500 },
  );
});

test('walked over thirty years they leave no moment out and use no name twice', () => {
  for (const zone of [...zones, 'America/Sao_Paulo']) {
    const names = new Set<string>();
    let ms = at('2015-06-15');
    for (; ms < at('2044-12-20');) {
      const [first] = calendarWindows('month', ms, zone);
      assert.ok(first !== undefined && first.endMs !== null && !names.has(first.name));
      names.add(first.name);
      ms = first.endMs;
    }
    assert.equal(names.size, 29 * 12 + 7, zone);
  }
});

test('while a window lasts the same array comes back, and its names change with a reset alone', () => {
  const stated = { window: 'month' as const, resets: [{ window: '2026-11', count: 1 }] };
  const ms = at('2026-11-28');
  assert.equal(calendarWindows('month', ms, 'Europe/Berlin'), calendarWindows('month', ms + hourMs, 'Europe/Berlin'));
  assert.deepEqual(
    budgetWindows(stated, ms, 'UTC').map(({ name }) => name),
    ['2026-11.2', '2026-12'],
  );
  assert.deepEqual(
    budgetWindows(stated, at('2026-12-01'), 'UTC').map(({ name }) => name),
    ['2026-12', '2027-01'],
  );
  const life = { window: 'life' as const, resets: [{ window: 'life', count: 2 }] };
  assert.deepEqual(budgetWindows(life, ms, 'UTC'), [{ name: 'life.3', startMs: 0, endMs: null }]);
});
