// The report: the console's overview as a page that stands alone, and of some days what finance asks besides: each
// customer with each model, quotas, and what of the money is not sure. Data in, page out.

import { cost, type PriceBook } from '../../catalogue/catalogue.ts';
import { effectiveLimit, features, type SubscriptionEntry } from '../../directory/directory.ts';
import { customerName, subscriptions } from '../customer-link.ts';
import { refusalText } from '../customers/customer.ts';
import { namesOf } from '../customers/customers.ts';
import { daysAfter } from '../days.ts';
import { billSection } from '../functions/functions.ts';
import { overviewPage, whoseText } from '../overview/overview.ts';
import type { OverviewData } from '../overview/overview-data.ts';
import { tableSection, type Cell, type Column, type Page, type Section, type Table } from '../page.ts';
import { addUp, sumCells, sumColumns, type Sums } from '../sums.ts';
import { sectionOf, valueOf, type Told } from '../told.ts';
import { tagSection } from './tag-section.ts';
import { linesMax, type CustomerModel, type Named, type QuotaUse, type ReportData } from './report-data.ts';

const usageSource = 'BigQuery, usage_daily';
const eventsSource = 'BigQuery, events_between';
const others = 'all others';

/** What it is made of besides sums. */
export interface ReportSources {
  readonly overview: OverviewData;
  readonly data: ReportData;
  /** By which cache savings are worked out; null: not known. */
  readonly prices: PriceBook | null;
  readonly nowMs: number;
}

/** One page for a file: links into the console would lead nowhere there, so there are none. */
export function reportPage(sources: ReportSources): Page {
  const { overview, data } = sources;
  const page = overviewPage(overview);
  const sections = [
    ...page.sections,
    spendSection(sources),
    namedSection('models', 'Spend by model', 'Model', data.models, 'no model', data),
    customerSection(sources),
    customerModelSection(sources),
    namedSection('features', 'Spend by feature', 'Feature', data.features, 'no feature', data),
    namedSection('functions', 'Spend by function', 'Function', data.functions, 'none', data),
    ...('value' in data.bill && data.bill.value === null ? [] : [billSection({ parts: data.bill })]),
    tagSection(data),
    quotaSection(sources),
    outcomeSection(sources),
    cacheSection(sources),
    refusalSection(sources),
    latencySection(sources),
  ];
  return {
    ...page,
    title: 'Usage and cost',
    lead: `${page.lead} Spend by day and what is below it: ${daysText(data)}.`,
    sections: sections.map(withoutLinks),
  };
}

function withoutLinks(section: Section): Section {
  if (section.table === null) return section;
  const plain = (cell: Cell): Cell => (typeof cell === 'object' && cell !== null && 'href' in cell ? cell.text : cell);
  return { ...section, table: { ...section.table, rows: section.table.rows.map((row) => row.map(plain)) } };
}

const daysText = ({ from, to }: ReportData): string => `${from} to ${to}`;

/** Every day, those without traffic too. */
function spendSection({ data }: ReportSources): Section {
  const title = 'Spend by day';
  return sectionOf('spend', title, data.days, (days, origin) => {
    const byDay = new Map(days.map((day) => [day.day, day]));
    const rows: Cell[][] = [];
    const bars = [];
    for (let day = data.from; day <= data.to; day = daysAfter(day, 1)) {
      const one = byDay.get(day);
      bars.push({ label: day.slice(5), value: one?.cost_nano_usd ?? 0, before: null, open: one?.final === false });
      rows.unshift([day, ...(one === undefined ? noSums : sumCells(one, 0)).filter((_, at) => at !== 1)]);
    }
    const all = addUp(days);
    const columns: readonly Column[] = [{ heading: 'Day', kind: 'text' }, ...sumColumns.filter((_, at) => at !== 1)];
    const table: Table = {
      columns,
      rows,
      total: ['All', ...sumCells(all, 0).filter((_, at) => at !== 1)],
      empty: 'No day.',
    };
    const chart = days.length === 0 ? null : ({ title: 'Spend by day', bars, kind: 'money' } as const);
    return tableSection('spend', title, table, { origins: origin(usageSource, daysText(data)), chart });
  });
}

const noSums: readonly Cell[] = [0, null, 0, 0, 0, 0];

const sureColumns: readonly Column[] = [
  { heading: 'Unconfirmed', kind: 'money' },
  { heading: 'Estimated', kind: 'money' },
];
const sureCells = (sums: Sums): readonly Cell[] => [sums.unconfirmed_nano_usd, sums.estimated_nano_usd];

function namedSection(
  id: string,
  title: string,
  heading: string,
  told: Told<readonly Named[]>,
  none: string,
  data: ReportData,
): Section {
  return sectionOf(id, title, told, (parts, origin) => {
    const all = addUp(parts);
    const table: Table = {
      columns: [{ heading, kind: 'text' }, ...sumColumns, ...sureColumns],
      rows: parts.map((one) => [one.name ?? none, ...sumCells(one, all.cost_nano_usd), ...sureCells(one)]),
      total: ['All', ...sumCells(all, 0), ...sureCells(all)],
      empty: 'Nothing in these days.',
    };
    return tableSection(id, title, table, { origins: origin(usageSource, daysText(data)) });
  });
}

/** With one line for the rest, so that the sum is the table's. */
export function withRest(parts: readonly CustomerModel[], all: Sums | null): readonly CustomerModel[] {
  if (parts.length < linesMax || all === null) return parts;
  const shown = addUp(parts);
  const names = Object.keys(shown) as (keyof Sums)[];
  const rest = Object.fromEntries(names.map((name) => [name, all[name] - shown[name]])) as unknown as Sums;
  return rest.events === 0 ? parts : [...parts, { source: null, id: null, model: null, ...rest }];
}

/** Of all customers together; null where that is not known. */
export const totalOf = ({ days }: ReportData): Sums | null => ('fault' in days ? null : addUp(days.value));

function customerSection({ overview, data }: ReportSources): Section {
  const title = 'Spend by customer';
  const names = namesOf(overview.entries);
  return sectionOf('customers', title, data.customers, (parts, origin) => {
    const lines = withRest(parts, totalOf(data));
    const all = addUp(lines);
    const table: Table = {
      columns: [{ heading: 'Customer', kind: 'text' }, ...sumColumns, ...sureColumns],
      rows: lines.map((one) => [nameOf(one, names), ...sumCells(one, all.cost_nano_usd), ...sureCells(one)]),
      total: ['All', ...sumCells(all, 0), ...sureCells(all)],
      empty: 'Nobody used anything in these days.',
    };
    return tableSection('customers', title, table, { origins: origin(usageSource, daysText(data)) });
  });
}

const nameOf = ({ source, id }: CustomerModel, names: ReadonlyMap<string, string>): string =>
  id === null ? others : customerName(source, id, names);

function customerModelSection({ overview, data }: ReportSources): Section {
  const title = 'Spend by customer and model';
  const names = namesOf(overview.entries);
  return sectionOf('customer-models', title, data.customerModels, (parts, origin) => {
    const lines = withRest(parts, totalOf(data));
    const all = addUp(lines);
    const table: Table = {
      columns: [{ heading: 'Customer', kind: 'text' }, { heading: 'Model', kind: 'text' }, ...sumColumns],
      rows: lines.map((one) => [
        nameOf(one, names),
        one.id === null ? others : (one.model ?? 'no model'),
        ...sumCells(one, all.cost_nano_usd),
      ]),
      total: ['All', null, ...sumCells(all, 0)],
      empty: 'Nobody used anything in these days.',
    };
    return tableSection('customer-models', title, table, { origins: origin(usageSource, daysText(data)) });
  });
}

/** The latest window of each quota that was used, beside what the directory says is its limit now. */
function quotaSection({ overview, data, nowMs }: ReportSources): Section {
  const title = 'Quotas';
  const names = namesOf(overview.entries);
  const entries = new Map(valueOf(overview.entries, []).map((entry) => [entry.id, entry]));
  return sectionOf('quotas', title, data.quotas, (quotas, origin) =>
    tableSection(
      'quotas',
      title,
      {
        columns: [
          { heading: 'Customer', kind: 'text' },
          { heading: 'Feature', kind: 'text' },
          { heading: 'Units used', kind: 'count' },
          { heading: 'Limit', kind: 'count' },
          { heading: 'Percent', kind: 'percent' },
          { heading: 'Bar', kind: 'bar' },
          { heading: 'Notice at', kind: 'text' },
          { heading: 'Refused', kind: 'count' },
        ],
        rows: quotas.map((quota): readonly Cell[] => {
          const limit = quotaLimit(quota, entries, nowMs);
          const share = limit === null || limit <= 0 ? null : quota.units / limit;
          return [
            customerName(quota.source, quota.id, names),
            quota.feature,
            quota.units,
            limit,
            share,
            share,
            quota.noticed === null ? null : `${quota.noticed} %`,
            quota.refused,
          ];
        }),
        total: null,
        empty: 'No quota was used in these days.',
      },
      {
        note: 'Units in the latest window of each quota: a unit is a call, for embeddings a token. Limits are those of now.',
        origins: [
          ...origin(eventsSource, daysText(data)),
          ...('fault' in overview.entries
            ? []
            : [{ source: 'Firestore, subscriptions', readAtMs: overview.entries.readAtMs }]),
        ],
      },
    ),
  );
}

/** Null where the directory does not say. */
export function quotaLimit(
  { source, id, feature }: QuotaUse,
  entries: ReadonlyMap<string, SubscriptionEntry>,
  nowMs: number,
): number | null {
  const entry = source === subscriptions ? entries.get(id) : undefined;
  const known = features.find((one) => one === feature);
  if (entry === undefined || !('record' in entry) || known === undefined) return null;
  return effectiveLimit(entry.record, known, nowMs)?.limit ?? null;
}

/** Cancelled, failed and served calls, and what each kind cost. */
function outcomeSection({ data }: ReportSources): Section {
  const title = 'What became of requests, and what it cost';
  return sectionOf('outcomes', title, data.outcomes, (outcomes, origin) => {
    const sum = (of: (one: (typeof outcomes)[number]) => number): number =>
      outcomes.reduce((all, one) => all + of(one), 0);
    return tableSection(
      'outcomes',
      title,
      {
        columns: [
          { heading: 'What became of them', kind: 'text' },
          { heading: 'Fault', kind: 'state' },
          { heading: 'Requests', kind: 'count' },
          { heading: 'Spend', kind: 'money' },
          { heading: 'Of it estimated', kind: 'money' },
          { heading: 'Abandoned, beside it', kind: 'money' },
        ],
        rows: outcomes.map((one) => [
          one.what,
          whoseText[one.whose as keyof typeof whoseText],
          one.requests,
          one.costNano,
          one.estimatedNano,
          one.abandonedNano,
        ]),
        total: [
          'All',
          null,
          sum((one) => one.requests),
          sum((one) => one.costNano),
          sum((one) => one.estimatedNano),
          sum((one) => one.abandonedNano),
        ],
        empty: 'No request in these days.',
      },
      {
        note: 'A call that its caller left, or that broke off, costs what was sent and written by then. Abandoned: attempts that nobody got anything of.',
        origins: origin(eventsSource, daysText(data)),
      },
    );
  });
}

const million = 1_000_000;

/** Against the price of plain input, by the prices of now; writes cost more than plain input at some providers. */
export function savedNano(
  {
    model,
    readTokens,
    writtenTokens,
  }: { readonly model: string; readonly readTokens: number; readonly writtenTokens: number },
  prices: PriceBook | null,
  nowMs: number,
): number | null {
  const price = prices?.priceOf(model, nowMs) ?? null;
  const nano = (dimension: string): number | null => cost({ counts: { [dimension]: million } }, price).nanoUsd;
  const [input, read, write] = [nano('input'), nano('cache_read'), nano('cache_write_5m')];
  if (price === null || input === null || read === null || write === null) return null;
  return Math.round((readTokens * (input - read) + writtenTokens * (input - write)) / million);
}

function cacheSection({ data, prices, nowMs }: ReportSources): Section {
  const title = 'What providers’ caches saved';
  return sectionOf('cache', title, data.cache, (uses, origin) => {
    const saved = uses.map((use) => savedNano(use, prices, nowMs));
    return tableSection(
      'cache',
      title,
      {
        columns: [
          { heading: 'Model', kind: 'text' },
          { heading: 'Tokens read', kind: 'count' },
          { heading: 'Tokens written', kind: 'count' },
          { heading: 'Saved', kind: 'money' },
        ],
        rows: uses.map((use, at) => [use.model, use.readTokens, use.writtenTokens, saved[at] ?? null]),
        total: [
          'All',
          uses.reduce((all, { readTokens }) => all + readTokens, 0),
          uses.reduce((all, { writtenTokens }) => all + writtenTokens, 0),
          saved.reduce<number>((all, nano) => all + (nano ?? 0), 0),
        ],
        empty: 'No provider reported a cache in these days.',
      },
      {
        note: 'Against the same tokens as plain input, at the list prices of now, without tiers; what writing costs more is taken off.',
        origins: origin(eventsSource, daysText(data)),
      },
    );
  });
}

function refusalSection({ data }: ReportSources): Section {
  const title = 'Refusals by day';
  return sectionOf('refusals', title, data.refusals, (refusals, origin) =>
    tableSection(
      'refusals',
      title,
      {
        columns: [
          { heading: 'Day', kind: 'text' },
          { heading: 'Why', kind: 'text' },
          { heading: 'Requests', kind: 'count' },
        ],
        rows: refusals.map(({ day, cause, requests }) => [day, refusalText[cause] ?? cause, requests]),
        total: ['All', null, refusals.reduce((all, { requests }) => all + requests, 0)],
        empty: 'Nothing was refused in these days.',
      },
      { origins: origin(eventsSource, daysText(data)) },
    ),
  );
}

function latencySection({ data }: ReportSources): Section {
  const title = 'Latency, ours and the providers’';
  return sectionOf('latency', title, data.latency, (latency, origin) =>
    tableSection(
      'latency',
      title,
      {
        columns: [
          { heading: 'Model', kind: 'text' },
          { heading: 'Calls', kind: 'count' },
          { heading: 'Ours, median', kind: 'ms' },
          { heading: 'Ours, 95 %', kind: 'ms' },
          { heading: 'Provider, median', kind: 'ms' },
          { heading: 'Provider, 95 %', kind: 'ms' },
        ],
        rows: latency.map((one) => [
          one.model,
          one.calls,
          one.gatewayP50,
          one.gatewayP95,
          one.providerP50,
          one.providerP95,
        ]),
        total: null,
        empty: 'No call was served in these days.',
      },
      {
        note: 'Of served calls: the gateway’s own part, and the provider’s to the end of its answer.',
        origins: origin(eventsSource, daysText(data)),
      },
    ),
  );
}
