// What a call cost at list price, in integer micro-dollars, by the price table of the day and our overrides. Never in a request's path: deliver-events asks.

import { readFileSync } from 'node:fs';
import { calcPrice } from '@pydantic/genai-prices';
import * as v from 'valibot';
import type { UsageEvent } from './usage-event.ts';

/** Of the package, which has no such export; a test compares it with what is installed. */
export const priceTableVersion = '0.1.8';

const perMillion = v.pipe(v.number(), v.minValue(0));
const overridesSchema = v.strictObject({
  version: v.pipe(v.string(), v.isoDate()),
  comment: v.string(),
  prices: v.array(
    v.strictObject({
      /** Qualified; an asterisk stands for any text. */
      model: v.pipe(v.string(), v.regex(/^[^/]+\/.+$/)),
      input: perMillion,
      output: perMillion,
      /** As `input` where absent. */
      cacheRead: v.optional(perMillion),
      cacheWrite: v.optional(perMillion),
      /** Where it is from. What is from memory alone marks its rows. */
      basis: v.picklist(['contract', 'page', 'table', 'decision', 'memory']),
      why: v.string(),
    }),
  ),
});

/** Prices that win over the table. */
export type PriceOverrides = v.InferOutput<typeof overridesSchema>;

/** The two columns of the ledger. */
export interface Price {
  /** Null when the call's tokens or its model's price are not known. */
  readonly cost_micro_usd: number | null;
  /** Which prices were used; null where nothing was priced. */
  readonly price_version: string | null;
}

/** A stream that broke off or was left brings no count; its text is all there is to go by. */
const charactersPerToken = 4;

/** Input includes what was read from and written to the cache; output includes reasoning. */
interface Tokens {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  /** Input or output was not reported and is taken from the length of the text. */
  readonly estimated: boolean;
}

const unpriced: Price = { cost_micro_usd: null, price_version: null };

/** @throws Error that names every fault of the file */
export function parseOverrides(text: string): PriceOverrides {
  const result = v.safeParse(overridesSchema, JSON.parse(text));
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  throw new Error(`price overrides: ${faults.join('; ')}`);
}

const shippedOverrides = parseOverrides(readFileSync(new URL('./price-overrides.json', import.meta.url), 'utf8'));

/**
 * The price of an event, by the price that held when it happened. Calls that the provider did not serve cost nothing.
 * @param overrides where they have the model, the table is not asked.
 */
export function priceOf(event: UsageEvent, overrides: PriceOverrides = shippedOverrides): Price {
  const { model, provider, metadata } = event;
  const tokens = tokensOf(event);
  if (model === null || tokens === null) return unpriced;
  const override = overrides.prices.find((entry) => matches(entry.model, model));
  const price_version = [
    `genai-prices ${priceTableVersion}`,
    `overrides ${overrides.version}`,
    // The views sum these rows apart (terraform/events/usage_daily.sql).
    ...(override?.basis === 'memory' ? ['unconfirmed'] : []),
    ...(tokens.estimated ? ['estimated tokens'] : []),
  ].join(', ');
  if (override !== undefined) {
    const { input, output, cacheRead = input, cacheWrite = input } = override;
    const plain = tokens.input - tokens.cacheRead - tokens.cacheWrite;
    // Dollars per million tokens are micro-dollars per token.
    const cost = plain * input + tokens.cacheRead * cacheRead + tokens.cacheWrite * cacheWrite + tokens.output * output;
    return { cost_micro_usd: Math.round(cost), price_version };
  }
  const usage = {
    input_tokens: tokens.input,
    cache_read_tokens: tokens.cacheRead,
    cache_write_tokens: tokens.cacheWrite,
    output_tokens: tokens.output,
    ...(count(metadata['reasoning_token_count']) > 0 && {
      output_reasoning_tokens: Math.min(tokens.output, count(metadata['reasoning_token_count'])),
    }),
  };
  const providerId = provider ?? model.slice(0, model.indexOf('/'));
  const timestamp = new Date(event.created_at);
  const result = calcPrice(usage, model.slice(model.indexOf('/') + 1), { providerId, timestamp });
  return result === null ? unpriced : { cost_micro_usd: Math.round(result.total_price * 1e6), price_version };
}

/** Tokens as they are charged, or null where the provider's report is missing: what is unknown is not free. */
function tokensOf({ name, provider, rank, metadata }: UsageEvent): Tokens | null {
  if (rank === 0) return null;
  if (name === 'EmbeddingsFinished') {
    const used = metadata['tokens_used'];
    return isCount(used) ? { input: used, cacheRead: 0, cacheWrite: 0, output: 0, estimated: false } : null;
  }
  if (name !== 'CompletionsFinished') return null;
  const prompt = reported(metadata, 'prompt');
  const output = reported(metadata, 'completion');
  if (prompt === null || output === null) return null;
  const estimated = !isCount(metadata['prompt_token_count']) || !isCount(metadata['completion_token_count']);
  const cacheRead = count(metadata['cache_read_token_count']);
  const cacheWrite = count(metadata['cache_write_token_count']);
  // Anthropic reports its cache beside the input, the others within it.
  const input = provider === 'anthropic' ? prompt + cacheRead + cacheWrite : prompt;
  // A report that contradicts itself is charged as the larger part says.
  return { input: Math.max(input, cacheRead + cacheWrite), cacheRead, cacheWrite, output, estimated };
}

function reported(metadata: UsageEvent['metadata'], side: 'prompt' | 'completion'): number | null {
  const { [`${side}_token_count`]: tokens, [`${side}_character_count`]: characters } = metadata;
  if (isCount(tokens)) return tokens;
  return isCount(characters) ? Math.ceil(characters / charactersPerToken) : null;
}

/** Above any context window; a count beyond it is no count. */
const tokensMax = 1e9;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= tokensMax;
}

function count(value: unknown): number {
  return isCount(value) ? value : 0;
}

function matches(pattern: string, model: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(model);
}
