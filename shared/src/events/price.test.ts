// The price of a row: cached, reasoning and tiered tokens by each provider's way of reporting them, overrides, and what is unknown.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseOverrides, priceOf, priceTableVersion } from './price.ts';
import { loadConfig } from '../config/config.ts';
import { openCatalogue } from '../catalogue/catalogue.ts';
import type { UsageEvent } from './usage-event.ts';

function event(model: string, metadata: Record<string, unknown>, more: Partial<UsageEvent> = {}): UsageEvent {
  return {
    name: 'CompletionsFinished',
    source: 'dotcom-product-subscriptions',
    identifier: 'a',
    created_at: '2026-11-23T10:00:00.000Z',
    metadata,
    event_id: 'e',
    rank: 1,
    function: 'chat-completions',
    region: 'local',
    feature: 'chat_completions',
    model,
    provider: model.slice(0, model.indexOf('/')),
    units: 1,
    quota_window: null,
    quota_units: 1,
    count: 1,
    tokens: null,
    gateway_ms: null,
    ...more,
  };
}

const cost = (...args: Parameters<typeof event>): number | null => priceOf(event(...args)).cost_micro_usd;
const counts = (prompt: number, completion: number, more: Record<string, number> = {}) => ({
  prompt_token_count: prompt,
  completion_token_count: completion,
  ...more,
});

test('plain tokens: dollars per million are micro-dollars per token', () => {
  assert.equal(cost('openai/gpt-4o', counts(1000, 50)), 2500 + 500);
  assert.equal(cost('anthropic/claude-3-haiku-20240307', counts(1000, 50)), 250 + 63);
});

test('cached tokens: OpenAI reports them within the input, Anthropic beside it', () => {
  const cached = { cache_read_token_count: 200 };
  assert.equal(cost('openai/gpt-4o', counts(1000, 0, cached)), 800 * 2.5 + 200 * 1.25);
  assert.equal(
    cost('anthropic/claude-3-haiku-20240307', counts(1000, 0, { ...cached, cache_write_token_count: 100 })),
    Math.round(1000 * 0.25 + 200 * 0.03 + 100 * 0.3),
  );
});

test('reasoning tokens are part of the output and have their own price where the table has one', () => {
  assert.equal(cost('openai/o1', counts(0, 100, { reasoning_token_count: 60 })), 100 * 60);
  assert.equal(cost('perplexity/sonar-deep-research', counts(0, 100, { reasoning_token_count: 60 })), 40 * 8 + 60 * 3);
});

test('tiers: a long prompt has the price of its tier', () => {
  assert.equal(cost('google/gemini-1.5-flash', counts(100_000, 0)), 7_500);
  assert.equal(cost('google/gemini-1.5-flash', counts(200_000, 0)), 30_000);
});

test('embeddings are priced by the tokens they used', () => {
  const more = { name: 'EmbeddingsFinished', feature: 'embeddings' } as const;
  assert.equal(cost('openai/text-embedding-ada-002', { tokens_used: 12_000 }, more), 1_200);
  assert.equal(cost('sourcegraph/st-multi-qa-mpnet-base-dot-v1', { tokens_used: 12_000 }, more), 0);
  // What a large model writes about each text is what this one costs.
  assert.equal(cost('sourcegraph/st-multi-qa-mpnet-metadata', { tokens_used: 12_000 }, more), 10_800);
});

test('unknown is null, never zero: orphaned rows, refusals, models without a price, counts that are none', () => {
  assert.equal(cost('openai/gpt-4o', counts(10, 10), { rank: 0 }), null);
  assert.equal(cost('openai/gpt-4o', {}, { name: 'RateLimited' }), null);
  assert.deepEqual(priceOf(event('openai/nobody-knows-it', counts(10, 10))), {
    cost_micro_usd: null,
    price_version: null,
  });
  for (const wrong of [-1, 1.5, Number.NaN, 1e12, '10', null])
    assert.equal(cost('openai/gpt-4o', { prompt_token_count: wrong, completion_token_count: 1 }), null);
  // A call that the provider did not serve has zeros.
  assert.equal(cost('openai/gpt-4o', counts(0, 0)), 0);
});

test('a stream that was left is priced by the length of its text, and its row says so', () => {
  const metadata = { prompt_character_count: 4000, completion_character_count: 10 };
  const { cost_micro_usd, price_version } = priceOf(event('openai/gpt-4o', metadata));
  assert.equal(cost_micro_usd, 1000 * 2.5 + 3 * 10);
  assert.match(price_version ?? '', /, estimated tokens$/);
});

test('a cache larger than its input does not stop the batch', () => {
  assert.equal(cost('openai/gpt-4o', counts(100, 0, { cache_read_token_count: 300 })), 300 * 1.25);
});

test('overrides win over the table, the first that matches counts, and every fault of the file is told', () => {
  const file = (prices: object[]) => JSON.stringify({ version: '2026-01-02', comment: '', prices });
  const ours = [
    { model: 'openai/gpt-4*', input: 1, cacheRead: 0.5, output: 2, basis: 'contract', why: '' },
    { model: 'openai/*', input: 9, output: 9, basis: 'contract', why: 'never reached' },
  ];
  const overrides = parseOverrides(file(ours));
  const priced = priceOf(event('openai/gpt-4o', counts(100, 10, { cache_read_token_count: 40 })), overrides);
  assert.deepEqual(priced, {
    cost_micro_usd: 60 + 20 + 20,
    price_version: `genai-prices ${priceTableVersion}, overrides 2026-01-02`,
  });
  assert.throws(
    () => parseOverrides(file([{ model: 'gpt', input: -1, output: 1, why: '' }])),
    (error: Error) => ['model', 'input', 'basis'].every((member) => error.message.includes(`prices.0.${member}`)),
  );
});

test('the shipped overrides are used, and a price that nobody looked up marks its rows', () => {
  const version = (model: string): string => priceOf(event(model, counts(1_000_000, 0))).price_version ?? '';
  assert.equal(cost('anthropic/claude-instant-1.2', counts(1_000_000, 0)), 800_000);
  assert.match(version('anthropic/claude-instant-1.2'), /, unconfirmed$/);
  assert.equal(cost('fireworks/accounts/fireworks/models/mixtral-8x7b-instruct', counts(1_000_000, 0)), 500_000);
  assert.doesNotMatch(version('fireworks/accounts/fireworks/models/mixtral-8x7b-instruct'), /unconfirmed/);
  assert.doesNotMatch(version('openai/gpt-4o'), /unconfirmed/);
});

test('the version in the rows is that of the installed table', () => {
  const manifest = new URL('../../../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
  assert.equal((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version, priceTableVersion);
});

test('every model that is served by default has a price, the retired ones too, but for those whose price nobody has told the table yet', async () => {
  const providers = ['anthropic', 'openai', 'fireworks', 'google'] as const;
  const keys = providers.map((name) => [`CODY_GATEWAY_${name.toUpperCase()}_ACCESS_TOKEN`, 'k']);
  const config = loadConfig({
    REDIS_ENDPOINT: 'x',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'x',
    ...Object.fromEntries(keys),
  });
  const catalogue = openCatalogue({ config, nowMs: 0, source: null, onFaults: () => assert.fail() }).latest();
  const served = catalogue.served({ features: ['chat', 'code'] }).map(({ id }) => id);
  assert.ok(served.length > 100);
  assert.deepEqual(
    served.filter((model) => cost(model, counts(1000, 1000)) === null),
    // Their calls count as unpriced in every view. Leaves this list by a newer table, or by an override from the contract.
    [
      'anthropic/claude-fable-5-2',
      'anthropic/claude-mythos-5-2',
      'anthropic/claude-haiku-5-5',
      'anthropic/claude-mythos-5-1',
      'anthropic/claude-mythos-5',
      'anthropic/claude-mythos-preview',
      'openai/gpt-6.1-sol',
      'openai/gpt-6.1-terra',
      'openai/gpt-6.2-sol',
      'fireworks/autoedits-deepseek-lite-default',
      'fireworks/autoedits-long-suggestion-default',
      'fireworks/smart-apply-qwen-default',
      'google/gemini-4-hydrogen',
      'google/gemini-4-argon',
      'google/gemini-flash-latest',
      'google/gemini-flash-lite-latest',
    ],
  );
});
