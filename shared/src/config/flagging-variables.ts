// The knobs of flagging, once per provider: Anthropic's have the reference's names and defaults, the others' fall back to them (spec completions §3.5, §10 31).

import { row, type Row } from './variable-row.ts';

/** As it stands in the names in `Config`. */
type Prefix = 'anthropic' | 'openai' | 'fireworks' | 'google';

type Rows<P extends Prefix, B, N> = {
  readonly [K in `${P}AllowedPromptPatterns` | `${P}BlockedPromptPatterns` | `${P}FlaggedModelNames`]: Row<
    'list',
    null
  >;
} & { readonly [K in `${P}RequestBlockingEnabled`]: Row<'boolean', B> } & {
  readonly [K in `${P}MaxTokensFlaggingLimit` | `${P}ResponseTokenBlockingLimit`]: Row<'integer', N>;
};

const anthropic = 'CODY_GATEWAY_ANTHROPIC_';
const limits = [1, 1e9] as const;

/** Rows of all providers. Prompts are counted in tokens for Anthropic alone (spec completions §3.1). */
export const flaggingVariables = {
  ...rows('anthropic', 'Anthropic', 'false', '4000'),
  anthropicPromptTokenFlaggingLimit: row(
    `${anthropic}PROMPT_TOKEN_FLAGGING_LIMIT`,
    'integer',
    '18000',
    'Anthropic: a prompt of more tokens is flagged.',
    limits,
  ),
  anthropicPromptTokenBlockingLimit: row(
    `${anthropic}PROMPT_TOKEN_BLOCKING_LIMIT`,
    'integer',
    '20000',
    'Anthropic: a prompt of more tokens is flagged, and blocked where blocking is on.',
    limits,
  ),
  ...rows('openai', 'OpenAI', null, null),
  ...rows('fireworks', 'Fireworks', null, null),
  ...rows('google', 'Google', null, null),
};

/** @param blocking null, like `limit`: what is not set is as for Anthropic */
function rows<P extends Prefix, B extends string | null, N extends string | null>(
  prefix: P,
  provider: string,
  blocking: B,
  limit: N,
): Rows<P, B, N> {
  const name = (knob: string): string => `CODY_GATEWAY_${prefix.toUpperCase()}_${knob}`;
  const sentence = (what: string): string =>
    `${provider}: ${what}${blocking === null ? ' Not set: as for Anthropic.' : ''}`;
  const made = {
    AllowedPromptPatterns: row(
      name('ALLOWED_PROMPT_PATTERNS'),
      'list',
      null,
      sentence('a prompt that contains none of these is flagged.'),
    ),
    BlockedPromptPatterns: row(
      name('BLOCKED_PROMPT_PATTERNS'),
      'list',
      null,
      sentence('a prompt that contains one of these is flagged, and blocked where blocking is on.'),
    ),
    FlaggedModelNames: row(name('FLAGGED_MODEL_NAMES'), 'list', null, sentence('models whose calls are flagged.')),
    RequestBlockingEnabled: row(
      name('REQUEST_BLOCKING_ENABLED'),
      'boolean',
      blocking,
      sentence('whether what should be blocked is blocked, or only flagged.'),
    ),
    MaxTokensFlaggingLimit: row(
      name('MAX_TOKENS_TO_SAMPLE_FLAGGING_LIMIT'),
      'integer',
      limit,
      sentence('a call that asks for more tokens is flagged.'),
      limits,
    ),
    ResponseTokenBlockingLimit: row(
      name('RESPONSE_TOKEN_BLOCKING_LIMIT'),
      'integer',
      limit,
      sentence('a call that asks for more tokens is flagged, and blocked where blocking is on.'),
      limits,
    ),
  };
  return Object.fromEntries(Object.entries(made).map(([knob, value]) => [`${prefix}${knob}`, value])) as Rows<P, B, N>;
}
