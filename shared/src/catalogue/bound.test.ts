// Bounds worked out by hand: which price counts for what, what the context and the length of an answer cut off, and
// what can't be bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundOf, type Bound, type RequestSize } from './bound.ts';
import { mergeRows } from './layers.ts';
import { modelKind, type ModelRow } from './model-row.ts';
import { createPriceBook } from './price-book.ts';
import { providerKind, type ProviderRow } from './provider-row.ts';
import type { PartialRow } from './row-kind.ts';

const stated = { source: 's', asOf: '2026-11-28' };
const small: RequestSize = {
  textBytes: 1_000,
  parts: {},
  hasTools: false,
  outputAsked: 100,
  thinkingWithin: true,
  outputBeside: 0,
  answers: 1,
  inputs: 1,
  cacheWrite: 'none',
  runs: 1,
  uses: {},
  unbounded: null,
};

interface Given {
  readonly size?: Partial<RequestSize>;
  readonly price?: PartialRow;
  readonly model?: Partial<ModelRow>;
  readonly provider?: Partial<ProviderRow>;
  readonly factors?: readonly PartialRow[];
  readonly homes?: readonly string[];
  readonly at?: string;
}

/** Nothing is added to a request here unless a case says so. */
function bound({ size, price = {}, model, provider, factors = [], homes = ['h'], at = '2026-11-28' }: Given): Bound {
  const prices = [
    {
      model: 'p/m',
      from: '2026-01-01',
      dimensions: { input: '1', cache_read: '0.1', output: '10' },
      ...stated,
      ...price,
    },
  ];
  const layers = [{ name: 'defaults', rows: { prices, factors } }] as const;
  const book = createPriceBook(mergeRows('prices', layers), mergeRows('factors', layers));
  const row = { ...modelKind.unstated, id: 'p/m', contextTokens: 10_000, outputTokens: 500, ...stated, ...model };
  const owner = {
    ...providerKind.unstated,
    id: 'p',
    dialects: {},
    mostTokens: { request: 1, second: 10 },
    ...provider,
  };
  const by = {
    model: { id: 'p/m', name: 'm', known: true, row: row as ModelRow, provider: owner as unknown as ProviderRow },
    homes,
    atMs: Date.parse(at),
    unseenMs: 5_000,
  };
  return boundOf({ ...small, ...size }, by, book);
}

const worst = (given: Given): number => {
  const made = bound(given);
  return made.worstNanoUsd ?? assert.fail(made.worstNanoUsd === null ? made.why : '');
};

test('bytes × the dearest price of input, and what may be written × the dearest of output', () => {
  // 1,001 tokens at $1 and 100 at $10 a million; 50 tokens in five seconds; 250 and 100 are expected.
  assert.deepEqual(bound({}), {
    worstNanoUsd: 1_001_000 + 1_000_000,
    expectedNanoUsd: 250_000 + 1_000_000,
    inputNanoUsd: 1_001_000,
    renewalNanoUsd: 500_000,
  });
});

test('each at the dearest price that the request can meet', () => {
  const written = { input: '1', cache_write_5m: '1.25', cache_write_1h: '2', output: '0' };
  const ofWrites = (cacheWrite: RequestSize['cacheWrite']) =>
    worst({ price: { dimensions: written }, size: { cacheWrite } });
  assert.equal(ofWrites('none'), 1_001_000);
  assert.equal(ofWrites('5m'), 1_251_250);
  assert.equal(ofWrites('1h'), 2_002_000);
  // A sound is priced as sound, the text beside it is not.
  const dimensions = { input: '1', audio_input: '30', output: '0' };
  assert.equal(
    worst({
      price: { dimensions },
      size: { parts: { audio: 1 } },
      provider: { mostTokens: { request: 1, audio: 100 } },
    }),
    1_001_000 + 3_000_000,
  );
  const outputs = { input: '0', output: '10', image_output: '40' };
  assert.equal(worst({ price: { dimensions: outputs } }), 500 * 40_000, 'what is drawn is not held to a length');
});

test('a tier that may be reached counts for the whole call, and one that can’t does not', () => {
  const tiers = [{ above: 5_000, dimensions: { input: '2', output: '20' } }];
  assert.equal(worst({ price: { tiers } }), 2_001_000);
  assert.equal(worst({ price: { tiers }, size: { textBytes: 5_000 } }), 5_001 * 2_000 + 100 * 20_000);
});

test('the largest factor of each thing that an answer says of itself, and of all homes', () => {
  const multipliers = {
    'service_tier:priority': '2',
    'service_tier:batch': '0.5',
    'geo:us': '1.1',
    'speed:fast': { output: '3', '*': '1' },
  };
  assert.equal(worst({ price: { multipliers } }), 1_001 * 2_200 + 100 * 66_000);
  const factors = ['a', 'b'].map((home, i) => ({
    id: home,
    provider: 'p',
    home,
    factor: ['0.5', '0.9'][i],
    from: '2026-01-01',
    ...stated,
  }));
  assert.equal(worst({ factors, homes: ['a', 'b'] }), 2_001_000 * 0.9);
  assert.equal(worst({ factors, homes: ['a', 'c'] }), 2_001_000, 'a home without a factor has the list price');
});

test('no run reads more than the context, whose dearest part counts; each use of a tool reads it anew', () => {
  assert.equal(worst({ size: { textBytes: 50_000 } }), 10_000_000 + 1_000_000);
  const dimensions = { input: '1', image_input: '3', output: '0' };
  assert.equal(
    worst({
      price: { dimensions },
      size: { textBytes: 8_000, parts: { image: 1 } },
      model: { mostTokens: { image: 4_000 } },
    }),
    4_000 * 3_000 + 6_000 * 1_000,
  );
  assert.equal(worst({ price: { dimensions }, size: { parts: { file: 1 } } }), 10_000 * 3_000, 'a file may fill it');
  const searched = { input: '1', output: '10', web_search: '0.01' };
  assert.equal(
    worst({ price: { dimensions: searched }, size: { runs: 3, uses: { web_search: 2 } } }),
    1_001_000 + 20_000_000 + 3_000_000 + 20_000_000,
  );
  assert.equal(worst({ size: { inputs: 3, textBytes: 25_000 } }), 25_001_000 + 1_000_000);
});

test('how long an answer may be: as asked, at most as the model can; thinking that is beside it is on top', () => {
  const output = (given: Given): number => worst(given) - 1_001_000;
  assert.equal(output({ size: { outputAsked: null } }), 5_000_000);
  assert.equal(output({ size: { outputAsked: 1_000_000 } }), 5_000_000);
  assert.equal(output({ size: { outputAsked: null }, model: { outputTokens: null } }), 10_000 * 10_000);
  assert.equal(output({ size: { answers: 2 } }), 2_000_000);
  assert.equal(output({ size: { outputBeside: 7 } }), 1_070_000);
  const rules = ['reasoning-beside-output'] as const;
  assert.equal(output({ size: { thinkingWithin: false }, provider: { rules: [...rules] } }), 6_000_000);
  assert.equal(
    output({ size: { thinkingWithin: false }, provider: { rules: [...rules] }, model: { reasons: false } }),
    1_000_000,
  );
});

test('around a change of price the dearer side counts', () => {
  const hours = [{ from: '08:00', until: '10:00', dimensions: { output: '100' } }];
  assert.equal(worst({ price: { hours }, at: '2026-11-28T07:58:00Z' }), 2_001_000);
  for (const at of ['2026-11-28T07:59:30Z', '2026-11-28T09:00:00Z', '2026-11-28T10:00:30Z'])
    assert.equal(worst({ price: { hours }, at }), 1_001_000 + 10_000_000, at);
});

test('without a fact there is no bound, and the reason names the model', () => {
  const why = (given: Given): string => {
    const made = bound(given);
    return made.worstNanoUsd === null ? made.why : '';
  };
  assert.match(why({ at: '2025-01-01' }), /p\/m has no price/);
  for (const dimensions of [{ web_search: '0.005' }, { web_search: '0.005', input: '1' }, { output: '1' }])
    assert.match(why({ price: { dimensions } }), /p\/m has a price for its tools alone, and none for its tokens/);
  assert.equal(why({ price: { dimensions: { input: '1' } }, size: { answers: 0 } }), '', 'embeddings write nothing');
  assert.match(
    why({ model: { contextTokens: null }, size: { parts: { image: 1 } } }),
    /how many tokens p\/m counts for an image/,
  );
  assert.match(why({ model: { contextTokens: null }, size: { runs: 2 } }), /context of p\/m is not known/);
  assert.match(
    why({ model: { contextTokens: null, outputTokens: null }, size: { outputAsked: null } }),
    /how much p\/m may write/,
  );
  assert.match(why({ size: { unbounded: 'because' } }), /^because$/);
  assert.match(why({ model: { moving: true } }), /p\/m stands for one model today.*name the model itself/);
  assert.match(why({ model: { searches: true } }), /p\/m searches of its own accord.*name another model/);
  assert.match(why({ size: { uses: { web_search: 1 } } }), /what web_search costs with p\/m: leave its tool out/);
  assert.equal(why({ size: { uses: { web_search: 0 } } }), '', 'what may not be used costs nothing');
  assert.match(
    why({
      size: { uses: { web_search: 1e9 } },
      price: { dimensions: { input: '1', output: '1', web_search: '1000' } },
    }),
    /above what can be counted/,
  );
  assert.equal(why({ model: { contextTokens: null, outputTokens: null } }), '', 'text and a length are enough');
});
