// The knobs of flagging, once per provider. Anthropic's have the original gateway's names; OpenAI's and Google's fall back to them, as it used one set for all
// three. Fireworks, which it never flagged, is looked at by its own knobs alone.

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
const asAnthropic = ' Not set: as for Anthropic.';

/**
 * Rows of all providers. Prompts are counted in tokens for Anthropic alone. The limits are ten times those of the original's last public source (18,000,
 * 20,000, 4,000, 4,000), as its release 6.2 raised them (Sourcegraph's changelog of 2025): a prompt of 200,000 tokens fills Claude's context.
 */
export const flaggingVariables = {
  ...rows('anthropic', 'Anthropic', '', 'false', '40000'),
  anthropicPromptTokenFlaggingLimit: row(
    `${anthropic}PROMPT_TOKEN_FLAGGING_LIMIT`,
    'integer',
    '180000',
    'Anthropic: a prompt of more tokens is flagged.',
    limits,
  ),
  anthropicPromptTokenBlockingLimit: row(
    `${anthropic}PROMPT_TOKEN_BLOCKING_LIMIT`,
    'integer',
    '200000',
    'Anthropic: a prompt of more tokens is flagged, and of a free user blocked where blocking is on.',
    limits,
  ),
  ...rows('openai', 'OpenAI', asAnthropic, null, null),
  ...rows('fireworks', 'Fireworks', ' Not set: not looked at.', null, null),
  ...rows('google', 'Google', asAnthropic, null, null),
};

/** @param unset what holds where a knob is not set @param blocking null, like `limit`: that */
function rows<P extends Prefix, B extends string | null, N extends string | null>(
  prefix: P,
  provider: string,
  unset: string,
  blocking: B,
  limit: N,
): Rows<P, B, N> {
  const name = (knob: string): string => `CODY_GATEWAY_${prefix.toUpperCase()}_${knob}`;
  const sentence = (what: string): string => `${provider}: ${what}${unset}`;
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
      sentence('a request that contains one of these is flagged, and blocked where blocking is on.'),
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
      sentence('a call that asks for more tokens is flagged, and of a free user blocked where blocking is on.'),
      limits,
    ),
  };
  return Object.fromEntries(Object.entries(made).map(([knob, value]) => [`${prefix}${knob}`, value])) as Rows<P, B, N>;
}
