// The price of rows that come without one: by what their instance recorded, or by the keys of older functions; and
// that a row which has a cost keeps it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { loadConfig } from '../config/config.ts';
import { pricedRow } from './price-row.ts';
import type { UsageEvent } from './usage-event.ts';

const config = loadConfig({ REDIS_ENDPOINT: 'none', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none' });
const catalogue = openCatalogue({ config, nowMs: 0, overlay: null, onFaults: () => assert.fail('faults') }).latest();
const book = await catalogue.prices();

function event(model: string | null, metadata: Record<string, unknown>, more: Partial<UsageEvent> = {}): UsageEvent {
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
    provider: model === null ? null : model.slice(0, model.indexOf('/')),
    units: 1,
    quota_window: null,
    quota_units: 1,
    budget_window: null,
    budget_nano_usd: null,
    feature_budget_window: null,
    feature_budget_nano_usd: null,
    count: 1,
    tokens: null,
    gateway_ms: null,
    cost_nano_usd: null,
    price_version: null,
    price_rank: 0,
    abandoned_nano_usd: null,
    home: null,
    attempts: null,
    tags: null,
    call_tags: null,
    request_bytes: null,
    response_bytes: null,
    ...more,
  };
}

const micro = (...args: Parameters<typeof event>): number | null => {
  const nano = pricedRow(event(...args), book).cost_nano_usd;
  return nano === null ? null : nano / 1_000;
};
const counts = (prompt: number, completion: number, more: Record<string, number> = {}) => ({
  prompt_token_count: prompt,
  completion_token_count: completion,
  ...more,
});

test('a row that has a cost keeps it, whatever it says and whatever prices say: nobody is asked', () => {
  const row = event('openai/gpt-4o', counts(1_000, 50), { cost_nano_usd: 7, price_version: 'v' });
  assert.equal(pricedRow(row, book), row);
  const free = event('openai/gpt-4o', counts(1_000, 50), { cost_nano_usd: 0 });
  assert.equal(pricedRow(free, book), free);
});

test('what the instance recorded is priced as it would have done it, other models and marks included', () => {
  const parts = [
    { counts: { input: 2_390, output: 121 } },
    { model: 'claude-opus-4-8', counts: { input: 2_518, output: 22, hologram: 1 }, estimated: true },
  ];
  const row = pricedRow(event('anthropic/claude-sonnet-5', { usage: { parts } }), book);
  assert.equal(row.cost_nano_usd, 19_130_000);
  assert.match(row.price_version ?? '', /, estimated tokens, unpriced dimensions$/);
  assert.deepEqual(
    [row.metadata['unpriced_dimensions'], row.metadata['estimated'], row.metadata['usage']],
    [['hologram'], true, { parts }],
  );
});

test('older rows: OpenAI reports its cache within the input, Anthropic beside it; thoughts are output', () => {
  const cached = { cache_read_token_count: 200 };
  assert.equal(micro('openai/gpt-4o', counts(1_000, 0, cached)), 800 * 2.5 + 200 * 1.25);
  assert.equal(
    micro('anthropic/claude-3-haiku-20240307', counts(1_000, 0, { ...cached, cache_write_token_count: 100 })),
    1_000 * 0.25 + 200 * 0.03 + 100 * 0.3,
  );
  assert.equal(micro('openai/o1', counts(0, 100, { reasoning_token_count: 60 })), 100 * 60);
  assert.equal(micro('openai/gpt-4o', counts(100, 0, { cache_read_token_count: 300 })), 300 * 1.25);
  // Such a row has none of the newer members.
  const { cost_nano_usd: _cost, home: _home, ...older } = event('openai/gpt-4o', counts(1_000, 50));
  assert.equal(pricedRow(older as UsageEvent, book).cost_nano_usd, 3_000_000);
});

test('embeddings by the tokens they used', () => {
  const more = { name: 'EmbeddingsFinished', feature: 'embeddings' } as const;
  assert.equal(micro('openai/text-embedding-3-small', { tokens_used: 3 }, more), 0.06);
  assert.equal(micro('sourcegraph/st-multi-qa-mpnet-base-dot-v1', { tokens_used: 12_000 }, more), 0);
  // What a large model writes about each text is what this one costs.
  assert.equal(micro('sourcegraph/st-multi-qa-mpnet-metadata', { tokens_used: 12_000 }, more), 10_800);
});

test('unknown is null, never zero: orphaned rows, refusals, models without a price, counts that are none', () => {
  assert.equal(micro('openai/gpt-4o', counts(10, 10), { rank: 0 }), null);
  assert.equal(micro('openai/gpt-4o', {}, { name: 'RateLimited' }), null);
  assert.equal(micro(null, {}, { name: 'AttributionFinished' }), null);
  const { cost_nano_usd, price_version } = pricedRow(event('openai/nobody-knows-it', counts(10, 10)), book);
  assert.deepEqual([cost_nano_usd, price_version], [null, null]);
  for (const wrong of [-1, 1.5, Number.NaN, 1e12, '10', null])
    assert.equal(micro('openai/gpt-4o', { prompt_token_count: wrong, completion_token_count: 1 }), null);
  const broken = { usage: { parts: [{ counts: { input: null } }] } };
  assert.equal(micro('openai/gpt-4o', broken), null);
  // A call that the provider did not serve has zeros.
  assert.equal(micro('openai/gpt-4o', counts(0, 0)), 0);
});

test('an older stream that was left is priced by the length of its text, and its row says so', () => {
  const row = pricedRow(
    event('openai/gpt-4o', { prompt_character_count: 4_000, completion_character_count: 10 }),
    book,
  );
  assert.equal(row.cost_nano_usd, (1_000 * 2.5 + 3 * 10) * 1_000);
  assert.match(row.price_version ?? '', /, estimated tokens$/);
  assert.equal(row.metadata['estimated'], true);
});

test('the price is that of the admission, not of the end', () => {
  // Cache hits of Sonnet 5.5 were halved on that day.
  const parts = [{ counts: { cache_read: 1_000_000 } }];
  const ended = { created_at: '2026-10-07T00:00:30.000Z', gateway_ms: 10 };
  const took = (ms: number): number | null =>
    micro('anthropic/claude-sonnet-5-5', { usage: { parts }, upstream_request_duration_ms: ms }, ended);
  assert.deepEqual([took(60_000), took(1_000)], [200_000, 100_000]);
});
