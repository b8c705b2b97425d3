// A month as a file, out of the local warehouse by the real client: sums that are the views' to the nano-dollar,
// re-pricing of closed months as corrections in the month that was open, what FOCUS asks of each column, never a
// prompt, and never more held than a row at a time.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { LocalBigQuery } from '../local/google/bigquery/bigquery.ts';
import { dayBounds, readMonth, type BillingMonth } from './billing-month.ts';
import { financeLines, focusLines, noSums, type ExportSums } from './export-month.ts';
import { focus, focusFields, usageCharge } from './focus-rows.ts';
import { customersOf, type Row } from './ledger-row.ts';
import { prompt, sampleProject, startSampleMonths } from './sample-months.ts';
import { warehouseOf } from './warehouse.ts';

const customers = customersOf({ fault: 'nobody was asked' });
let warehouse: LocalBigQuery;
let months: readonly [BillingMonth, BillingMonth, BillingMonth];

before(async () => {
  ({ warehouse, months } = await startSampleMonths(Date.now()));
});
after(() => warehouse.close());

type Lines = typeof focusLines;
type Records = readonly Readonly<Record<string, string>>[];

async function exported(
  lines: Lines,
  month: BillingMonth,
): Promise<{ records: Records; sums: ExportSums; text: string }> {
  const { query, stream, dataset } = await warehouseOf({ project: sampleProject, bigquery: warehouse.url });
  const sums = noSums();
  let text = '';
  for await (const line of lines({ query, stream, dataset, customers, nowMs: Date.now() }, month, sums)) text += line;
  return { records: recordsOf(text), sums, text };
}

/** RFC 4180. */
function recordsOf(csv: string): Records {
  const lines: string[][] = [[]];
  for (const [field] of csv.matchAll(/(?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,|\r\n)/g)) {
    const value = field.replace(/,$|\r\n$/, '').replace(/^"([\s\S]*)"$/, '$1');
    lines.at(-1)?.push(value.replaceAll('""', '"'));
    if (field.endsWith('\n')) lines.push([]);
  }
  const [heading = [], ...rows] = lines.filter((line) => line.length > 0);
  return rows.map((row) => {
    assert.equal(row.length, heading.length);
    return Object.fromEntries(heading.map((name, at) => [name, row[at] ?? '']));
  });
}

/** Without a double in between. */
const nanoOf = (dollars: string): bigint => BigInt(dollars.replace('.', ''));
const sumOf = (records: Records, column: string): bigint =>
  records.reduce((sum, record) => sum + nanoOf(record[column] ?? ''), 0n);

async function viewSum(of: readonly BillingMonth[]): Promise<bigint> {
  const days = of.map(({ from, to }) => `day BETWEEN '${from}' AND '${to}'`).join(' OR ');
  const [row] = await warehouse.rows(
    `SELECT CAST(SUM(cost_nano_usd) AS VARCHAR) AS nano FROM usage_daily WHERE ${days}`,
  );
  return BigInt(String(row?.['nano']));
}

test('all months together are what the views say, and each charge is what it cost when its month was closed', async () => {
  const files = await Promise.all(months.map((month) => exported(focusLines, month)));
  const all = files.flatMap(({ records }) => records);
  assert.equal(sumOf(all, 'BilledCost'), await viewSum(months));
  for (const column of ['EffectiveCost', 'ListCost', 'ContractedCost'])
    assert.equal(sumOf(all, column), sumOf(all, 'BilledCost'), column);
  for (const { sums, records } of files)
    assert.equal(sums.nanoUsd + sums.correctedNanoUsd, sumOf(records, 'BilledCost'));
  const corrections = files.map(({ records }) =>
    records
      .filter(({ ChargeClass }) => ChargeClass === 'Correction')
      .map((record) => [record['ChargePeriodStart']?.slice(0, 10), record['SubAccountId'], record['BilledCost']]),
  );
  const day = ({ name }: BillingMonth, number: string): string => `${name}-${number}`;
  const [first, second] = months;
  const acme = 'dotcom-product-subscriptions/6452a8fc-e650-45a7-a0a2-357f776b3b46';
  assert.deepEqual(corrections, [
    [],
    [[day(first, '05'), acme, '-0.999999999']],
    [
      [day(first, '05'), acme, '3.000000001'],
      [day(second, '09'), 'dotcom-user/7', '2.000000009'],
    ],
  ]);
  // On the fifth: the run within the month is no correction, later ones are not in it.
  const fifth = files[0]?.records.filter((record) => record['ChargePeriodStart']?.startsWith(day(first, '05')));
  assert.deepEqual(
    fifth?.map((record) => record['BilledCost']),
    ['4.000000002'],
  );
  const sixth = files[0]?.records.filter((record) => record['ChargePeriodStart']?.startsWith(day(first, '06')));
  assert.deepEqual(
    sixth?.map((record) => [record['BilledCost'], record['x_Requests']]),
    [['0.000000011', '1']],
  );
  for (const [at, { records }] of files.entries())
    assert.ok(records.every((record) => record['BillingPeriodStart'] === `${months[at]?.from ?? ''}T00:00:00Z`));
});

test('a month that nobody priced again later is what its view says, day by day', async () => {
  const { records } = await exported(focusLines, months[2]);
  const usage = records.filter(({ ChargeClass }) => ChargeClass === '');
  assert.equal(sumOf(usage, 'BilledCost'), await viewSum([months[2]]));
});

test('every charge has what the specification asks of its columns', async () => {
  let charges = 0;
  for (const month of months) {
    const { records } = await exported(focusLines, month);
    for (const record of records) {
      charges++;
      for (const { name, type, nullable, values, notNullUnless, with: other } of focus.columns) {
        const value = record[name];
        assert.ok(value !== undefined, name);
        const unless = Object.entries(notNullUnless ?? {});
        if (!nullable || unless.some(([column, is]) => record[column] !== is)) assert.notEqual(value, '', name);
        if (other !== undefined) assert.equal(value === '', record[other] === '', `${name} with ${other}`);
        if (value === '') continue;
        if (values !== undefined) assert.ok(values.includes(value), `${name} ${value}`);
        if (type === 'decimal') assert.match(value, /^-?\d+(\.\d{1,9})?$/, name);
        if (type === 'datetime') assert.match(value, /^\d{4}-\d\d-\d\dT\d\d:00:00Z$/, name);
        if (type === 'object') assert.equal(typeof JSON.parse(value), 'object', name);
      }
    }
  }
  assert.ok(charges > 30);
  assert.ok(focus.columns.filter(({ level }) => level === 'mandatory').length === 21);
  assert.ok(focus.columns.every(({ name, level }) => (level === 'custom') === name.startsWith('x_')));
});

test('a charge without a column that must be there is not written', () => {
  const row: Row = { day: '2026-11-02', source: null, identifier: null, provider: 'p', model: 'p/m', events: 1 };
  const charge = usageCharge(row, {
    month: readMonth('2026-11', 'UTC', Date.parse('2027-01-01')),
    project: 'p',
    customers,
  });
  assert.equal(focusFields(charge).length, focus.columns.length);
  assert.throws(() => focusFields({ ...charge, ProviderName: null }), /a charge has no ProviderName/);
});

test('everything for finance: the view’s sum, what is not sure apart, no prompt, no formula', async () => {
  const [, second] = months;
  const { records, text, sums } = await exported(financeLines, second);
  assert.equal(sumOf(records, 'cost_usd'), await viewSum([second]));
  assert.equal(sums.nanoUsd, await viewSum([second]));
  assert.equal(sumOf(records, 'of_it_unconfirmed_usd'), 77n);
  assert.deepEqual([sums.unpriced, sums.partlyUnpriced], [1, 1]);
  assert.doesNotMatch(text, /PROMPT/);
  assert.ok(prompt.startsWith('PROMPT'));
  assert.ok(records.some(({ customer_id: id }) => id === "'=1+1"));
  assert.ok(
    records.every(
      (record) => record['outcome'] === 'served' && record['input_tokens'] !== '' && record['final'] === 'true',
    ),
  );
});

test('rows are taken as lines are: a file of any length is never held', async () => {
  let taken = 0;
  const row = { day: '2026-11-02', source: 's', identifier: 'i', cost_nano_usd: 1, events: 1 };
  const stream = async function* (): AsyncGenerator<Row> {
    for (; taken < 1_000_000; taken++) yield await Promise.resolve(row);
  };
  const query = (): Promise<never[]> => Promise.resolve([]);
  const month = readMonth('2026-11', 'UTC', Date.parse('2027-01-01'));
  for (const lines of [focusLines, financeLines]) {
    taken = 0;
    const all = lines({ query, stream, dataset: 'p.d', customers, nowMs: 0 }, month, noSums());
    for (let i = 0; i < 100; i++) await all.next();
    assert.ok(taken <= 100, `${taken}`);
    await all.return(undefined);
  }
});

test('days begin and months are closed by the billing time zone, where clocks change too', () => {
  const month = readMonth('2026-11', 'America/Los_Angeles', Date.parse('2026-12-01'));
  assert.deepEqual(
    [month.startMs, month.endMs, month.closedMs].map((ms) => new Date(ms).toISOString()),
    ['2026-11-01T07:00:00.000Z', '2026-12-01T08:00:00.000Z', '2026-12-03T08:00:00.000Z'],
  );
  assert.deepEqual(dayBounds('2026-11-01', 'America/Los_Angeles'), ['2026-11-01T07:00:00Z', '2026-11-02T08:00:00Z']);
  assert.deepEqual(dayBounds('2026-11-28', 'Pacific/Kiritimati'), ['2026-11-27T10:00:00Z', '2026-11-28T10:00:00Z']);
  assert.throws(() => readMonth('2026-13', 'UTC', 0), /^UsageError: --month 2026-13 is no month such as 2026-11$/);
  assert.throws(() => readMonth(undefined, 'UTC', 0), /^UsageError: --month is missing: a month such as 2026-11$/);
  assert.throws(() => readMonth('2027-01', 'UTC', Date.parse('2026-12-31')), /has not begun/);
});

test('the command: standard output is the file alone; a file is whole or not there', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateway-export-'));
  t.after(() => rm(folder, { recursive: true }));
  const run = async (...args: string[]): Promise<{ code: number | null; out: string; err: string }> => {
    const program = path.resolve(import.meta.dirname, 'operator.ts');
    const env = { ...process.env, METADATA_SERVER_DETECTION: 'none', GATEWAY_CLOUD_FILE: '/no/such/cloud.json' };
    const all = [program, 'usage', 'export', '--bigquery', warehouse.url, ...args];
    const child = spawn(process.execPath, all, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = once(child, 'exit');
    const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
    return { code: (await exit)[0] as number | null, out: out.join(''), err: err.join('') };
  };
  const { name } = months[1];
  const streamed = await run('--month', name, '--focus');
  assert.equal(streamed.code, 0, streamed.err);
  assert.equal(streamed.out, (await exported(focusLines, months[1])).text);
  assert.match(
    streamed.err,
    /1 charged requests without a price, counted as nothing; 1 requests used something without a price, and cost more than is counted; \$0\.000000077 at unconfirmed prices/,
  );
  const file = path.join(folder, 'focus.csv');
  const kept = await run('--month', name, '--focus', '--out', file, '--json');
  assert.equal(kept.code, 0, kept.err);
  assert.equal(await readFile(file, 'utf8'), streamed.out);
  assert.equal((JSON.parse(kept.out) as { unpriced: number }).unpriced, 1);
  assert.deepEqual([(await run('--month', name, '--json')).code, (await run('--month', '2026-1')).code], [2, 2]);
  // It can't be put in the place of a folder: what was written of it is taken away.
  const taken = path.join(folder, 'taken');
  await mkdir(taken);
  assert.equal((await run('--month', name, '--out', taken)).code, 1);
  assert.deepEqual(await readdir(folder), ['focus.csv', 'taken']);
  const nowhere = await run('--month', name, '--out', path.join(folder, 'none', 'x.csv'));
  assert.deepEqual([nowhere.code, nowhere.out], [2, '']);
  assert.ok(nowhere.err.includes(`x.csv can’t be written: there is no folder ${path.join(folder, 'none')}\n`));
});
