// Members of a request that change what it costs, how long its answer may be or whose it is: one closed table for each
// API. All others are the provider's.

/** The APIs by what their members are called. */
export type Api = 'anthropic' | 'openai' | 'openai-responses' | 'google';

/**
 * What is done with a member.
 * `one`: how many answers are asked for. One answer is one unit of the quota, so more than 1 becomes 1.
 * `length`: the most tokens of an answer. The operator may bound it, and flagging reads it.
 * `drop`: an extra that nobody pays for. It is left out.
 * `refuse`: an extra without which the answer would be another one. The request is refused, unless the value is null or
 * false.
 * `ours`: the gateway writes it. Other spellings of it are left out.
 */
export type Rule = 'one' | 'length' | 'drop' | 'refuse' | 'ours';

/** A row: in whatever spelling (snake, camel, any case) and in whatever place of `guardedPlaces` the member stands. */
export interface GuardedMember {
  /** Its words, with underscores between them. */
  readonly name: string;
  readonly rule: Rule;
  /** What callers are told of a refusal, or of what was left out. */
  readonly why?: string;
}

const unkept = 'no answer is kept under the account of the gateway';

const everywhere: readonly GuardedMember[] = [
  { name: 'n', rule: 'one' },
  { name: 'best_of', rule: 'one' },
  { name: 'num_choices', rule: 'one' },
  { name: 'num_return_sequences', rule: 'one' },
  { name: 'num_completions', rule: 'one' },
  { name: 'num_candidates', rule: 'one' },
  { name: 'candidate_count', rule: 'one' },
  { name: 'max_tokens', rule: 'length' },
  { name: 'max_tokens_to_sample', rule: 'length' },
  { name: 'max_completion_tokens', rule: 'length' },
  { name: 'max_output_tokens', rule: 'length' },
  { name: 'max_new_tokens', rule: 'length' },
  // Dearer or slower machines, and answers that the provider keeps under the gateway's account.
  { name: 'service_tier', rule: 'drop', why: 'all callers have the tier of the gateway' },
  { name: 'store', rule: 'drop', why: unkept },
  { name: 'background', rule: 'drop', why: unkept },
  // Of Cody's editors, for the choice of a model; no provider knows it.
  { name: 'language_id', rule: 'drop' },
  { name: 'model', rule: 'ours' },
  { name: 'stream', rule: 'ours' },
];

const oneModel = 'one request is for one model: send another for another';
const kept = 'it names what is kept under the gateway’s account, which every caller shares: send the content itself';

/** Members that an API takes beside another one alone: without that one it refuses them. */
export const takenAlong: Readonly<Partial<Record<Api, Readonly<Record<string, readonly string[]>>>>> = {
  openai: { store: ['metadata'] },
};

/** The rows of each API; those of all come first. */
export const guardedMembers: Readonly<Record<Api, readonly GuardedMember[]>> = {
  anthropic: [
    ...everywhere,
    { name: 'speed', rule: 'drop' },
    { name: 'billing_policy', rule: 'drop' },
    { name: 'user_profile_id', rule: 'drop' },
    { name: 'workspace_id', rule: 'drop' },
    { name: 'metadata', rule: 'ours' },
    { name: 'fallbacks', rule: 'refuse', why: oneModel },
    { name: 'fallback_credit_token', rule: 'refuse', why: kept },
    { name: 'thread', rule: 'refuse', why: kept },
  ],
  openai: [
    ...everywhere,
    { name: 'user', rule: 'ours' },
    { name: 'previous_response_id', rule: 'refuse', why: kept },
    { name: 'conversation', rule: 'refuse', why: kept },
    // Other models in the place of the first, or beside it: of OpenRouter, Groq, Together and their like.
    ...['models', 'fallbacks', 'fallback_models', 'compound_custom', 'safety_model'].map((name): GuardedMember => ({
      name,
      rule: 'refuse',
      why: oneModel,
    })),
  ],
  'openai-responses': [
    ...everywhere.filter(({ name }) => name !== 'store' && name !== 'background'),
    { name: 'user', rule: 'ours' },
    { name: 'store', rule: 'ours' },
    {
      name: 'background',
      rule: 'refuse',
      why: 'its answer would be kept under the gateway’s account until it is fetched: ask for a stream',
    },
    { name: 'previous_response_id', rule: 'refuse', why: kept },
    { name: 'conversation', rule: 'refuse', why: kept },
    { name: 'prompt', rule: 'refuse', why: kept },
  ],
  google: [
    ...everywhere,
    { name: 'cached_content', rule: 'refuse', why: kept },
    // Vertex AI chooses a model by them.
    { name: 'routing_config', rule: 'refuse', why: oneModel },
    { name: 'model_config', rule: 'refuse', why: oneModel },
    { name: 'model_selection_config', rule: 'refuse', why: oneModel },
  ],
};

/**
 * Where such members are read: beside the prompt (the empty name), and in the objects in which an API or its clients
 * gather settings.
 */
export const guardedPlaces: readonly string[] = [
  '',
  'generation_config',
  'sampling_params',
  'parameters',
  'options',
  'config',
  'extra_body',
];

/** One spelling for all: `maxOutputTokens`, `max_output_tokens` and `MAX-OUTPUT-TOKENS` are the same words. */
export function folded(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}

const byName = (api: Api): ReadonlyMap<string, GuardedMember> =>
  new Map(guardedMembers[api].map((member) => [folded(member.name), member]));
const rows: Readonly<Record<Api, ReadonlyMap<string, GuardedMember>>> = {
  anthropic: byName('anthropic'),
  openai: byName('openai'),
  'openai-responses': byName('openai-responses'),
  google: byName('google'),
};
const places: ReadonlySet<string> = new Set(guardedPlaces.filter((name) => name !== '').map(folded));

/** The row of a member, or null. @param name folded */
export function guardOf(api: Api, name: string): GuardedMember | null {
  return rows[api].get(name) ?? null;
}

/** Whether settings are gathered under this name. @param name folded */
export function isGuardedPlace(name: string): boolean {
  return places.has(name);
}
