// The knobs of flagging, once per provider. Anthropic's have the original gateway's names; OpenAI's and Google's fall
// back to them, as it used one set for all three. Fireworks, which it never flagged, is looked at by its own knobs
// alone.

import { row, type Row } from './variable-row.ts';

/** As it stands in the names in `Config`. */
type Prefix = 'anthropic' | 'openai' | 'fireworks' | 'google';

type Rows<P extends Prefix, B> = {
  readonly [K in `${P}AllowedPromptPatterns` | `${P}BlockedPromptPatterns` | `${P}FlaggedModelNames`]: Row<
    'list',
    null
  >;
} & { readonly [K in `${P}RequestBlockingEnabled`]: Row<'boolean', B> } & {
  readonly [K in `${P}MaxTokensFlaggingLimit` | `${P}ResponseTokenBlockingLimit`]: Row<'integer', null>;
};

const anthropic = 'CODY_GATEWAY_ANTHROPIC_';
const limits = [1, 1e9] as const;
const asAnthropic = ' Not set: as for Anthropic.';

/**
 * Rows of all providers. Prompts are counted in tokens for Anthropic alone. Limits count only where an operator sets
 * them: the original gateway's (18,000 and 20,000 tokens of a prompt, 4,000 of an answer) are of a time when that was
 * more than anybody asked for.
 */
export const flaggingVariables = {
  ...rows('anthropic', 'Anthropic', '', 'false'),
  anthropicPromptTokenFlaggingLimit: row(
    `${anthropic}PROMPT_TOKEN_FLAGGING_LIMIT`,
    'integer',
    null,
    'Anthropic: a prompt of more tokens is flagged. Not set: none is for its length.',
    limits,
  ),
  anthropicPromptTokenBlockingLimit: row(
    `${anthropic}PROMPT_TOKEN_BLOCKING_LIMIT`,
    'integer',
    null,
    'Anthropic: a prompt of more tokens is flagged, and of a free user blocked where blocking is on. Not set: none is for its length.',
    limits,
  ),
  ...rows('openai', 'OpenAI', asAnthropic, null),
  ...rows('fireworks', 'Fireworks', ' Not set: not looked at.', null),
  ...rows('google', 'Google', asAnthropic, null),
};

/** @param unset what holds where a knob is not set @param blocking null: that */
function rows<P extends Prefix, B extends string | null>(
  prefix: P,
  provider: string,
  unset: string,
  blocking: B,
): Rows<P, B> {
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
      null,
      sentence('a call that asks for more tokens is flagged.'),
      limits,
    ),
    ResponseTokenBlockingLimit: row(
      name('RESPONSE_TOKEN_BLOCKING_LIMIT'),
      'integer',
      null,
      sentence('a call that asks for more tokens is flagged, and of a free user blocked where blocking is on.'),
      limits,
    ),
  };
  return Object.fromEntries(Object.entries(made).map(([knob, value]) => [`${prefix}${knob}`, value])) as Rows<P, B>;
}
