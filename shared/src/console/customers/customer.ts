// The page of one customer: who it is, what it may and did use, what was refused and changed. Data in, page out.

import { effectiveLimit, type SubscribedFeature, type SubscriptionRecord } from '../../directory/directory.ts';
import { customerName, subscriptions } from '../customer-link.ts';
import { daysAfter } from '../days.ts';
import { tableSection, type Cell, type Column, type Fact, type Page, type Section } from '../page.ts';
import { addUp, amountCells, amountColumns, groupBy, sumCells, sumColumns, type Sums } from '../sums.ts';
import { sectionOf, valueOf } from '../told.ts';
import { accessOf } from './customers.ts';
import type { CustomerData, Happening, Spend } from './customer-data.ts';

const usageSource = 'BigQuery, usage_daily';
const eventsSource = 'BigQuery, events_between';

/** The page at `/console/customers/{id}`. @param nowMs decides whether plans have ended */
export function customerPage(data: CustomerData, nowMs: number): Page {
  const { source, id } = data;
  const found = valueOf(data.entry, { found: null }).found;
  const record = found !== null && 'record' in found ? found.record : null;
  const names = new Map(record === null || record.name === '' ? [] : [[id, record.name]]);
  return {
    path: `/console/customers/${encodeURIComponent(id)}`,
    query: source === subscriptions ? {} : { source },
    title: customerName(source, id, names),
    lead: source === subscriptions ? `Subscription ${id}` : `${source} ${id}`,
    warnings: found !== null && 'fault' in found ? [`Its document can’t be read: ${found.fault}`] : [],
    search: null,
    sections: [
      aboutSection(data, record),
      ...(record === null ? [] : [limitSection(data, record, nowMs), budgetSection(data)]),
      daySection(data),
      partSection(data, 'models', 'Spend by model', 'Model', ({ model }) => model ?? 'no model'),
      partSection(data, 'features', 'Spend by feature', 'Feature', ({ feature }) => feature ?? 'no feature'),
      happeningSection(data, 'user', 'users', 'Users inside it, as their instance names them', 'User'),
      happeningSection(data, 'refusal', 'refusals', 'Refusals of the last 7 days', 'Why'),
      happeningSection(data, 'notice', 'notices', 'Notices of the last 7 days', 'At'),
      licenceSection(data),
      ...(source === subscriptions ? [auditSection(data)] : []),
    ],
    pages: null,
  };
}

function aboutSection(data: CustomerData, record: SubscriptionRecord | null): Section {
  return sectionOf('about', 'Who it is', data.entry, ({ found }, origin) => {
    const access = accessOf(found);
    const text = (label: string, value: string | null, note: string | null = null): Fact => ({
      label,
      kind: 'text',
      value,
      note,
    });
    const spent = addUp(valueOf(data.spend, []));
    const facts: Fact[] = [
      {
        label: `Spend, ${data.from.slice(5)} to ${data.to.slice(5)}`,
        kind: 'money',
        value: 'fault' in data.spend ? null : spent.cost_nano_usd,
        note: null,
      },
      { label: 'Requests', kind: 'count', value: 'fault' in data.spend ? null : spent.events, note: null },
      ...(data.source === subscriptions ? [{ ...text('Access', access.text), tone: access.tone }] : []),
      ...(record === null
        ? []
        : [
            text('Tags', record.tags.join(', ') || null),
            text(
              'Plan',
              record.plan?.name ?? null,
              record.plan === null || record.plan === undefined ? null : `${record.plan.users} users`,
            ),
            text('Stated by', record.origin, record.archived ? 'archived' : null),
            text('Tokens', String(record.tokens.length), 'known by their hashes alone'),
          ]),
    ];
    return {
      id: 'about',
      title: 'Who it is',
      note: null,
      origins: data.source === subscriptions ? origin(`Firestore, subscriptions/${data.id}`) : [],
      fault: null,
      facts,
      chart: null,
      table: null,
    };
  });
}

const featureNames: Readonly<Record<SubscribedFeature, string>> = {
  chat_completions: 'chat',
  code_completions: 'code completions',
  embeddings: 'embeddings (tokens)',
};

/** What it may use, and what it has used so far. */
function limitSection(data: CustomerData, record: SubscriptionRecord, nowMs: number): Section {
  const title = 'Limits, and what is used now';
  return sectionOf('limits', title, data.windows, (windows, origin) =>
    tableSection(
      'limits',
      title,
      {
        columns: [
          { heading: 'Feature', kind: 'text' },
          { heading: 'Used', kind: 'count' },
          { heading: 'Limit', kind: 'count' },
          { heading: 'Percent', kind: 'percent' },
          { heading: 'Bar', kind: 'bar' },
          { heading: 'Every', kind: 'text' },
          { heading: 'Resets', kind: 'time' },
          { heading: 'In flight', kind: 'count' },
          { heading: 'Models', kind: 'text' },
        ],
        rows: windows.map(([feature, window]): readonly Cell[] => {
          const limit = effectiveLimit(record, feature, nowMs);
          const share = limit === null || limit.limit <= 0 ? null : window.used / limit.limit;
          return [
            featureNames[feature],
            window.used,
            limit?.limit ?? null,
            share,
            share,
            limit === null ? 'no limit, no access' : spanText(limit.intervalSeconds),
            window.endMs,
            window.inFlight,
            limit?.allowedModels.join(', ') ?? null,
          ];
        }),
        total: null,
        empty: 'It has no features.',
      },
      { origins: origin('Redis, quota windows', 'used and reserved at that moment') },
    ),
  );
}

/** What it may spend, and what it has spent so far. */
function budgetSection(data: CustomerData): Section {
  const title = 'Budgets in dollars';
  return sectionOf('budgets', title, data.budgets, (readings, origin) =>
    tableSection(
      'budgets',
      title,
      {
        columns: [
          { heading: 'For', kind: 'text' },
          { heading: 'Spent', kind: 'money' },
          { heading: 'Held by calls', kind: 'money' },
          { heading: 'Limit', kind: 'money' },
          { heading: 'Percent', kind: 'percent' },
          { heading: 'Bar', kind: 'bar' },
          { heading: 'Window', kind: 'text' },
          { heading: 'Resets', kind: 'time' },
          { heading: 'When it is used up', kind: 'text' },
        ],
        rows: readings.map(({ budget, window, settledNanoUsd: spent, reservedNanoUsd: held }): readonly Cell[] => {
          const share = budget.limitNanoUsd === 0 ? null : spent / budget.limitNanoUsd;
          const { scope, limitNanoUsd, isHard } = budget;
          return [
            scope === 'subscription' ? 'all features' : featureNames[scope],
            spent,
            held,
            limitNanoUsd,
            share,
            share,
            window.name,
            window.endMs,
            isHard ? 'calls are refused' : 'a notice',
          ];
        }),
        total: null,
        empty: 'It has none: only its quotas limit it.',
      },
      { origins: origin('Redis, budget windows', 'at that moment') },
    ),
  );
}

function spanText(seconds: number): string {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? 'day' : `${seconds / 86_400} days`;
  return seconds % 3_600 === 0 ? `${seconds / 3_600} h` : `${seconds} s`;
}

function daySection(data: CustomerData): Section {
  const title = 'Spend by day, feature and model';
  return sectionOf('spend', title, data.spend, (spend, origin) => {
    const byDay = new Map(groupBy(spend, ({ day }) => day).map((day) => [day.name, day]));
    const bars = [];
    for (let day = data.from; day <= data.to; day = daysAfter(day, 1))
      bars.push({
        label: day.slice(5),
        value: byDay.get(day)?.cost_nano_usd ?? 0,
        before: null,
        open: day === data.to,
      });
    const all = addUp(spend);
    return tableSection(
      'spend',
      title,
      {
        columns: [
          { heading: 'Day', kind: 'text' },
          { heading: 'Feature', kind: 'text' },
          { heading: 'Model', kind: 'text' },
          ...amountColumns,
          { heading: 'Function', kind: 'text' },
        ],
        rows: spend.map((one) => [one.day, one.feature, one.model, ...amountCells(one), one.function]),
        total: ['All', null, null, ...amountCells(all), null],
        empty: 'Nothing in these days.',
      },
      {
        origins: origin(usageSource, `${data.from} to ${data.to}`),
        chart: spend.length === 0 ? null : { title: 'Spend by day', kind: 'money', bars },
      },
    );
  });
}

function partSection(
  data: CustomerData,
  id: string,
  title: string,
  heading: string,
  of: (spend: Spend) => string,
): Section {
  return sectionOf(id, title, data.spend, (spend, origin) => {
    const all: Sums = addUp(spend);
    return tableSection(
      id,
      title,
      {
        columns: [{ heading, kind: 'text' }, ...sumColumns],
        rows: groupBy(spend, of).map((one) => [one.name, ...sumCells(one, all.cost_nano_usd)]),
        total: ['All', ...sumCells(all, 0)],
        empty: 'Nothing in these days.',
      },
      { origins: origin(usageSource, `${data.from} to ${data.to}`) },
    );
  });
}

/** Why something was refused, by the cause or the name of its row. */
export const refusalText: Readonly<Record<string, string>> = {
  quota: 'quota used up',
  'budget-used-up': 'budget used up',
  'budget-held': 'rest of the budget held by calls in flight',
  'budget-too-dear': 'may cost more than is left of the budget',
  concurrency: 'too many at once',
  AccessDenied: 'no access',
  Unauthorized: 'unknown token',
  RequestBlocked: 'prompt blocked',
};

function happeningSection(
  data: CustomerData,
  kind: Happening['kind'],
  id: string,
  title: string,
  heading: string,
): Section {
  return sectionOf(id, title, data.happenings, (all, origin) => {
    const own = all.filter((one) => one.kind === kind);
    const isUser = kind === 'user';
    const columns: readonly Column[] = [
      { heading, kind: 'text' },
      ...(isUser ? [{ heading: 'Spend', kind: 'money' } as const] : [{ heading: 'Feature', kind: 'text' } as const]),
      { heading: 'Requests', kind: 'count' },
      { heading: 'Latest', kind: 'time' },
    ];
    return tableSection(
      id,
      title,
      {
        columns,
        rows: own.map((one) => [
          kind === 'refusal' ? (refusalText[one.name] ?? one.name) : one.name,
          isUser ? one.costNano : one.feature,
          one.events,
          one.lastMs,
        ]),
        total: null,
        empty: isUser ? 'Its calls of the last 7 days name no users.' : 'None.',
      },
      { origins: origin(eventsSource, 'the last 7 days, at most 100 lines') },
    );
  });
}

function licenceSection(data: CustomerData): Section {
  const title = 'What its licence page shows';
  return sectionOf('licence', title, data.licence, (licence, origin) =>
    tableSection(
      'licence',
      title,
      {
        columns: [
          { heading: 'Day', kind: 'text' },
          { heading: 'Feature', kind: 'text' },
          { heading: 'Model', kind: 'text' },
          { heading: 'Count', kind: 'count' },
        ],
        rows: licence.map(({ day, kind, model, count }) => [day, kind, model, count]),
        total: null,
        empty: 'Nothing in the last 7 days.',
      },
      {
        note: 'Completions of the last 7 days, failed ones too, and embedded tokens: not what counts against a quota.',
        origins: origin('BigQuery, licence_completions and licence_embeddings'),
      },
    ),
  );
}

function auditSection(data: CustomerData): Section {
  const title = 'What operators changed';
  return sectionOf('audit', title, data.audit, (records, origin) =>
    tableSection(
      'audit',
      title,
      {
        columns: [
          { heading: 'When', kind: 'time' },
          { heading: 'Who', kind: 'text' },
          { heading: 'What', kind: 'text' },
          { heading: 'Change', kind: 'text' },
          { heading: 'Why', kind: 'text' },
          { heading: 'Outcome', kind: 'text' },
        ],
        rows: records.map(({ at, who, what, change, why, outcome }) => [
          Date.parse(at),
          who,
          what,
          change,
          why,
          outcome,
        ]),
        total: null,
        empty: 'No operator changed it.',
      },
      { origins: origin('Firestore, audit', 'the latest 50') },
    ),
  );
}
