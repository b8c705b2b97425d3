// What a call may be billed for: the dimensions of usage and of prices. Counts never overlap: a token is in one of
// them.

/** Tokens are priced by the million, uses by the piece. */
export type Unit = 'tokens' | 'uses';

interface Dimension {
  readonly unit: Unit;
  /** What the prompt's length is measured by when a price has tiers. */
  readonly input: boolean;
  /** Where a price lacks the dimension, this one's price counts. */
  readonly like: string | null;
  /** Whether `like` is how providers bill it: else the call is marked, since it may have cost more. */
  readonly sure: boolean;
}

const input = (like: string | null, sure = true): Dimension => ({ unit: 'tokens', input: true, like, sure });
const output = (like: string | null, sure = true): Dimension => ({ unit: 'tokens', input: false, like, sure });
const use: Dimension = { unit: 'uses', input: false, like: null, sure: false };

/** By name, as they stand in prices and in `metadata.usage`. */
export const dimensions = {
  /** Text of the prompt that was neither read from a cache nor written to one. */
  input: input(null),
  cache_read: input('input'),
  /** Written to the cache for its ordinary life, 5 minutes at Anthropic. */
  cache_write_5m: input('input'),
  /** Written for an hour: dearer wherever writing has a price at all, so there is no price like it. */
  cache_write_1h: input('cache_write_5m', false),
  image_input: input('input'),
  image_cache_read: input('cache_read'),
  video_input: input('input'),
  audio_input: input('input', false),
  audio_cache_read: input('cache_read', false),
  /** Text of the answer, without what follows. */
  output: output(null),
  reasoning: output('output'),
  image_output: output('output', false),
  audio_output: output('output', false),
  video_output: output('output', false),
  /** Uses of the provider's own tools. */
  web_search: use,
  web_fetch: use,
  file_search: use,
  code_execution: use,
  maps_grounding: use,
  /** A fee for the call itself. */
  request: use,
} as const satisfies Readonly<Record<string, Dimension>>;

export type DimensionName = keyof typeof dimensions;
export const dimensionNames = Object.keys(dimensions) as readonly DimensionName[];

/** A dimension by a name that a report or a row has; null for one that nobody here knows. */
export function dimensionOf(name: string): Dimension | null {
  return Object.hasOwn(dimensions, name) ? dimensions[name as DimensionName] : null;
}
