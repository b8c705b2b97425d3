// One row of the events table and how it is made: from a whole event, or from a draft and what the limiter says became
// of it. Not its delivery.

import { keptMoney } from '../store/store.ts';
import { budgetNotices, keptColumns, type KeptBudgets } from './budget-columns.ts';

/** Event names that readers of the table know. */
export type EventName =
  | 'CompletionsFinished'
  | 'EmbeddingsFinished'
  | 'AttributionFinished'
  | 'TokensCounted'
  | 'RateLimited'
  | 'RequestBlocked'
  | 'Unauthorized'
  | 'AccessDenied'
  | 'BudgetGranted'
  | 'BudgetRefunded'
  | 'BudgetReset';

/** A row of the events table: five columns that others' dashboards read, then ours. Unknown is null. */
export interface UsageEvent {
  readonly name: EventName;
  readonly source: string;
  /** Actor id; `unknown` for a token that no source knows. */
  readonly identifier: string;
  /** RFC 3339 with milliseconds: when the event happened, not when it was written. */
  readonly created_at: string;
  /** JSON object; its keys are what others' dashboards read. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly event_id: string;
  /**
   * 1 for what its holder wrote, 0 for what the sweeper wrote in a dead holder's place: of equal ids the highest rank
   * counts.
   */
  readonly rank: number;
  readonly function: string;
  readonly region: string;
  readonly feature: string | null;
  /** Qualified: `provider/model`. */
  readonly model: string | null;
  readonly provider: string | null;
  /** The truth: 1 for a call that is charged, 0 for one that is not. */
  readonly units: number;
  readonly quota_window: string | null;
  /** What the window's counter kept. */
  readonly quota_units: number;
  /** Window of the subscription's budget that the call counts in; null: it has none. */
  readonly budget_window: string | null;
  /** Nano-dollars that its counter kept: the cost, or what was reserved where nobody knew it. Never changes. */
  readonly budget_nano_usd: number | null;
  /** The same of the feature's budget. */
  readonly feature_budget_window: string | null;
  readonly feature_budget_nano_usd: number | null;
  /** How many equal events the row represents. */
  readonly count: number;
  /** Input and output tokens together, as the provider reported them. */
  readonly tokens: number | null;
  /** Milliseconds of the request that were not the provider's: our own. */
  readonly gateway_ms: number | null;
  /** Billionths of a dollar, at the price of the moment of its admission; null: not priced. */
  readonly cost_nano_usd: number | null;
  /** By which prices, and what must be known of the cost: `unconfirmed`, `estimated tokens`, `unpriced dimensions`. */
  readonly price_version: string | null;
  /** Of equal ids and ranks the highest counts: 0 as delivered, then the numbers of the runs that priced it again. */
  readonly price_rank: number;
  /** What attempts may have cost that nobody got anything of; null: there were none. */
  readonly abandoned_nano_usd: number | null;
  /** Where it was served; null: not known. */
  readonly home: string | null;
  /** How often it was tried; null: not known. */
  readonly attempts: number | null;
  /** Of the subscription; null: none. */
  readonly tags: readonly string[] | null;
  /** Of the call itself, `name=value`, as its caller named them; null: none. */
  readonly call_tags: readonly string[] | null;
  /** Of the request's body, as it came in; null: not known. */
  readonly request_bytes: number | null;
  /** Of the answer's body, as the caller reads it, before it is compressed; null: not known. */
  readonly response_bytes: number | null;
}

/** What an event says before anyone knows how the call ends: serve hands it to `admit`. */
export type EventDraft = Omit<
  UsageEvent,
  'rank' | 'units' | 'quota_window' | 'quota_units' | 'count' | keyof typeof unmeasured | keyof BudgetColumns
>;

type BudgetColumns = ReturnType<typeof keptColumns>;

/**
 * What only the end of a call tells: of a request that was not served, and of a dead holder's call, nobody knows it.
 */
export const unmeasured = {
  tokens: null,
  gateway_ms: null,
  cost_nano_usd: null,
  price_version: null,
  price_rank: 0,
  abandoned_nano_usd: null,
  home: null,
  attempts: null,
  request_bytes: null,
  response_bytes: null,
} as const satisfies Partial<UsageEvent>;

/** A dead holder's call is charged by what was last known of it (limiter/scripts/sweep.lua), by no tokens. */
const estimatedVersion = 'estimated tokens';

/** The fields of an outbox entry (limiter/scripts/outbox.lua). */
export interface OutboxFields {
  readonly i: string;
  readonly k: string;
  readonly w: string;
  readonly q: string;
  readonly e: string;
  readonly s?: string;
  readonly c?: string;
  readonly l?: string;
  readonly u?: string;
  readonly n?: string;
  readonly t?: string;
  readonly b?: string;
  readonly m?: string;
  readonly r?: string;
  readonly o?: string;
}

/** A call's event when it has ended, without what only the limiter knows. */
export type EndedEvent = Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count' | keyof BudgetColumns>;

/** What the limiter says became of an event. */
export interface Counted {
  /** Quota window that it counts in; null: in none. */
  readonly window: string | null;
  /** Units that the window's counter kept. */
  readonly kept: number;
  /** The threshold whose notice it caused, in percent; 0 or absent: none. */
  readonly noticed?: number;
  /** How many equal events it stands for; absent: itself. */
  readonly count?: number;
  /** What windows of budgets kept; absent for a call without. */
  readonly budgets?: KeptBudgets;
}

/**
 * The row of an event: its final shape, which is composed here alone, whichever way it leaves the outbox: by the
 * instance that wrote it or by the sweeper. The row of the call that crossed a threshold says so.
 */
export function eventRow(event: EndedEvent, { window, kept, noticed = 0, count = 1, budgets }: Counted): UsageEvent {
  const told = { ...(noticed > 0 && { notice_percent: noticed }), ...budgetNotices(budgets) };
  const metadata = Object.keys(told).length > 0 ? { ...event.metadata, ...told } : event.metadata;
  return { ...event, metadata, quota_window: window, quota_units: kept, ...keptColumns(budgets), count };
}

/**
 * The same as JSON, out of the event's own: a call's event has been written once already, and has a kilobyte.
 * @param text `JSON.stringify(event)`
 */
export function eventRowText(event: EndedEvent, text: string, counted: Counted): string {
  if ((counted.noticed ?? 0) > 0 || counted.budgets !== undefined) return JSON.stringify(eventRow(event, counted));
  const { window, kept, count = 1 } = counted;
  return `${text.slice(0, -1)},"quota_window":${JSON.stringify(window)},"quota_units":${kept},"count":${count}}`;
}

/** The row of a request that was not served and counts in no window. @param count how many equal ones it stands for */
export function unservedEvent(draft: EventDraft, count = 1, budgets?: KeptBudgets): UsageEvent {
  const event = { ...draft, rank: 1, units: 0, ...unmeasured };
  return eventRow(event, { window: null, kept: 0, count, ...(budgets !== undefined && { budgets }) });
}

/**
 * Makes the row of an outbox entry.
 * @throws SyntaxError when the entry's event is not JSON: it was not written by us.
 */
export function eventOf({ k, e, w, q, s, c, l, u, n, t, b, m, r, o }: OutboxFields): UsageEvent {
  const count = Number(n ?? 1);
  const budgets = b === undefined ? {} : { budgets: keptMoney(b) };
  const counted = { window: w === '' ? null : w, kept: Number(q), noticed: Number(t ?? 0), count, ...budgets };
  switch (k) {
    case 'orphaned': {
      // The holder died: the estimate stands as charged until a settlement, which has a higher rank, arrives.
      const draft = JSON.parse(e) as EventDraft;
      const metadata = { ...draft.metadata, orphaned: true, ...(m !== undefined && { estimated: true }) };
      const cost = m === undefined ? {} : { cost_nano_usd: Number(m), price_version: estimatedVersion };
      return eventRow({ ...draft, metadata, rank: 0, units: Number(s), ...unmeasured, ...cost }, counted);
    }
    case 'refused': {
      const budget = {
        scope: o === '1' ? ('subscription' as const) : ('feature' as const),
        settledNanoUsd: Number(r),
        costNanoUsd: Number(m),
      };
      const refused = { cause: c ?? '', limit: Number(l), retryAtMs: Number(u) };
      const facts = { ...refused, ...(o !== undefined && { budget }), posted: budgets };
      return refusedEvent(JSON.parse(e) as EventDraft, facts, count);
    }
    default:
      return eventRow(JSON.parse(e) as EndedEvent, counted);
  }
}

/** What the limiter said when it refused. */
interface RefusalFacts {
  readonly cause: string;
  readonly limit: number;
  readonly retryAtMs: number;
  /** Of a refusal by a budget, in nano-dollars: what was spent of its limit, and what the call may cost. */
  readonly budget?: { readonly scope: string; readonly settledNanoUsd: number; readonly costNanoUsd: number };
  /** What windows of budgets kept: nothing, but the row names the window. */
  readonly posted?: { readonly budgets?: KeptBudgets } | null;
}

/** What is wrong with a budget, by the limiter's cause. */
const budgetErrors: Readonly<Record<string, string>> = {
  'budget-used-up': 'budget is used up',
  'budget-held': 'budget is held by calls in flight',
  'budget-too-dear': 'call may cost more than is left of the budget',
};

/**
 * `RateLimited`: limit and retry_after for refusals by quota or budget alone; the in-flight cap counts as concurrency.
 * @param count how many equal refusals it stands for
 */
export function refusedEvent(draft: EventDraft, facts: RefusalFacts, count = 1): UsageEvent {
  const { budget } = facts;
  const cause = budget !== undefined ? 'budget' : facts.cause === 'quota' ? 'quota' : 'concurrency';
  const retryAfter = new Date(facts.retryAtMs).toISOString();
  const { sg_actor_id, sg_actor_anonymous_uid, trace_id } = draft.metadata;
  const metadata = {
    // Error texts as readers of the table know them.
    error:
      budgetErrors[facts.cause] ??
      (cause === 'quota' ? 'rate limit exceeded' : `"${draft.feature ?? ''}": concurrency limit exceeded`),
    feature: draft.feature,
    cause,
    ...(cause === 'quota' && { limit: facts.limit, retry_after: retryAfter }),
    ...(budget !== undefined && {
      retry_after: retryAfter,
      budget: {
        refusal: facts.cause,
        of: budget.scope === 'subscription' ? 'subscription' : 'feature',
        limit_nano_usd: facts.limit,
        spent_nano_usd: budget.settledNanoUsd,
        cost_nano_usd: budget.costNanoUsd,
      },
    }),
    sg_actor_id,
    sg_actor_anonymous_uid,
    'sg.actor': {},
    trace_id,
  };
  // The row may stand for others, which have other tags.
  return unservedEvent({ ...draft, name: 'RateLimited', metadata, call_tags: null }, count, facts.posted?.budgets);
}
