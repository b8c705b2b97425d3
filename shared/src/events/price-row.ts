// The price of rows that come without one: of holders that died, of instances whose prices were not there in time, of
// older functions. A row that has a cost keeps it: it was priced once, by the instance that settled the call.

import { priceCall, type Part, type PriceBook } from '../catalogue/catalogue.ts';
import type { UsageEvent } from './usage-event.ts';
import { withCost } from './with-cost.ts';

/** @param book asked only where a price is missing */
export function pricedRow(event: UsageEvent, book: PriceBook): UsageEvent {
  // Rows of older functions lack the members.
  return (event.cost_nano_usd ?? null) === null ? pricedAnew(event, book) : event;
}

/** The row at the prices of a book, whatever it cost before. */
function pricedAnew(event: UsageEvent, book: PriceBook): UsageEvent {
  const parts = event.model === null ? null : partsOf(event);
  if (parts === null || event.model === null) return { ...event, cost_nano_usd: null, price_version: null };
  const by = { model: event.model, home: event.home ?? null, atMs: admittedAtMs(event) };
  return withCost(event, priceCall(parts, by, book));
}

/**
 * The row that a run of re-pricing writes beside one that stands; null where the prices of a book change nothing, and
 * where they know less than the row does: a cost is never taken away, nor is that of an orphan, whose usage nobody
 * knows.
 * @param run its number: of equal ids and ranks the row of the latest run counts
 */
export function repricedRow(event: UsageEvent, book: PriceBook, run: number): UsageEvent | null {
  // A cost that was worked out from what only its instance knew stays.
  if (
    event.cost_nano_usd !== null &&
    event.name === 'CompletionsFinished' &&
    recordedParts(event.metadata['usage']) === null
  )
    return null;
  const { estimated: _, unpriced_dimensions: __, ...metadata } = event.metadata;
  const row = pricedAnew({ ...event, metadata }, book);
  if (row.cost_nano_usd === null || ((event.price_rank as number | null) ?? 0) >= run) return null;
  if (row.cost_nano_usd === event.cost_nano_usd && row.price_version === event.price_version) return null;
  return { ...row, price_rank: run };
}

/** Null where nothing says what was used: what is unknown is not free. */
function partsOf(event: UsageEvent): readonly Part[] | null {
  const { name, rank, metadata } = event;
  // Of a dead holder's call only what was recorded before is known.
  if (rank === 0) return recordedParts(metadata['usage']);
  if (name === 'EmbeddingsFinished') {
    const used = metadata['tokens_used'];
    return isCount(used) ? [{ model: null, counts: { input: used } }] : null;
  }
  if (name !== 'CompletionsFinished') return null;
  return recordedParts(metadata['usage']) ?? olderParts(event);
}

/** As serve/completion-event.ts wrote them. */
function recordedParts(usage: unknown): readonly Part[] | null {
  const { parts } = (usage ?? {}) as { readonly parts?: unknown };
  if (!Array.isArray(parts)) return null;
  return (parts as readonly Partial<Part>[]).map(({ model, counts, qualifiers, estimated }) => ({
    model: model ?? null,
    counts: counts ?? {},
    qualifiers: qualifiers ?? {},
    estimated: estimated === true,
  }));
}

/** A text has about so many characters a token. */
const charactersPerToken = 4;

/** By the keys that every row has had from the beginning. */
function olderParts({ provider, metadata }: UsageEvent): readonly Part[] | null {
  const prompt = reported(metadata, 'prompt');
  const output = reported(metadata, 'completion');
  if (prompt === null || output === null) return null;
  const estimated = !isCount(metadata['prompt_token_count']) || !isCount(metadata['completion_token_count']);
  const cacheRead = count(metadata['cache_read_token_count']);
  const cacheWrite = count(metadata['cache_write_token_count']);
  const reasoning = Math.min(output, count(metadata['reasoning_token_count']));
  // Anthropic reports its cache beside the input, the others within it.
  const input = provider === 'anthropic' ? prompt : Math.max(0, prompt - cacheRead - cacheWrite);
  const counts = { input, cache_read: cacheRead, cache_write_5m: cacheWrite, output: output - reasoning, reasoning };
  return [{ model: null, counts, estimated }];
}

function reported(metadata: UsageEvent['metadata'], side: 'prompt' | 'completion'): number | null {
  const { [`${side}_token_count`]: tokens, [`${side}_character_count`]: characters } = metadata;
  if (isCount(tokens)) return tokens;
  return isCount(characters) ? Math.ceil(characters / charactersPerToken) : null;
}

/** A row is dated with its end; the price is that of its admission. */
function admittedAtMs({ created_at, gateway_ms, metadata }: UsageEvent): number {
  return Date.parse(created_at) - (gateway_ms ?? 0) - count(metadata['upstream_request_duration_ms']);
}

/** Above any context window; a count beyond it is no count. */
const tokensMax = 1e9;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= tokensMax;
}

function count(value: unknown): number {
  return isCount(value) ? value : 0;
}
