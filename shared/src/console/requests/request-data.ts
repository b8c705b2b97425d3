// What the page of one request is made of: its rows in the events table, found by event or trace, and what the
// catalogue's prices make of its usage.

import { priceCall, type Part, type PriceBook } from '../../catalogue/catalogue.ts';
import { timeOf } from '../customers/customer-data.ts';
import { dayOf, daysAfter } from '../days.ts';
import type { Lookups, Question, Row } from '../lookups.ts';
import { numberOf, textOf } from '../sums.ts';
import { told, type Told } from '../told.ts';

/** An attempt at a home. */
export interface AttemptRow {
  readonly home: string;
  readonly status: number | null;
  readonly ms: number | null;
  readonly failure: string | null;
  readonly mayBeBilled: boolean;
}

/** A count of a dimension, by the model that served it. */
export interface UsageRow {
  readonly model: string | null;
  readonly dimension: string;
  readonly count: number;
}

/** A window of a budget in dollars, and what it kept of a call. */
export interface KeptBudget {
  readonly window: string;
  readonly nano: number;
}

/** A row of the events table, without what may be anybody's text. */
export interface RequestRow {
  readonly eventId: string;
  readonly traceId: string | null;
  readonly name: string;
  readonly source: string;
  readonly identifier: string;
  readonly atMs: number | null;
  readonly function: string | null;
  readonly region: string | null;
  readonly feature: string | null;
  readonly model: string | null;
  readonly home: string | null;
  readonly units: number | null;
  readonly quotaUnits: number | null;
  readonly quotaWindow: string | null;
  /** Windows of budgets, and what they kept of it; null: it had no such budget. */
  readonly budget: KeptBudget | null;
  readonly featureBudget: KeptBudget | null;
  readonly count: number;
  readonly tokens: number | null;
  readonly costNano: number | null;
  readonly abandonedNano: number | null;
  readonly priceVersion: string | null;
  readonly gatewayMs: number | null;
  readonly providerMs: number | null;
  readonly resolved: number | null;
  readonly upstream: number | null;
  readonly cause: string | null;
  /** Units of the quota that it was refused by; null: none did. */
  readonly quotaLimit: number | null;
  /** Of a refusal by a budget, nano-dollars: its limit, what was spent of it, what the call might have cost. */
  readonly refusedBudget: { readonly limit: number; readonly spent: number; readonly cost: number } | null;
  /** Words of ours: `cancelled`, `truncated`, `orphaned`. */
  readonly marks: readonly string[];
  readonly attempts: readonly AttemptRow[];
  readonly usage: readonly Part[];
}

/** Everything that the page shows. */
export interface RequestData {
  /** What was asked for; null: nothing yet. */
  readonly id: string | null;
  readonly from: string;
  readonly to: string;
  readonly rows: Told<readonly RequestRow[]>;
  readonly names: Told<ReadonlyMap<string, string>>;
  /** Null where prices can't be read. */
  readonly prices: PriceBook | null;
  readonly project: string | null;
}

/** Days that are looked through, and before that the event must be named by its day. */
const daysShown = 7;

/** For the list of the project's SQL as well. */
export const requestQuestion: Question = {
  sql: `SELECT name, source, identifier, CAST(created_at AS STRING) AS created_at, event_id, function, region, feature, model, home, units, quota_window, quota_units, budget_window, budget_nano_usd, feature_budget_window, feature_budget_nano_usd, count, tokens, cost_nano_usd, abandoned_nano_usd, price_version, gateway_ms, metadata
FROM \`$dataset.events_between\`(TIMESTAMP(CAST(@from AS DATE), '$zone'), TIMESTAMP(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY), '$zone'))
WHERE event_id = @id OR JSON_VALUE(metadata, '$.trace_id') = @id
ORDER BY created_at DESC`,
  rowsMax: 20,
  bytesMax: 200 * 1024 ** 3,
};

/** What may be asked for: an event's id, or a trace's. */
export const isRequestId = (text: string): boolean => /^[\w-]{8,64}$/.test(text);

/** What it is asked with. */
export interface RequestQuestion {
  readonly id: string | null;
  /** A day to look at; null: the last seven. */
  readonly day: string | null;
  readonly names: Promise<Told<ReadonlyMap<string, string>>>;
  readonly prices: Promise<PriceBook | null>;
  readonly project: string | null;
  readonly nowMs: number;
  readonly failed: (error: unknown) => void;
}

/** Looks it up. */
export async function readRequest(lookups: Lookups, asked: RequestQuestion): Promise<RequestData> {
  const { id, day, names, prices, project, nowMs, failed } = asked;
  const timeZone = await lookups.timeZone().catch(() => 'UTC');
  const to = day ?? dayOf(nowMs, timeZone);
  const from = day ?? daysAfter(to, 1 - daysShown);
  const found =
    id === null
      ? Promise.resolve({ value: [], readAtMs: nowMs })
      : lookups
          .rows(requestQuestion, { id, from, to })
          .then(({ value, readAtMs }) => ({ value: value.map(requestRow), readAtMs }));
  const [rows, known, book] = await Promise.all([told(found, failed), names, prices]);
  return { id, from, to, rows, names: known, prices: book, project };
}

type Members = Readonly<Record<string, unknown>>;

function requestRow(row: Row): RequestRow {
  const metadata = membersOf(row['metadata']);
  const text = (name: string): string | null => textOf(row[name]);
  const number = (name: string): number | null => numberOf(row[name]);
  return {
    eventId: text('event_id') ?? '',
    traceId: /^[0-9a-f]{32}$/.exec(textOf(metadata['trace_id']) ?? '')?.[0] ?? null,
    name: text('name') ?? '',
    source: text('source') ?? '',
    identifier: text('identifier') ?? '',
    atMs: timeOf(text('created_at')),
    function: text('function'),
    region: text('region'),
    feature: text('feature'),
    model: text('model'),
    home: text('home'),
    units: number('units'),
    quotaUnits: number('quota_units'),
    quotaWindow: text('quota_window'),
    budget: keptOf(text('budget_window'), number('budget_nano_usd')),
    featureBudget: keptOf(text('feature_budget_window'), number('feature_budget_nano_usd')),
    count: number('count') ?? 1,
    tokens: number('tokens'),
    costNano: number('cost_nano_usd'),
    abandonedNano: number('abandoned_nano_usd'),
    priceVersion: text('price_version'),
    gatewayMs: number('gateway_ms'),
    providerMs: numberOf(metadata['upstream_request_duration_ms']),
    resolved: numberOf(metadata['resolved_status_code']),
    upstream: numberOf(metadata['upstream_status_code']),
    cause: word(membersOf(metadata['budget'])['refusal']) ?? word(metadata['cause']),
    quotaLimit: numberOf(metadata['limit']),
    refusedBudget: refusedBudgetOf(membersOf(metadata['budget'])),
    marks: ['cancelled', 'truncated', 'orphaned', 'flagged'].filter((name) => String(metadata[name]) === 'true'),
    attempts: listOf(metadata['attempts']).map(attemptOf),
    usage: listOf(membersOf(metadata['usage'])['parts']).map(partOf),
  };
}

const keptOf = (window: string | null, nano: number | null): KeptBudget | null =>
  window === null ? null : { window, nano: nano ?? 0 };

function refusedBudgetOf(budget: Members): RequestRow['refusedBudget'] {
  const [limit, spent, cost] = ['limit', 'spent', 'cost'].map((name) => numberOf(budget[`${name}_nano_usd`]));
  return limit === null || limit === undefined ? null : { limit, spent: spent ?? 0, cost: cost ?? 0 };
}

const attemptsMax = 20;

function attemptOf(attempt: Members): AttemptRow {
  return {
    home: word(attempt['home']) ?? '',
    status: numberOf(attempt['status']),
    ms: numberOf(attempt['ms']),
    failure: word(attempt['failure']),
    mayBeBilled: attempt['may_be_billed'] === true,
  };
}

function partOf(part: Members): Part {
  const counts = Object.entries(membersOf(part['counts'])).flatMap(([name, value]) => {
    const count = numberOf(value);
    return count === null || word(name) === null ? [] : [[name, count] as const];
  });
  return { model: word(part['model']), counts: Object.fromEntries(counts), estimated: part['estimated'] === true };
}

/** Metadata is anybody's object: of its texts only single words are shown. */
const word = (value: unknown): string | null =>
  typeof value === 'string' && /^[\w.:@/-]{1,100}$/.test(value) ? value : null;

/** An object, or JSON that is one; else an empty one. */
function membersOf(value: unknown): Members {
  try {
    const object: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return typeof object === 'object' && object !== null && !Array.isArray(object) ? (object as Members) : {};
  } catch {
    return {};
  }
}

const listOf = (value: unknown): readonly Members[] =>
  Array.isArray(value) ? value.slice(0, attemptsMax).map((one) => membersOf(one)) : [];

/** What each dimension of a request costs by the book, as far as it has a price. */
export function costsOf(
  { usage, model, home, atMs }: RequestRow,
  book: PriceBook | null,
): readonly (UsageRow & { readonly nano: number | null })[] {
  return usage.flatMap((part) =>
    Object.entries(part.counts).map(([dimension, count]) => {
      const alone = { ...part, counts: { [dimension]: count } };
      const priced =
        book === null || model === null || atMs === null ? null : priceCall([alone], { model, home, atMs }, book);
      return { model: part.model, dimension, count, nano: priced?.nanoUsd ?? null };
    }),
  );
}
