// The list of customers: everybody who used something in these two months, and every subscription that did not. Data
// in, page out.

import { nanoUsdIn } from '../../catalogue/catalogue.ts';
import type { SubscriptionEntry } from '../../directory/directory.ts';
import { hasAccess } from '../../directory/directory.ts';
import { customerLink, customerName, subscriptions } from '../customer-link.ts';
import { dayOf, monthsOf, type Months } from '../days.ts';
import type { Lookups, Question, Row } from '../lookups.ts';
import { faultSection, tableSection, type Cell, type Page, type State } from '../page.ts';
import { numberOf, sumCells, sumColumns, sumsOf, sumsSql, textOf, type Sums } from '../sums.ts';
import { told, valueOf, type Told } from '../told.ts';

/** What somebody used of this month; the last only as money. */
export interface CustomerUse extends Sums {
  readonly source: string;
  readonly id: string;
  readonly beforeNano: number;
  /** The last day with a request. */
  readonly lastDay: string | null;
}

/** Everything that the list shows. */
export interface CustomersData {
  readonly months: Months;
  readonly uses: Told<readonly CustomerUse[]>;
  readonly entries: Told<readonly SubscriptionEntry[]>;
}

/** Beyond it the list says that it ends. */
const usesMax = 5_000;

/** For the list of the project's SQL as well. */
export const customersQuestion: Question = {
  sql: `SELECT source, identifier, before_nano, CAST(last_day AS STRING) AS last_day, events, units, tokens, cost_nano_usd, unconfirmed_nano_usd, estimated_nano_usd, abandoned_nano_usd, unpriced, partly_unpriced
FROM (
  SELECT source, identifier, MAX(last_day) AS last_day, SUM(before_nano) AS before_nano, ${sumsSql}
  FROM (
    SELECT source, identifier, day AS last_day, 0 AS before_nano, events, units, tokens, cost_nano_usd, unconfirmed_nano_usd, estimated_nano_usd, abandoned_nano_usd, unpriced, partly_unpriced
    FROM \`$dataset.usage_daily\`
    WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    UNION ALL
    SELECT source, identifier, day AS last_day, cost_nano_usd AS before_nano, 0 AS events, 0 AS units, 0 AS tokens, 0 AS cost_nano_usd, 0 AS unconfirmed_nano_usd, 0 AS estimated_nano_usd, 0 AS abandoned_nano_usd, 0 AS unpriced, 0 AS partly_unpriced
    FROM \`$dataset.usage_daily\`
    WHERE day BETWEEN CAST(@before AS DATE) AND DATE_SUB(CAST(@from AS DATE), INTERVAL 1 DAY)
  )
  GROUP BY source, identifier
)
ORDER BY cost_nano_usd DESC, events DESC, identifier`,
  rowsMax: usesMax,
  bytesMax: 50 * 1024 ** 3,
};

/** @param failed is told what went wrong */
export async function readCustomers(
  lookups: Lookups,
  entries: Promise<Told<readonly SubscriptionEntry[]>>,
  nowMs: number,
  failed: (error: unknown) => void,
): Promise<CustomersData> {
  const timeZone = await lookups.timeZone().catch(() => 'UTC');
  const months = monthsOf(dayOf(nowMs, timeZone));
  const params = { from: months.from, to: months.today, before: months.beforeFrom };
  const asked = lookups
    .rows(customersQuestion, params)
    .then(({ value, readAtMs }) => ({ value: value.map(useOf), readAtMs }));
  const [uses, known] = await Promise.all([told(asked, failed), entries]);
  return { months, uses, entries: known };
}

const useOf = (row: Row): CustomerUse => ({
  source: textOf(row['source']) ?? '',
  id: textOf(row['identifier']) ?? '',
  beforeNano: numberOf(row['before_nano']) ?? 0,
  lastDay: textOf(row['last_day']),
  ...sumsOf(row),
});

/** Lines of one page. */
const perPage = 100;

interface Line {
  readonly source: string;
  readonly id: string;
  readonly use: CustomerUse | null;
  readonly entry: SubscriptionEntry | null;
}

/**
 * The page at `/console/customers`.
 * @param search part of a name, an id or a tag; empty: all
 * @param number of the page, from 1; those of a CSV are all
 */
export function customersPage(data: CustomersData, search: string, number: number | 'all'): Page {
  const { months, uses, entries } = data;
  const names = namesOf(entries);
  const found = linesOf(data).filter((line) => matches(line, names, search));
  const pagesCount = Math.max(1, Math.ceil(found.length / perPage));
  const page = number === 'all' ? 1 : Math.min(Math.max(1, number), pagesCount);
  const shown = number === 'all' ? found : found.slice((page - 1) * perPage, page * perPage);
  const query: Record<string, string> = search === '' ? {} : { q: search };
  const link = (to: number): string =>
    `/console/customers?${new URLSearchParams({ ...query, page: String(to) }).toString()}`;
  const whole = valueOf(uses, []).reduce((sum, { cost_nano_usd: nano }) => sum + nano, 0);
  const origins = [
    ...('fault' in uses
      ? []
      : [{ source: 'BigQuery, usage_daily', readAtMs: uses.readAtMs, note: `${months.from} to ${months.today}` }]),
    ...('fault' in entries ? [] : [{ source: 'Firestore, subscriptions', readAtMs: entries.readAtMs }]),
  ];
  const title = search === '' ? 'All, the dearest first' : `Those with “${search}”`;
  return {
    path: '/console/customers',
    query,
    title: 'Customers',
    lead: 'Subscriptions, Sourcegraph.com users and callers without a token, by what they used this month.',
    warnings: [
      ...('fault' in entries ? [`Names, tags and access are not known: ${entries.fault}.`] : []),
      ...('fault' in uses ? [`What was used is not known: ${uses.fault}.`] : []),
      ...(valueOf(uses, []).length >= usesMax ? [`The list ends after the ${usesMax} dearest.`] : []),
    ],
    search: { label: 'Name, id or tag', name: 'q', value: search, hint: 'acme' },
    sections:
      'fault' in uses && 'fault' in entries
        ? [faultSection('customers', title, uses.fault)]
        : [
            tableSection(
              'customers',
              title,
              {
                columns: [
                  { heading: 'Customer', kind: 'text' },
                  ...sumColumns,
                  { heading: 'Last month', kind: 'money' },
                  { heading: 'Budget a month', kind: 'money' },
                  { heading: 'Spent of it', kind: 'percent' },
                  { heading: 'Last used', kind: 'text' },
                  { heading: 'Access', kind: 'state' },
                  { heading: 'Tags', kind: 'text' },
                  { heading: 'Id', kind: 'code' },
                ],
                rows: shown.map((line) => rowOf(line, names, whole)),
                total: null,
                empty: search === '' ? 'Nobody used anything, and there are no subscriptions.' : 'Nobody is called so.',
              },
              { origins },
            ),
          ],
    pages:
      pagesCount === 1
        ? null
        : {
            before: page > 1 ? link(page - 1) : null,
            after: page < pagesCount ? link(page + 1) : null,
            now: `Page ${page} of ${pagesCount}, ${found.length} customers`,
          },
  };
}

/** Names by id. */
export function namesOf(entries: Told<readonly SubscriptionEntry[]>): ReadonlyMap<string, string> {
  return new Map(
    valueOf(entries, []).flatMap((entry) =>
      'record' in entry && entry.record.name !== '' ? [[entry.id, entry.record.name] as const] : [],
    ),
  );
}

/** First those who used something, in the order of the warehouse, then the others by name. */
function linesOf({ uses, entries }: CustomersData): readonly Line[] {
  const byId = new Map(valueOf(entries, []).map((entry) => [entry.id, entry]));
  const used = valueOf(uses, []).map((use): Line => {
    const entry = use.source === subscriptions ? (byId.get(use.id) ?? null) : null;
    if (entry !== null) byId.delete(use.id);
    return { source: use.source, id: use.id, use, entry };
  });
  const others = [...byId.values()].map((entry): Line => ({ source: subscriptions, id: entry.id, use: null, entry }));
  return [...used, ...others.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))];
}

const nameOf = ({ entry }: Line): string => (entry !== null && 'record' in entry ? entry.record.name : '');

function matches({ source, id, entry }: Line, names: ReadonlyMap<string, string>, search: string): boolean {
  const wanted = search.toLowerCase();
  const tags = entry !== null && 'record' in entry ? entry.record.tags : [];
  return [id, customerName(source, id, names), ...tags].some((text) => text.toLowerCase().includes(wanted));
}

function rowOf({ source, id, use, entry }: Line, names: ReadonlyMap<string, string>, whole: number): readonly Cell[] {
  const budget = monthlyBudget(entry);
  return [
    customerLink(source, id, names),
    ...(use === null ? [0, 0, 0, 0, 0, 0] : sumCells(use, whole)),
    use?.beforeNano ?? 0,
    budget,
    budget === null || budget === 0 ? null : (use?.cost_nano_usd ?? 0) / budget,
    use?.lastDay ?? null,
    source === subscriptions ? accessOf(entry) : null,
    entry !== null && 'record' in entry ? entry.record.tags.join(', ') || null : null,
    id,
  ];
}

/** What a subscription may spend in a calendar month, without grants; null: no budget of a month limits it. */
export function monthlyBudget(entry: SubscriptionEntry | null): number | null {
  const stated = entry !== null && 'record' in entry ? (entry.record.overrides.budgets?.subscription ?? null) : null;
  const nano = stated === null || stated.window !== 'month' ? null : nanoUsdIn(stated.limitUsd);
  return typeof nano === 'number' ? nano : null;
}

/** Whether a subscription may call. */
export function accessOf(entry: SubscriptionEntry | null): State {
  if (entry === null) return { text: 'not in the directory', tone: 'warn' };
  if (!('record' in entry)) return { text: 'its document can’t be read', tone: 'bad' };
  const { archived, overrides } = entry.record;
  if (overrides.archived ?? archived) return { text: 'archived', tone: 'bad' };
  return hasAccess(entry.record) ? { text: 'enabled', tone: 'good' } : { text: 'disabled', tone: 'bad' };
}
