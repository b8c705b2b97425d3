// One row of the events table and how it is made: from a whole event, or from a draft and what the limiter says became
// of it. Not its delivery.

/** Event names that readers of the table know. */
export type EventName =
  | 'CompletionsFinished'
  | 'EmbeddingsFinished'
  | 'AttributionFinished'
  | 'TokensCounted'
  | 'RateLimited'
  | 'RequestBlocked'
  | 'Unauthorized'
  | 'AccessDenied';

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
}

/** What an event says before anyone knows how the call ends: serve hands it to `admit`. */
export type EventDraft = Omit<
  UsageEvent,
  'rank' | 'units' | 'quota_window' | 'quota_units' | 'count' | keyof typeof unmeasured
>;

/**
 * What only the end of a call tells: of a request that was not served, and of a dead holder's call, nobody knows it.
 */
const unmeasured = {
  tokens: null,
  gateway_ms: null,
  cost_nano_usd: null,
  price_version: null,
  price_rank: 0,
  abandoned_nano_usd: null,
  home: null,
  attempts: null,
} as const satisfies Partial<UsageEvent>;

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
}

/** A call's event when it has ended, without what only the limiter knows. */
export type EndedEvent = Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count'>;

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
}

/**
 * The row of an event: its final shape, which is composed here alone, whichever way it leaves the outbox: by the
 * instance that wrote it or by the sweeper. The row of the call that crossed a threshold says so.
 */
export function eventRow(event: EndedEvent, { window, kept, noticed = 0, count = 1 }: Counted): UsageEvent {
  const metadata = noticed > 0 ? { ...event.metadata, notice_percent: noticed } : event.metadata;
  return { ...event, metadata, quota_window: window, quota_units: kept, count };
}

/**
 * The same as JSON, out of the event's own: a call's event has been written once already, and has a kilobyte.
 * @param text `JSON.stringify(event)`
 */
export function eventRowText(event: EndedEvent, text: string, counted: Counted): string {
  if ((counted.noticed ?? 0) > 0) return JSON.stringify(eventRow(event, counted));
  const { window, kept, count = 1 } = counted;
  return `${text.slice(0, -1)},"quota_window":${JSON.stringify(window)},"quota_units":${kept},"count":${count}}`;
}

/** The row of a request that was not served and counts in no window. @param count how many equal ones it stands for */
export function unservedEvent(draft: EventDraft, count = 1): UsageEvent {
  const event = { ...draft, rank: 1, units: 0, ...unmeasured };
  return eventRow(event, { window: null, kept: 0, count });
}

/**
 * Makes the row of an outbox entry.
 * @throws SyntaxError when the entry's event is not JSON: it was not written by us.
 */
export function eventOf({ k, e, w, q, s, c, l, u, n, t }: OutboxFields): UsageEvent {
  const count = Number(n ?? 1);
  const counted = { window: w === '' ? null : w, kept: Number(q), noticed: Number(t ?? 0), count };
  switch (k) {
    case 'orphaned': {
      // The holder died: the estimate stands as charged until a settlement, which has a higher rank, arrives.
      const draft = JSON.parse(e) as EventDraft;
      const metadata = { ...draft.metadata, orphaned: true };
      return eventRow({ ...draft, metadata, rank: 0, units: Number(s), ...unmeasured }, counted);
    }
    case 'refused': {
      const facts = { cause: c ?? '', limit: Number(l), retryAtMs: Number(u) };
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
}

/**
 * `RateLimited`: limit and retry_after for quota refusals alone; the in-flight cap counts as concurrency.
 * @param count how many equal refusals it stands for
 */
export function refusedEvent(draft: EventDraft, facts: RefusalFacts, count = 1): UsageEvent {
  const cause = facts.cause === 'quota' ? 'quota' : 'concurrency';
  const { sg_actor_id, sg_actor_anonymous_uid, trace_id } = draft.metadata;
  const metadata = {
    // Error texts as readers of the table know them.
    error: cause === 'quota' ? 'rate limit exceeded' : `"${draft.feature ?? ''}": concurrency limit exceeded`,
    feature: draft.feature,
    cause,
    ...(cause === 'quota' && { limit: facts.limit, retry_after: new Date(facts.retryAtMs).toISOString() }),
    sg_actor_id,
    sg_actor_anonymous_uid,
    'sg.actor': {},
    trace_id,
  };
  return unservedEvent({ ...draft, name: 'RateLimited', metadata }, count);
}
