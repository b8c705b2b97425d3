// Our prices beside a second public table: which dimensions differ, and which differences have a reason. Pure.

import { dimensionOf, type PriceRow } from '@cody-gateway/shared/catalogue';

/** A model of the second table (litellm's): dollars a token, by its own names. */
export type SecondRow = Readonly<Record<string, unknown>>;

/** What is not the same. Dollars a million tokens; null: it has none. */
export interface PriceDifference {
  readonly model: string;
  /** Such as `input`, or `input above 200000`. */
  readonly dimension: string;
  readonly ours: string | null;
  readonly theirs: string;
}

/** Why one of them is right as it is. */
export interface Reason extends PriceDifference {
  readonly reason: string;
  /** When somebody looked. */
  readonly date: string;
}

/** Dimensions by the names of theirs. */
const names: Readonly<Record<string, string>> = {
  input: 'input_cost_per_token',
  output: 'output_cost_per_token',
  cache_read: 'cache_read_input_token_cost',
  cache_write_5m: 'cache_creation_input_token_cost',
  cache_write_1h: 'cache_creation_input_token_cost_above_1hr',
  image_input: 'input_cost_per_image_token',
  image_cache_read: 'cache_read_input_image_token_cost',
  image_output: 'output_cost_per_image_token',
  audio_input: 'input_cost_per_audio_token',
  audio_output: 'output_cost_per_audio_token',
};
const prefixes: Readonly<Record<string, readonly string[]>> = {
  google: ['gemini/'],
  fireworks: ['fireworks_ai/'],
};

/** Their row of a model of ours; null where they have none. @param model qualified */
export function secondRow(table: Readonly<Record<string, SecondRow>>, model: string): SecondRow | null {
  const slash = model.indexOf('/');
  const [provider, name] = [model.slice(0, slash), model.slice(slash + 1)];
  const found = (prefixes[provider] ?? ['', `${provider}/`]).map((prefix) => table[`${prefix}${name}`]).find(Boolean);
  return found ?? null;
}

/** Every dimension that they price and we price otherwise, the tiers too. */
export function differencesOf(model: string, ours: PriceRow | null, theirs: SecondRow): PriceDifference[] {
  const all = Object.entries(names).flatMap(([dimension, name]) => {
    const own = amountIn(ours?.dimensions ?? {}, dimension);
    const found = [differenceOf(model, dimension, own, theirs[name])];
    for (const [key, value] of Object.entries(theirs)) {
      const [, thousands] = new RegExp(`^${name}_above_(\\d+)k_tokens$`).exec(key) ?? [];
      if (thousands === undefined) continue;
      const above = Number(thousands) * 1_000;
      const tiers = (ours?.tiers ?? []).filter((tier) => tier.above <= above);
      const amounts = { ...ours?.dimensions, ...tiers.at(-1)?.dimensions };
      found.push(differenceOf(model, `${dimension} above ${above}`, amountIn(amounts, dimension), value));
    }
    return found;
  });
  return all.filter((difference) => difference !== null);
}

/** Of a dimension, or of the one that it is billed as: a picture in a prompt as text. Cache reads have to be stated. */
function amountIn(amounts: Readonly<Record<string, string | undefined>>, dimension: string): string | undefined {
  if (amounts[dimension] !== undefined) return amounts[dimension];
  const { like = null, sure = false } = dimensionOf(dimension) ?? {};
  return dimension.startsWith('image') && sure && like !== null ? amounts[like] : undefined;
}

function differenceOf(
  model: string,
  dimension: string,
  own: string | undefined,
  value: unknown,
): PriceDifference | null {
  // What they have as 0 they often do not know.
  if (typeof value !== 'number' || value === 0) return null;
  const theirs = String(Number((value * 1e6).toPrecision(9)));
  if (own !== undefined && Number(own) === Number(theirs)) return null;
  return { model, dimension, ours: own ?? null, theirs };
}

/** Differences without a reason, and reasons without their difference: both are to be looked at. */
export function unreasoned(
  differences: readonly PriceDifference[],
  reasons: readonly Reason[],
): { readonly open: readonly PriceDifference[]; readonly stale: readonly Reason[] } {
  const key = ({ model, dimension, ours, theirs }: PriceDifference): string =>
    JSON.stringify([model, dimension, ours, theirs]);
  const [told, given] = [new Set(reasons.map(key)), new Set(differences.map(key))];
  return {
    open: differences.filter((one) => !told.has(key(one))),
    stale: reasons.filter((one) => !given.has(key(one))),
  };
}
