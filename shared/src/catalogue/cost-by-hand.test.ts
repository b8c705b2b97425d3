// Calls priced by hand, held to the nano-dollar: the providers' pages, reports of gateway users, finance's own
// calculation, recorded answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, totalCost } from './cost.ts';
import { defaultPrices } from './defaults.ts';
import { mergeRows } from './layers.ts';
import { createPriceBook } from './price-book.ts';

const prices = mergeRows('prices', [{ name: 'defaults', rows: { prices: await defaultPrices() } }]);
const book = createPriceBook(prices, mergeRows('factors', []));
const now = Date.parse('2026-11-28T12:00:00Z');

/**
 * Model, counts (disjoint: what was cached is not in `input`, what was thought is not in `output`), qualifiers,
 * micro-dollars, how they come about.
 */
const calls = `
anthropic/claude-opus-4-5                     | input 12,000; output 900                     |                          |    82,500 | Opus 4.5: 12,000 × $5 + 900 × $25
anthropic/claude-opus-4-5                     | input 200; cache_read 90,000; output 700     |                          |    63,500 | cache hits: 200 × $5 + 90,000 × $0.50 + 700 × $25
anthropic/claude-sonnet-4-5-20250929          | input 500; cache_write_1h 50,000; output 300 |                          |   306,000 | writes for an hour: 500 × $3 + 50,000 × $6 + 300 × $15
anthropic/claude-sonnet-4-6                   | input 100; cache_write_1h 100,000; output 10 |                          |   600,450 | mozilla-ai/otari#357: 100 × $3 + 100,000 × $6 + 10 × $15
anthropic/claude-sonnet-4-6                   | cache_write_5m 100,000                       |                          |   375,000 | 5 minutes: 100,000 × $3.75
anthropic/claude-sonnet-4-5-20250929          | input 250,000; output 2,000                  |                          | 1,545,000 | long prompt, 250,000 × $6 + 2,000 × $22.50
anthropic/claude-sonnet-4-5                   | input 150,000; cache_read 100,000            |                          |   960,000 | its tier counts cached tokens: 150,000 × $6 + 100,000 × $0.60
anthropic/claude-sonnet-4-5                   | input 200,000                                |                          |   600,000 | exactly at the tier it is the lower price: 200,000 × $3
anthropic/claude-sonnet-4-6                   | input 250,000                                |                          |   750,000 | Sonnet 4.6 is flat by now: 250,000 × $3
anthropic/claude-opus-4-6                     | input 10,000; output 1,000                   | speed:fast               |   450,000 | fast, 6 ×: 10,000 × $30 + 1,000 × $150
anthropic/claude-opus-4-8                     | input 10,000; output 1,000                   | speed:fast               |   150,000 | maximhq/bifrost#4267: fast, 2 ×
anthropic/claude-fable-5-2                    | input 1,000; output 1,000                    | speed:fast               |    96,000 | Fable 5.2 fast: 1,000 × $16 + 1,000 × $80
anthropic/claude-opus-4-8                     | input 10,000; output 1,000                   | geo:us                   |    82,500 | BerriAI/litellm#41341: in the USA alone, 1.1 ×
anthropic/claude-opus-4-8                     | cache_read 100,000                           | geo:us                   |    55,000 | cached tokens too: 100,000 × $0.50 × 1.1
anthropic/claude-opus-4-8                     | input 1,000                                  | speed:fast; geo:us       |    11,000 | fast and in the USA: 1,000 × $5 × 2 × 1.1
anthropic/claude-opus-4-8                     | input 10,000                                 | service_tier:batch       |    25,000 | a batch, half: 10,000 × $2.50
anthropic/claude-haiku-4-5                    | input 3,000; output 400; web_search 5        |                          |    55,000 | 5 searches at $10 a thousand: 3,000 × $1 + 400 × $5 + 50,000
anthropic/claude-sonnet-4-6                   | input 100; output 10; web_search 5           |                          |    50,450 | BerriAI/litellm#31355
anthropic/claude-sonnet-4-5                   | input 7,744; output 353; web_search 1; web_fetch 0 |                          |    38,527 | a recorded answer: 7,744 × $3 + 353 × $15 + 1 search
anthropic/claude-opus-4-8                     | web_search 5                                 | speed:fast               |    50,000 | searches are no faster: 5 × $0.01
anthropic/claude-opus-4-8                     | input 1,000; web_fetch 3                     |                          |     5,000 | fetching costs its tokens alone
anthropic/claude-haiku-5-5                    | input 3,000; output 400                      |                          |       500 | Haiku 5.5: 3,000 × $0.10 + 400 × $0.50
anthropic/claude-haiku-5-5                    | input 100,001                                |                          |  50,000.5 | above 100,000: 100,001 × $0.50
anthropic/claude-sonnet-5-5                   | cache_read 1,000,000                         |                          |   100,000 | Sonnet 5.5 cache hits: 1,000,000 × $0.10
anthropic/claude-3-haiku-20240307             | input 1,000; output 50                       |                          |     312.5 | Claude 3 Haiku: 1,000 × $0.25 + 50 × $1.25
openai/gpt-5.1                                | input 2,000; cache_read 8,000; output 500; reasoning 1,500 |                          |    23,500 | GPT-5.1: 2,000 × $1.25 + 8,000 × $0.125 + 500 × $10 + 1,500 thought × $10
openai/gpt-5.2                                | input 10,000; output 2,000                   | service_tier:flex        |    22,750 | flex, half of $1.75 and $14
openai/gpt-5.2                                | input 10,000; output 2,000                   | service_tier:priority    |    91,000 | priority, twice
openai/gpt-5.2                                | input 10,000; output 2,000                   | service_tier:default     |    45,500 | the tier that everybody has
openai/gpt-5.4                                | input 300,000; output 1,000                  |                          | 1,522,500 | GPT-5.4 above 272,000: 300,000 × $5 + 1,000 × $22.50
openai/gpt-6.1-sol                            | input 10,000; output 1,000                   |                          |    30,000 | GPT-6.1 Sol: 10,000 × $2 + 1,000 × $10
openai/gpt-6.1-sol                            | input 272,001                                |                          | 1,088,004 | above 272,000: 272,001 × $4
openai/o1                                     | input 5,000; output 500; reasoning 2,500     |                          |   255,000 | o1: 5,000 × $15 + 3,000 × $60
openai/gpt-4o                                 | input 2,000; cache_read 2,000; output 500    |                          |    12,500 | GPT-4o: 2,000 × $2.50 + 2,000 × $1.25 + 500 × $10
openai/gpt-4o-mini                            | input 4,000; output 500                      | service_tier:priority    |     1,500 | GPT-4o mini by priority: 4,000 × $0.25 + 500 × $1
openai/gpt-4o                                 | image_input 1,000                            |                          |     2,500 | an image in the prompt is priced as its text: 1,000 × $2.50
google/gemini-2.5-pro                         | input 5,000; output 500; reasoning 1,200     |                          |    23,250 | Gemini 2.5 Pro: 5,000 × $1.25 + 1,700 × $10
google/gemini-2.5-pro                         | input 250,000; output 500; reasoning 100     |                          |   634,000 | above 200,000: 250,000 × $2.50 + 600 × $15
google/gemini-2.5-flash                       | input 10,000; cache_read 40,000; output 500  |                          |     5,450 | 2.5 Flash: 10,000 × $0.30 + 40,000 × $0.03 + 500 × $2.50
google/gemini-2.5-flash                       | input 2,000; audio_input 18,000; output 100  |                          |    18,850 | speech: 2,000 × $0.30 + 18,000 × $1 + 100 × $2.50
google/gemini-2.5-flash-image                 | input 17; image_output 1,290; output 46      |                          |  38,820.1 | a recorded picture: 17 × $0.30 + 1,290 × $30 + 46 × $2.50
google/gemini-pro-latest                      | input 20,000; output 1,000                   |                          |    52,000 | the moving name is Gemini 3.1 Pro: 20,000 × $2 + 1,000 × $12
google/gemini-2.5-pro                         | input 1,000; cache_read 1,000                | service_tier:flex        |       750 | flex at Google has no cheaper cache: 1,000 × $0.625 + 1,000 × $0.125
fireworks/accounts/sourcegraph/models/starcoder-16b | input 900; output 40                         |                          |       188 | StarCoder: 900 × $0.20 + 40 × $0.20
fireworks/accounts/fireworks/models/mixtral-8x7b-instruct | input 1,200; output 64                       |                          |       632 | Mixtral: 1,200 × $0.50 + 64 × $0.50
openai/text-embedding-3-small                 | input 3                                      |                          |      0.06 | a short embedding: 3 × $0.02, 60 nano-dollars
sourcegraph/st-multi-qa-mpnet-base-dot-v1     | input 512                                    |                          |         0 | Sourcegraph’s own is free
`;

for (const line of calls.trim().split('\n')) {
  const [model = '', counts = '', qualifiers = '', microUsd = '', what = ''] = line
    .split('|')
    .map((cell) => cell.trim());
  test(`${model}: ${what}`, () => {
    const pairs = (text: string, between: string) =>
      text === '' ? [] : text.split('; ').map((pair) => pair.split(between) as [string, string]);
    const number = (text: string): number => Number(text.replaceAll(',', ''));
    const result = cost(
      {
        counts: Object.fromEntries(pairs(counts, ' ').map(([name, count]) => [name, number(count)])),
        qualifiers: Object.fromEntries(pairs(qualifiers, ':')),
      },
      book.priceOf(model, now),
    );
    const nanoUsd = Math.round(number(microUsd) * 1000);
    assert.deepEqual(result, { nanoUsd, unpriced: [], estimated: false, unconfirmed: false });
  });
}

test('parts of other models have their own prices: an advisor beside the answer, as it was recorded', () => {
  const sonnet = cost({ counts: { input: 2_390, output: 121 } }, book.priceOf('anthropic/claude-sonnet-5', now));
  const advisor = cost({ counts: { input: 2_518, output: 22 } }, book.priceOf('anthropic/claude-opus-4-8', now));
  assert.equal(totalCost([sonnet, advisor]).nanoUsd, 19_130_000);
});

test('a system of several models: fees of its tools by its own name, unconfirmed; tokens beyond its models are marked', () => {
  for (const name of ['groq/groq/compound', 'groq/groq/compound-mini']) {
    const system = book.priceOf(name, now);
    const fees = cost({ counts: { web_search: 2, web_fetch: 1 } }, system);
    assert.deepEqual(fees, { nanoUsd: 11_000_000, unpriced: [], estimated: false, unconfirmed: true });
    const model = cost({ counts: { input: 1_000, output: 100 } }, book.priceOf('groq/openai/gpt-oss-120b', now));
    // 1,000 × $0.15 + 100 × $0.60 beside two searches at $5 a thousand and a visit at $1 a thousand.
    assert.equal(totalCost([fees, model]).nanoUsd, 11_210_000);
    assert.deepEqual(cost({ counts: { web_search: 1, input: 9 } }, system).unpriced, ['input']);
  }
});

test('a thousand embeddings of three tokens are what one of three thousand is', () => {
  const small = book.priceOf('openai/text-embedding-3-small', now);
  const one = cost({ counts: { input: 3 } }, small).nanoUsd ?? 0;
  assert.equal(one * 1_000, cost({ counts: { input: 3_000 } }, small).nanoUsd);
});
