// What the page of one customer is made of: its document, its counters, its audit trail, and three questions to the
// warehouse.

import {
  budgetScopes,
  findSubscription,
  features,
  type SubscribedFeature,
  type SubscriptionEntry,
} from '../../directory/directory.ts';
import { listAudit, type AuditRecord, type Documents } from '../../documents/documents.ts';
import { readBudgets, readWindows, type BudgetReading, type QuotaWindow } from '../../limiter/limiter.ts';
import { dollarBudget } from '../../auth/auth.ts';
import type { Store } from '../../store/store.ts';
import { subscriptions } from '../customer-link.ts';
import { dayOf, daysAfter } from '../days.ts';
import type { Answer, Lookups, Question, Row } from '../lookups.ts';
import { numberOf, sumsOf, sumsSql, textOf, type Sums } from '../sums.ts';
import { told, type Told } from '../told.ts';

/** A day, feature and model. */
export interface Spend extends Sums {
  readonly day: string;
  readonly feature: string | null;
  readonly model: string | null;
  readonly function: string | null;
}

/** Refusals, notices and users of the last seven days. */
export interface Happening {
  readonly kind: 'refusal' | 'notice' | 'user';
  readonly name: string;
  readonly feature: string | null;
  readonly events: number;
  /** Time of the latest, Unix ms. */
  readonly lastMs: number | null;
  readonly costNano: number | null;
}

/** A line of what a licence page shows. */
export interface Licence {
  readonly kind: string;
  readonly day: string;
  readonly model: string | null;
  readonly count: number;
}

/** Whose page it is. */
export interface Customer {
  readonly source: string;
  readonly id: string;
}

/** Everything that the page shows. */
export interface CustomerData extends Customer {
  readonly from: string;
  readonly to: string;
  /** Null for what is no subscription, and where there is no document. */
  readonly entry: Told<{ readonly found: SubscriptionEntry | null }>;
  readonly windows: Told<readonly (readonly [SubscribedFeature, QuotaWindow])[]>;
  readonly budgets: Told<readonly BudgetReading[]>;
  readonly spend: Told<readonly Spend[]>;
  readonly happenings: Told<readonly Happening[]>;
  readonly licence: Told<readonly Licence[]>;
  readonly audit: Told<readonly AuditRecord[]>;
}

/** Days of spend. */
const daysShown = 35;
const auditMost = 50;
const gibibyte = 1024 ** 3;
/** A person waits, not a call. */
const redisBudgetMs = 5_000;

/** For the list of the project's SQL as well. */
export const customerQuestions = {
  spend: {
    sql: `SELECT CAST(day AS STRING) AS day, feature, model, function, ${sumsSql}
FROM \`$dataset.usage_daily\`
WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND source = @source AND identifier = @identifier
GROUP BY day, feature, model, function
ORDER BY day DESC, cost_nano_usd DESC, feature, model`,
    rowsMax: 5_000,
    bytesMax: 50 * gibibyte,
  },
  happenings: {
    sql: `WITH own AS (
  SELECT name AS event, feature, count, cost_nano_usd, created_at,
    IFNULL(JSON_VALUE(metadata, '$.budget.refusal'), JSON_VALUE(metadata, '$.cause')) AS cause,
    TRIM(CONCAT(
      IF(JSON_VALUE(metadata, '$.notice_percent') IS NULL, '', CONCAT(JSON_VALUE(metadata, '$.notice_percent'), ' % of the quota, ')),
      IF(JSON_VALUE(metadata, '$.budget_notice_percent') IS NULL, '', CONCAT(JSON_VALUE(metadata, '$.budget_notice_percent'), ' % of the budget, ')),
      IF(JSON_VALUE(metadata, '$.feature_budget_notice_percent') IS NULL, '', CONCAT(JSON_VALUE(metadata, '$.feature_budget_notice_percent'), ' % of the feature’s budget, '))
    ), ', ') AS notice,
    JSON_VALUE(metadata, '$.sg_actor_id') AS actor_user
  FROM \`$dataset.events_between\`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 168 HOUR), CURRENT_TIMESTAMP())
  WHERE source = @source AND identifier = @identifier
),
parts AS (
  SELECT 'refusal' AS kind, IF(event = 'RateLimited', IFNULL(cause, 'RateLimited'), event) AS name, feature, SUM(count) AS events, MAX(created_at) AS last_at, NULL AS cost_nano_usd
  FROM own
  WHERE event = 'RateLimited' OR event = 'AccessDenied' OR event = 'Unauthorized' OR event = 'RequestBlocked'
  GROUP BY kind, name, feature
  UNION ALL
  SELECT 'notice' AS kind, notice AS name, feature, COUNT(*) AS events, MAX(created_at) AS last_at, NULL AS cost_nano_usd
  FROM own
  WHERE notice != ''
  GROUP BY kind, name, feature
  UNION ALL
  SELECT 'user' AS kind, actor_user AS name, NULL AS feature, SUM(count) AS events, MAX(created_at) AS last_at, SUM(cost_nano_usd) AS cost_nano_usd
  FROM own
  WHERE IFNULL(actor_user, '') != ''
  GROUP BY kind, name
)
SELECT kind, name, feature, events, CAST(last_at AS STRING) AS last_at, cost_nano_usd
FROM parts
QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY events DESC, name, feature) <= 100
ORDER BY kind, events DESC, name, feature`,
    rowsMax: 300,
    bytesMax: 50 * gibibyte,
  },
  licence: {
    sql: `SELECT kind, CAST(date AS STRING) AS day, model, count
FROM (
  SELECT 'chat' AS kind, date, model, count FROM \`$dataset.licence_completions\`(@source, @identifier, 'chat_completions')
  UNION ALL
  SELECT 'code' AS kind, date, model, count FROM \`$dataset.licence_completions\`(@source, @identifier, 'code_completions')
  UNION ALL
  SELECT 'embeddings' AS kind, date, model, count FROM \`$dataset.licence_embeddings\`(@source, @identifier)
)
WHERE count > 0
ORDER BY day DESC, kind, count DESC, model`,
    rowsMax: 500,
    bytesMax: 50 * gibibyte,
  },
} as const satisfies Readonly<Record<string, Question>>;

/** What it reads from besides the warehouse. */
export interface CustomerSources {
  readonly lookups: Lookups;
  readonly documents: Pick<Documents, 'client'>;
  readonly store: Store;
  readonly now: () => number;
  /** By whose calendar budgets begin anew: the time zone of the functions that charge them. */
  readonly billingTimeZone: string;
  /** Is told of each source that failed. */
  readonly failed: (error: unknown) => void;
}

/** Asks for all of it at once. */
export async function readCustomer(customer: Customer, sources: CustomerSources): Promise<CustomerData> {
  const { source, id } = customer;
  const { lookups, documents, store, now, failed } = sources;
  const timeZone = await lookups.timeZone().catch(() => 'UTC');
  const to = dayOf(now(), timeZone);
  const from = daysAfter(to, 1 - daysShown);
  const isSubscription = source === subscriptions;
  const ask = <T>(
    name: keyof typeof customerQuestions,
    params: Readonly<Record<string, string>>,
    of: (row: Row) => T,
  ) =>
    told(
      lookups
        .rows(customerQuestions[name], { source, identifier: id, ...params })
        .then(({ value, readAtMs }) => ({ value: value.map(of), readAtMs })),
      failed,
    );
  const nothing = <T>(value: T): Promise<Answer<T>> => Promise.resolve({ value, readAtMs: now() });
  const [entry, windows, spend, happenings, licence, audit] = await Promise.all([
    told(
      isSubscription
        ? lookups.other(`Firestore subscriptions/${id}`, async () => ({ found: await findSubscription(documents, id) }))
        : nothing({ found: null }),
      failed,
    ),
    // Never cached: current use is asked for when something goes wrong.
    told(readNow(store, customer, now), failed),
    ask('spend', { from, to }, spendRow),
    ask('happenings', {}, happeningRow),
    ask('licence', {}, licenceRow),
    told(
      isSubscription
        ? lookups.other(`Firestore audit ${id}`, () => listAudit(documents, id, auditMost))
        : nothing<readonly AuditRecord[]>([]),
      failed,
    ),
  ]);
  const budgets = await told(readSpent(sources, customer, 'fault' in entry ? null : entry.value.found), failed);
  return { ...customer, from, to, entry, windows, budgets, spend, happenings, licence, audit };
}

async function readNow(
  store: Store,
  { source, id }: Customer,
  now: () => number,
): Promise<Answer<readonly (readonly [SubscribedFeature, QuotaWindow])[]>> {
  if (source !== subscriptions && source !== 'dotcom-user') return { value: [], readAtMs: now() };
  const windows = await readWindows(store, { source, id }, features, { leftMs: redisBudgetMs });
  return {
    value: features.flatMap((feature) => {
      const window = windows.get(feature);
      return window === undefined ? [] : [[feature, window] as const];
    }),
    readAtMs: now(),
  };
}

async function readSpent(
  { store, now, billingTimeZone }: CustomerSources,
  { source, id }: Customer,
  entry: SubscriptionEntry | null,
): Promise<Answer<readonly BudgetReading[]>> {
  const stated = entry !== null && 'record' in entry ? (entry.record.overrides.budgets ?? null) : null;
  const budgets = budgetScopes.flatMap((scope) => {
    const one = stated?.[scope] ?? null;
    return one === null ? [] : [dollarBudget(scope, one, now(), billingTimeZone)];
  });
  if (budgets.length === 0 || source !== subscriptions) return { value: [], readAtMs: now() };
  return { value: await readBudgets(store, { source, id }, budgets, { leftMs: redisBudgetMs }), readAtMs: now() };
}

const spendRow = (row: Row): Spend => ({
  day: textOf(row['day']) ?? '',
  feature: textOf(row['feature']),
  model: textOf(row['model']),
  function: textOf(row['function']),
  ...sumsOf(row),
});

const happeningRow = (row: Row): Happening => ({
  kind: (textOf(row['kind']) ?? 'refusal') as Happening['kind'],
  name: textOf(row['name']) ?? '',
  feature: textOf(row['feature']),
  events: numberOf(row['events']) ?? 0,
  lastMs: timeOf(textOf(row['last_at'])),
  costNano: numberOf(row['cost_nano_usd']),
});

const licenceRow = (row: Row): Licence => ({
  kind: textOf(row['kind']) ?? '',
  day: textOf(row['day']) ?? '',
  model: textOf(row['model']),
  count: numberOf(row['count']) ?? 0,
});

/** `2026-11-28 09:54:18.123+00`, as both engines write a timestamp. */
export function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const ms = Date.parse(text.replace(' ', 'T').replace(/\+00$/, 'Z'));
  return Number.isNaN(ms) ? null : ms;
}
