// Pages out of data: with nothing in it, with one customer, with two thousand, with names that mean harm, and with
// sources that are away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dollarBudget } from '../auth/auth.ts';
import type { SubscriptionEntry } from '../directory/directory.ts';
import { recordOf } from '../directory/directory.ts';
import { subscriptions } from './customer-link.ts';
import { customerPage } from './customers/customer.ts';
import type { CustomerData } from './customers/customer-data.ts';
import { customersPage, type CustomersData, type CustomerUse } from './customers/customers.ts';
import { monthsOf } from './days.ts';
import { functionsPage } from './functions/functions.ts';
import { overviewPage } from './overview/overview.ts';
import type { Day, OverviewData } from './overview/overview-data.ts';
import { pageHtml } from './page-html.ts';
import type { Page } from './page.ts';
import { requestPage } from './requests/request.ts';
import { tableCsv } from './table-csv.ts';

const months = monthsOf('2026-11-28');
const nowMs = Date.parse('2026-11-28T10:00:00Z');
const read = <T>(value: T): { value: T; readAtMs: number } => ({ value, readAtMs: nowMs - 5_000 });
const sums = {
  events: 1,
  units: 1,
  tokens: 10,
  cost_nano_usd: 1_500_000_000,
  unconfirmed_nano_usd: 0,
  estimated_nano_usd: 0,
  abandoned_nano_usd: 0,
  unpriced: 0,
  partly_unpriced: 0,
};
const evil = '<script>alert(1)</script>"\u202E\u0000 שלום';

const htmlOf = (page: Page): string =>
  pageHtml(page, { environment: 'dev', reader: null, nowMs, csvOf: ({ id }) => `/csv/${id}`, menu: [] });

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const entry = (n: number, name: string): SubscriptionEntry => ({
  id: idOf(n),
  record: recordOf({ name, accessEnabled: n % 2 === 0, limits: {}, tags: ['enterprise'] }, 'test'),
});
const use = (n: number, more: Partial<CustomerUse> = {}): CustomerUse => ({
  ...sums,
  source: subscriptions,
  id: idOf(n),
  beforeNano: 1,
  lastDay: '2026-11-28',
  cost_nano_usd: 1_000_000_000 * (5_000 - n),
  ...more,
});

function customers(count: number): CustomersData {
  const all = Array.from({ length: count }, (_, n) => n);
  return { months, uses: read(all.map((n) => use(n))), entries: read(all.map((n) => entry(n, `Customer ${n}`))) };
}

const overview = (more: Partial<OverviewData> = {}): OverviewData => ({
  months,
  timeZone: 'UTC',
  days: read([]),
  movers: read([]),
  faults: read([]),
  entries: read([]),
  budgeted: read(null),
  ...more,
});

const customer = (more: Partial<CustomerData> = {}): CustomerData => ({
  source: subscriptions,
  id: idOf(1),
  from: '2026-10-25',
  to: '2026-11-28',
  entry: read({ found: null }),
  windows: read([]),
  budgets: read([]),
  spend: read([]),
  happenings: read([]),
  licence: read([]),
  audit: read([]),
  ...more,
});

test('with nothing in it each page is whole, says so, and shows no NaN', () => {
  const pages = [
    overviewPage(overview()),
    customersPage({ months, uses: read([]), entries: read([]) }, '', 1),
    customerPage(customer(), nowMs),
    functionsPage({ months, spend: read([]), parts: read(null) }),
    requestPage({
      id: 'a'.repeat(32),
      from: '2026-11-22',
      to: '2026-11-28',
      rows: read([]),
      names: read(new Map()),
      prices: null,
      project: null,
    }),
  ];
  for (const page of pages) {
    const html = htmlOf(page);
    assert.doesNotMatch(html, /NaN|undefined|Infinity|\[object/, page.title);
    assert.match(html, /<h1><bdi>/);
    for (const { table } of page.sections) if (table !== null) assert.ok(table.empty !== '' || table.rows.length > 0);
  }
  assert.match(htmlOf(overviewPage(overview())), /no whole day to go by yet/);
});

test('a source that is away costs its own sections, which say why, and no others', () => {
  const fault = { fault: 'BigQuery gave no answer: look again later' };
  const day: Day = { ...sums, day: '2026-11-27', final: false };
  const page = overviewPage(
    overview({ days: read([day]), faults: fault, entries: { fault: 'Firestore gave no answer' } }),
  );
  assert.deepEqual(
    page.sections.map(({ id, fault: why }) => [id, why !== null]),
    [
      ['month', false],
      ['days', false],
      ['movers', false],
      ['certainty', false],
      ['faults', true],
    ],
  );
  const html = htmlOf(page);
  assert.match(html, /BigQuery gave no answer/);
  assert.match(html, /Names of customers are not known/);
  assert.match(html, /From BigQuery, usage_daily, read 5 s ago/);
  const list = htmlOf(customersPage({ months, uses: fault, entries: read([entry(1, 'Acme')]) }, '', 1));
  assert.match(list, /Acme/);
});

test('days without traffic are shown, the month sums up, and the forecast names its method', () => {
  const days = ['2026-10-05', '2026-11-03', '2026-11-27'].map((day): Day => ({
    ...sums,
    day,
    final: day < '2026-11-26',
  }));
  const page = overviewPage(overview({ days: read(days) }));
  const table = page.sections.find(({ id }) => id === 'days')?.table;
  assert.equal(table?.rows.length, 28);
  assert.equal(table.rows[0]?.[0], '2026-11-28');
  assert.equal(table.total?.[1], 3_000_000_000);
  const [spend, ahead, before] = page.sections[0]?.facts ?? [];
  assert.deepEqual([spend?.value, before?.value], [3_000_000_000, 1_500_000_000]);
  // The mean is 1.5 over seven days; three days are to come, today among them.
  assert.equal(ahead?.value, Math.round(3_000_000_000 + 3 * (1_500_000_000 / 7)));
  assert.equal(ahead?.note, 'spend so far, then the mean of the last 7 whole days');
});

test('two thousand customers: a hundred a page, all in the CSV, found by name, id and tag', () => {
  const data = customers(2_000);
  const first = customersPage(data, '', 1);
  assert.equal(first.sections[0]?.table?.rows.length, 100);
  assert.equal(first.pages?.after, '/console/customers?page=2');
  assert.equal(first.pages.before, null);
  assert.ok(htmlOf(first).length < 400_000, `${htmlOf(first).length}`);
  assert.equal(customersPage(data, '', 999).pages?.now, 'Page 20 of 20, 2000 customers');
  assert.equal(customersPage(data, '', -1).pages?.before, null);
  const all = customersPage(data, '', 'all').sections[0]?.table;
  assert.ok(all !== undefined && all !== null);
  assert.equal(tableCsv(all).trimEnd().split('\r\n').length, 2_001);
  const found = (search: string): number => customersPage(data, search, 'all').sections[0]?.table?.rows.length ?? 0;
  assert.deepEqual([found('customer 1999'), found(idOf(7)), found('ENTERPRISE'), found('nobody')], [1, 1, 2_000, 0]);
});

test('a customer without usage is listed, one without a document too; shares are of all spend', () => {
  const data = {
    months,
    uses: read([use(1), use(2, { source: 'dotcom-user', id: '7' })]),
    entries: read([entry(3, 'Idle')]),
  };
  const rows = customersPage(data, '', 1).sections[0]?.table?.rows ?? [];
  assert.deepEqual(
    rows.map((row) => row[0]),
    [
      { text: idOf(1), href: `/console/customers/${idOf(1)}` },
      { text: 'Sourcegraph.com user 7', href: '/console/customers/7?source=dotcom-user' },
      { text: 'Idle', href: `/console/customers/${idOf(3)}` },
    ],
  );
  assert.deepEqual(rows[0]?.[11], { text: 'not in the directory', tone: 'warn' });
  assert.ok(Math.abs(Number(rows[0]?.[2]) + Number(rows[1]?.[2]) - 1) < 1e-9);
});

test('budgets: what a customer may spend a month beside what it spent, and all of them on the overview', () => {
  const budgets = { subscription: { limitUsd: '10', window: 'month' }, embeddings: { limitUsd: '1', window: 'day' } };
  const record = recordOf({ name: 'Acme', accessEnabled: true, limits: {}, overrides: { budgets } }, 'test');
  const acme = { id: idOf(1), record };
  const list = customersPage(
    { months, uses: read([use(1, { cost_nano_usd: 2_500_000_000 })]), entries: read([acme, entry(2, 'Other')]) },
    '',
    1,
  ).sections[0]?.table;
  const at = (heading: string): number => list?.columns.findIndex((column) => column.heading === heading) ?? -1;
  assert.deepEqual([list?.rows[0]?.[at('Budget a month')], list?.rows[0]?.[at('Spent of it')]], [10_000_000_000, 0.25]);
  assert.deepEqual([list?.rows[1]?.[at('Budget a month')], list?.rows[1]?.[at('Spent of it')]], [null, null]);
  const fact = (page: Page) => page.sections[0]?.facts.find(({ label }) => label === 'Budgets of the month');
  assert.equal(fact(overviewPage(overview({ entries: read([acme, entry(2, 'Other')]) })))?.value, 10_000_000_000);
  assert.equal(fact(overviewPage(overview()))?.note, 'no customer has one');
  const spent = overview({ entries: read([acme]), budgeted: read(2_500_000_000) });
  assert.equal(fact(overviewPage(spent))?.note, 'of 1 customers, each its own; $2.50 of it spent, 25.0 %');
  const stated = record.overrides.budgets?.subscription;
  assert.ok(stated !== null && stated !== undefined);
  const budget = dollarBudget('subscription', stated, nowMs, 'UTC');
  const [window] = budget.windows;
  assert.ok(window !== undefined);
  const reading = { budget, window, settledNanoUsd: 2_500_000_000, reservedNanoUsd: 1_000_000 };
  const page = customerPage(customer({ entry: read({ found: acme }), budgets: read([reading]) }), nowMs);
  const row = page.sections.find(({ id }) => id === 'budgets')?.table?.rows[0];
  assert.deepEqual(row?.slice(0, 7), ['all features', 2_500_000_000, 1_000_000, 10_000_000_000, 0.25, 0.25, '2026-11']);
});

test('paper has the first rows of a long table, as many as are told, and says how many more there are', () => {
  const [section] = customersPage(customers(3), '', 1).sections;
  const table = section?.table ?? assert.fail();
  const html = (onPaper?: number): string =>
    htmlOf({
      ...overviewPage(overview()),
      sections: [{ ...(section ?? assert.fail()), table: { ...table, ...(onPaper !== undefined && { onPaper }) } }],
    });
  assert.equal(html(1).match(/class="screen"/g)?.length, 2);
  assert.match(html(1), /class="note paper">2 more lines are on the page itself/);
  assert.doesNotMatch(html(), /class="screen"|class="note paper"/);
  assert.doesNotMatch(html(3), /class="screen"|class="note paper"/);
});

test('names that mean harm are only text, whatever page they stand on', () => {
  const record = { found: entry(1, evil) };
  const pages = [
    overviewPage(
      overview({
        movers: read([{ kind: 'model', source: null, name: evil, nowNano: 1, beforeNano: 0 }]),
        entries: read([entry(1, evil)]),
      }),
    ),
    customersPage({ months, uses: read([use(1)]), entries: read([entry(1, evil)]) }, evil, 1),
    customerPage(
      customer({
        entry: read(record),
        happenings: read([{ kind: 'user', name: evil, feature: evil, events: 1, lastMs: null, costNano: 1 }]),
        audit: read([
          {
            at: '2026-11-28T10:00:00Z',
            who: evil,
            why: evil,
            what: evil,
            subject: null,
            change: evil,
            outcome: 'done',
          },
        ]),
      }),
      nowMs,
    ),
  ];
  for (const page of pages) {
    const html = htmlOf(page);
    assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;\uFFFD\uFFFD שלום/, page.title);
    assert.doesNotMatch(html, /<script|\u202E/, page.title);
    assert.ok(!html.includes('\0'), page.title);
    for (const { table } of page.sections) {
      const csv = table === null ? '' : tableCsv(table);
      assert.ok(!csv.includes('\0') && !csv.includes('\u202E'), page.title);
    }
  }
});
