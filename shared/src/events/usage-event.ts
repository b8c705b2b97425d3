// One row of the events table and how it is made: from a whole event, or from a draft and what the limiter says became of it. Not its delivery.

/** Event names that readers of the table know (spec actors §6.3). */
export type EventName =
  | 'CompletionsFinished'
  | 'EmbeddingsFinished'
  | 'AttributionFinished'
  | 'RateLimited'
  | 'RequestBlocked'
  | 'Unauthorized'
  | 'AccessDenied';

/** A row of the events table: five columns that others' dashboards read (spec actors §6.1), then ours (design §7). Unknown is null. */
export interface UsageEvent {
  readonly name: EventName;
  readonly source: string;
  /** Actor id; `unknown` for a token that no source knows. */
  readonly identifier: string;
  /** RFC 3339 with milliseconds: when the event happened, not when it was written. */
  readonly created_at: string;
  /** JSON object; keys as spec actors §6.3 lists them. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly event_id: string;
  /** 1 for what its holder wrote, 0 for what the sweeper wrote in a dead holder's place: of equal ids the highest rank counts. */
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
  /** How many equal events the row stands for. */
  readonly count: number;
  /** Input and output tokens together, as the provider reported them. */
  readonly tokens: number | null;
  /** Milliseconds of the request that were not the provider's: our own. */
  readonly gateway_ms: number | null;
}

/** What an event says before anyone knows how the call ends: serve hands it to `admit`. */
export type EventDraft = Omit<
  UsageEvent,
  'rank' | 'units' | 'quota_window' | 'quota_units' | 'count' | 'tokens' | 'gateway_ms'
>;

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

/**
 * Makes the row of an outbox entry.
 * @throws SyntaxError when the entry's event is not JSON: it was not written by us.
 */
export function eventOf(fields: OutboxFields): UsageEvent {
  const known = {
    event_id: fields.i,
    quota_window: fields.w === '' ? null : fields.w,
    quota_units: Number(fields.q),
    count: Number(fields.n ?? 1),
  };
  if (fields.k === 'orphaned') {
    // The holder died: the estimate stands as charged until a settlement, which has a higher rank, arrives.
    const draft = JSON.parse(fields.e) as EventDraft;
    return {
      ...draft,
      ...known,
      metadata: { ...draft.metadata, orphaned: true },
      rank: 0,
      units: Number(fields.s),
      tokens: null,
      gateway_ms: null,
    };
  }
  if (fields.k === 'refused') {
    const draft = JSON.parse(fields.e) as EventDraft;
    return {
      ...refusedEvent(draft, { cause: fields.c ?? '', limit: Number(fields.l), retryAtMs: Number(fields.u) }),
      count: known.count,
    };
  }
  const event = JSON.parse(fields.e) as UsageEvent;
  return { ...event, ...known, metadata: withNotice(event.metadata, Number(fields.t ?? '')), rank: 1 };
}

/** The row of the call that crossed a threshold says so. */
export function withNotice(metadata: UsageEvent['metadata'], percent: number): UsageEvent['metadata'] {
  return percent > 0 ? { ...metadata, notice_percent: percent } : metadata;
}

/** What the limiter said when it refused. */
interface RefusalFacts {
  readonly cause: string;
  readonly limit: number;
  readonly retryAtMs: number;
}

/** `RateLimited` (spec actors §6.3): limit and retry_after for quota refusals alone; the in-flight cap counts as concurrency. */
export function refusedEvent(draft: EventDraft, facts: RefusalFacts): UsageEvent {
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
  return {
    ...draft,
    name: 'RateLimited',
    metadata,
    rank: 1,
    units: 0,
    quota_window: null,
    quota_units: 0,
    count: 1,
    tokens: null,
    gateway_ms: null,
  };
}
