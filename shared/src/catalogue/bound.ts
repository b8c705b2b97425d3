// How much a call may cost at the most, and how much it probably will: counts × the dearest price that can be met.
// Pure. What is counted of a request its dialect says (upstream); what a call did cost is cost.ts.

import { bytesPerToken } from './bytes-per-token.ts';
import { amountOf, type Amounts } from './cost.ts';
import { add, greater, multiply, parseDecimal, roundUp, shifted, zero, type Decimal } from './decimal.ts';
import { dimensionNames, dimensionOf, type DimensionName } from './dimensions.ts';
import { mostOf, partKinds, type PartKind } from './most-tokens.ts';
import type { PriceBook } from './price-book.ts';
import type { PriceRow } from './price-row.ts';
import type { Model } from './snapshot.ts';

/** A request as far as its cost depends on it, each number an upper bound. */
export interface RequestSize {
  /**
   * Of all that is read as text. A token stands for one byte at least, in each tokenizer that falls back to bytes, and
   * the JSON around a text has more bytes than templates have marks.
   */
  readonly textBytes: number;
  /** How many of each kind, sent along or named. */
  readonly parts: Readonly<Partial<Record<PartKind, number>>>;
  readonly hasTools: boolean;
  /** Tokens of one answer that the provider is told as the most; null: none. */
  readonly outputAsked: number | null;
  /** Thinking is held to it, too, also where it is counted beside the answer. */
  readonly thinkingWithin: boolean;
  /** Output tokens that are billed beside it. */
  readonly outputBeside: number;
  readonly answers: number;
  /** How many texts are read each for itself, each up to the model's context: 1, but for vectors. */
  readonly inputs: number;
  /** Whether what is read may be written to a cache, and for how long. */
  readonly cacheWrite: 'none' | '5m' | '1h';
  /** How often the provider runs the model: once, and again for each use of its own tools. */
  readonly runs: number;
  /** Of the provider's own tools. */
  readonly uses: Readonly<Partial<Record<DimensionName, number>>>;
  /** What of it has no bound, for the caller's eyes; null: all has one. */
  readonly unbounded: string | null;
}

/** What the bound depends on beside the request. */
export interface BoundBy {
  readonly model: Model;
  /** Ids of all homes that may have the call. */
  readonly homes: readonly string[];
  /** About when it is admitted, Unix ms. */
  readonly atMs: number;
  /** How long the model may write unseen (a lease's renewal). */
  readonly unseenMs: number;
}

/** Whole nano-dollars, rounded up; or why there is no bound, in words for the caller. */
export type Bound =
  | {
      readonly worstNanoUsd: number;
      readonly expectedNanoUsd: number;
      /** Of the worst what is spent by sending it. */
      readonly inputNanoUsd: number;
      /** What the model can write unseen. */
      readonly renewalNanoUsd: number;
    }
  | { readonly worstNanoUsd: null; readonly why: string };

/** What a part probably counts as. */
const expectedPart: Readonly<Record<PartKind, number>> = { image: 1_000, audio: 2_000, video: 20_000, file: 10_000 };
/** Answers are mostly short; what thinks writes more. */
const expectedOutput = { plain: 1_000, thinking: 4_000 };
/** A clock of ours and Redis's are not that far apart: prices of both sides of a change count. */
const clocksApartMs = 60_000;

const textInput: readonly DimensionName[] = ['input', 'cache_read'];
const kindInput: Readonly<Record<PartKind, readonly DimensionName[]>> = {
  image: ['image_input', 'image_cache_read'],
  audio: ['audio_input', 'audio_cache_read'],
  // A film has a sound, and a file may be anything.
  video: ['video_input', 'image_input', 'audio_input', 'audio_cache_read', 'image_cache_read'],
  file: ['video_input', 'image_input', 'audio_input', 'audio_cache_read', 'image_cache_read'],
};
const outputs = dimensionNames.filter((name) => {
  const dimension = dimensionOf(name);
  return dimension?.unit === 'tokens' && !dimension.input;
});

/** @param book of the call's snapshot */
export function boundOf(size: RequestSize, by: BoundBy, book: PriceBook): Bound {
  const { model, atMs } = by;
  if (size.unbounded !== null) return none(size.unbounded);
  // What the answer names is priced, and its provider may name a dearer one tomorrow.
  if (model.row.moving)
    return none(`${model.id} stands for one model today and for another tomorrow: name the model itself`);
  if (model.row.searches)
    return none(`${model.id} searches of its own accord, at a cost without a bound: name another model`);
  const prices = [atMs - clocksApartMs, atMs, atMs + clocksApartMs].map((ms) => book.priceOf(model.id, ms));
  const known = [...new Set(prices)].filter((price) => price !== null);
  if (known.length === 0 || prices.includes(null)) return none(`${model.id} has no price`);
  if (known.some((price) => !pricesTokens(price, size)))
    return none(`${model.id} has a price for its tools alone, and none for its tokens`);
  const unpriced = Object.entries(size.uses).find(
    ([name, count]) => count > 0 && known.some(({ dimensions }) => !(name in dimensions)),
  );
  if (unpriced !== undefined)
    return none(`nobody has looked up what ${unpriced[0]} costs with ${model.id}: leave its tool out`);
  const input = inputOf(size, model);
  if (typeof input === 'string') return none(input);
  const output = outputTokens(size, by, known);
  if (typeof output === 'string') return none(output);
  const factor = by.homes.length === 0 ? parseDecimal('1') : dearestFactor(by, book);

  const sides = known.map((price) => sidesOf(price, size, input, output));
  const read = sides.map((side) => side.input).reduce(greater);
  const written = sides.map((side) => side.output).reduce(greater);
  const fees = sides.map((side) => side.fees).reduce(greater);
  const second = mostOf('second', model.row.mostTokens, model.provider.mostTokens) ?? 0;
  const unseen = Math.min(output, Math.ceil((second * by.unseenMs) / 1_000));
  const perToken = sides.map((side) => side.perOutputToken).reduce(greater);
  const worst = nano(add(add(read, written), fees), factor);
  const expected = Math.min(worst, nano(expectedCost(size, model, output, known), factor));
  if (!Number.isSafeInteger(worst)) return none(`${model.id}: its bound is above what can be counted`);
  return {
    worstNanoUsd: worst,
    expectedNanoUsd: expected,
    inputNanoUsd: nano(read, factor),
    renewalNanoUsd: nano(multiply(perToken, whole(unseen)), factor),
  };
}

/** A system of several models may have fees of its own: its tokens are billed as those of the models that it runs. */
function pricesTokens({ dimensions }: PriceRow, { answers }: RequestSize): boolean {
  return 'input' in dimensions && (answers === 0 || outputs.some((name) => name in dimensions));
}

const none = (why: string): Bound => ({ worstNanoUsd: null, why });
const whole = (count: number): Decimal => ({ units: BigInt(count), scale: 0 });
/** Of an amount in dollars per million tokens times tokens. */
const nano = (amount: Decimal, factor: Decimal): number => Number(roundUp(shifted(multiply(amount, factor), 3)));

/** Tokens of the first run by what they may be priced as, and of all later ones. */
interface Input {
  readonly text: number;
  readonly parts: readonly (readonly [PartKind, number])[];
  /** A run reads no more than this; null: not known. */
  readonly context: number | null;
}

function inputOf(size: RequestSize, { id, row, provider }: Model): Input | string {
  const most = (name: Parameters<typeof mostOf>[0]): number | null => mostOf(name, row.mostTokens, provider.mostTokens);
  const context = row.contextTokens;
  const parts: (readonly [PartKind, number])[] = [];
  for (const kind of partKinds) {
    const count = size.parts[kind] ?? 0;
    if (count === 0) continue;
    const each = most(kind) ?? context;
    if (each === null)
      return `nobody has looked up how many tokens ${id} counts for ${kind === 'image' ? 'an' : 'a piece of'} ${kind}`;
    parts.push([kind, each * count]);
  }
  if (size.runs > 1 && context === null) return `tools of the provider read on, and the context of ${id} is not known`;
  const added = (most('request') ?? 0) + (size.hasTools ? (most('tools') ?? 0) : 0);
  return { text: size.textBytes + added, parts, context: context === null ? null : context * size.inputs };
}

/** Of all answers and runs. */
function outputTokens(size: RequestSize, { model }: BoundBy, prices: readonly PriceRow[]): number | string {
  const { row, provider, id } = model;
  const limit = row.outputTokens ?? row.contextTokens;
  // What is drawn or spoken is not always held to the length that was asked for; thinking that is counted beside the
  // answer never is.
  const drawn = prices.some(({ dimensions }) => outputs.some((name) => name.endsWith('_output') && name in dimensions));
  const beside = provider.rules.includes('reasoning-beside-output') && row.reasons !== false && !size.thinkingWithin;
  const asked = drawn ? null : size.outputAsked;
  if (limit === null && (asked === null || beside))
    return `how much ${id} may write is not known: ask for max_tokens, or have its outputTokens stated`;
  const told = asked === null ? (limit ?? 0) : limit === null ? asked : Math.min(asked, limit);
  const each = told + (beside && asked !== null ? (limit ?? 0) : 0);
  return each * size.answers * size.runs + size.outputBeside;
}

function dearestFactor({ model, homes, atMs }: BoundBy, book: PriceBook): Decimal {
  const { id, provider } = model;
  return homes
    .map((home) => parseDecimal(book.factorOf({ model: id, provider: provider.id, home }, atMs)))
    .reduce(greater, zero);
}

interface Sides {
  readonly input: Decimal;
  readonly output: Decimal;
  /** As tokens per million, so that all sides add up. */
  readonly fees: Decimal;
  readonly perOutputToken: Decimal;
}

function sidesOf(price: PriceRow, size: RequestSize, input: Input, output: number): Sides {
  const { text, parts, context } = input;
  const first = parts.reduce((sum, [, tokens]) => sum + tokens, text);
  const read = context === null ? first : Math.min(first, context);
  const all = size.runs > 1 && context !== null ? read + (size.runs - 1) * context : read;
  const tables = amountsOf(price, all);
  const writes = cacheWrites(size);
  const textDimensions = [...textInput, ...writes];
  const dearest = (dimensions: readonly DimensionName[]): Decimal => dearestOf(price, tables, dimensions);
  const kinds = parts.map(([kind, tokens]) => [dearest([...textDimensions, ...kindInput[kind]]), tokens] as const);
  const lots = [[dearest(textDimensions), text] as const, ...kinds].sort(([a], [b]) => (isLess(a, b) ? 1 : -1));
  let sum = zero;
  let left = read;
  for (const [amount, tokens] of lots) {
    const counted = Math.min(tokens, left);
    sum = add(sum, multiply(amount, whole(counted)));
    left -= counted;
  }
  const again = lots[0]?.[0] ?? zero;
  const perOutputToken = dearest(outputs);
  const fees = Object.entries({ ...size.uses, ...('request' in price.dimensions && { request: size.runs }) });
  return {
    input: add(sum, multiply(again, whole(all - read))),
    output: multiply(perOutputToken, whole(output)),
    fees: fees.reduce(
      (total, [name, count]) => add(total, multiply(priceIn(tables, name), whole(count * 1_000_000))),
      zero,
    ),
    perOutputToken,
  };
}

function cacheWrites({ cacheWrite }: RequestSize): readonly DimensionName[] {
  if (cacheWrite === 'none') return [];
  return cacheWrite === '1h' ? ['cache_write_5m', 'cache_write_1h'] : ['cache_write_5m'];
}

/** The prices of a call of up to so many input tokens: the plain ones and each tier that it may reach. */
function amountsOf({ dimensions, tiers }: PriceRow, inputTokens: number): readonly Amounts[] {
  return [
    dimensions,
    ...tiers.filter(({ above }) => inputTokens > above).map((tier) => ({ ...dimensions, ...tier.dimensions })),
  ];
}

/** The dearest of them, by what any answer may say of itself. */
function dearestOf(price: PriceRow, tables: readonly Amounts[], dimensions: readonly DimensionName[]): Decimal {
  return dimensions.map((name) => multiply(priceIn(tables, name), surchargeOf(price, name))).reduce(greater, zero);
}

const priceIn = (tables: readonly Amounts[], name: string): Decimal =>
  tables.map((amounts) => amountOf(name, amounts, new Set()) ?? zero).reduce(greater, zero);

/** The largest factor of each qualifier: one answer has one tier, one speed and one place. */
function surchargeOf({ multipliers }: PriceRow, name: DimensionName): Decimal {
  const one = parseDecimal('1');
  const most = new Map<string, Decimal>();
  for (const [qualifier, multiplier] of Object.entries(multipliers)) {
    const [kind = ''] = qualifier.split(':');
    const by = multiplier as string | Readonly<Record<string, string>>;
    const factor = parseDecimal(typeof by === 'string' ? by : (by[name] ?? by['*'] ?? '1'));
    most.set(kind, greater(most.get(kind) ?? one, factor));
  }
  return [...most.values()].reduce(multiply, one);
}

const isLess = (a: Decimal, b: Decimal): boolean => greater(a, b) === b && a !== b;

/** At plain prices, by what such a request mostly comes to. */
function expectedCost(size: RequestSize, { row }: Model, most: number, [price]: readonly PriceRow[]): Decimal {
  if (price === undefined) return zero;
  const parts = partKinds.reduce((sum, kind) => sum + (size.parts[kind] ?? 0) * expectedPart[kind], 0);
  const read = Math.min(Math.ceil(size.textBytes / bytesPerToken) + parts, row.contextTokens ?? Infinity);
  const written = Math.min(most, row.reasons === true ? expectedOutput.thinking : expectedOutput.plain);
  const tables = amountsOf(price, read);
  return add(
    multiply(priceIn(tables, 'input'), whole(read)),
    multiply(dearestOf({ ...price, multipliers: {} }, tables, outputs), whole(written)),
  );
}
