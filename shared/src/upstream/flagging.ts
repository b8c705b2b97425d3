// The rules by which a request is flagged or blocked. Pure but for the count of tokens, which comes in as a function,
// and the turns that a long prompt takes.

import type { Config } from '../config/config.ts';
import { phrasesIn } from './phrases.ts';
import type { PromptText } from './prompt-text.ts';

/** The reasons as readers of the events table know them. */
export type FlaggingReason =
  'model_used' | 'unknown_prompt' | 'high_max_tokens_to_sample' | 'high_prompt_token_count' | 'blocked_phrase';

/** What the rules found. */
export interface Flagging {
  /** At least one, in the order of the rules. */
  readonly reasons: readonly FlaggingReason[];
  readonly shouldBlock: boolean;
  /** The pattern that was found, which is the operator's text; null when none was. */
  readonly blockedPhrase: string | null;
  /**
   * Null where the provider's prompts are not counted, or the count failed. A count that stopped early is a lower
   * bound, far above the limits.
   */
  readonly promptTokens: number | null;
  readonly maxTokens: number | null;
}

/** One provider's knobs (config/flagging-variables.ts). Patterns and names in lower case. */
export interface FlaggingSettings {
  readonly allowedPatterns: readonly string[];
  readonly blockedPatterns: readonly string[];
  readonly flaggedModels: readonly string[];
  readonly blockingEnabled: boolean;
  /** Infinity: no length is flagged. */
  readonly maxTokensFlagging: number;
  readonly maxTokensBlocking: number;
  /** Null: prompts are not counted. Infinity: of any length. */
  readonly promptTokens: { readonly flagging: number; readonly blocking: number } | null;
}

/** Counts the tokens of a text, up to about `stopAfter`; null when it can't. */
export type CountTokens = (text: string, stopAfter: number) => Promise<number | null>;

/**
 * Past this many times the larger limit the exact number interests nobody, and counting costs a tenth of a second for
 * every 100,000 tokens or so.
 */
const stopAfterLimits = 1.25;
const none: ReadonlySet<string> = new Set();
/** Where nothing limits a prompt: the event of a blocked one tells its tokens up to so many. */
const countedTokensMax = 250_000;

/**
 * @param model bare, as asked
 * @param limitsBlock whether a request may be blocked for its length alone: the limits are made for free users, and
 * paying customers are only marked
 * @returns null when nothing speaks against the request
 */
export async function flag(
  model: string,
  prompt: PromptText,
  settings: FlaggingSettings,
  limitsBlock: boolean,
  countTokens: CountTokens,
): Promise<Flagging | null> {
  const { maxTokens } = prompt;
  const { allowedPatterns, blockedPatterns } = settings;
  const patterns = [...allowedPatterns, ...blockedPatterns];
  const inWords = patterns.length > 0 ? await phrasesIn(prompt.text(), patterns) : none;
  const around = blockedPatterns.length > 0 ? await phrasesIn(prompt.asides(), blockedPatterns) : none;
  const blockedPhrase = blockedPatterns.find((pattern) => inWords.has(pattern) || around.has(pattern)) ?? null;
  const limits = settings.promptTokens;
  const count = async (): Promise<number | null> =>
    limits === null ? null : countTokens(prompt.text(), stopAfter(limits));
  // A token is at least one byte: most prompts are too short to be too long.
  const mayBeLong = limits !== null && Buffer.byteLength(prompt.text()) > Math.min(limits.flagging, limits.blocking);
  let promptTokens = mayBeLong ? await count() : null;

  const reasons: FlaggingReason[] = [];
  if (settings.flaggedModels.includes(model.toLowerCase())) reasons.push('model_used');
  if (allowedPatterns.length > 0 && !allowedPatterns.some((pattern) => inWords.has(pattern)))
    reasons.push('unknown_prompt');
  if (maxTokens !== null && maxTokens > settings.maxTokensFlagging) reasons.push('high_max_tokens_to_sample');
  if (limits !== null && promptTokens !== null && promptTokens > limits.flagging)
    reasons.push('high_prompt_token_count');
  // One name for three causes, which readers of the table are used to.
  const isTooLong =
    (limits !== null && promptTokens !== null && promptTokens > limits.blocking) ||
    (maxTokens !== null && maxTokens > settings.maxTokensBlocking);
  if (blockedPhrase !== null || (limitsBlock && isTooLong)) reasons.push('blocked_phrase');
  if (reasons.length === 0) return null;
  const shouldBlock = settings.blockingEnabled && reasons.includes('blocked_phrase');
  // The event of a blocked request tells the count.
  if (shouldBlock && !mayBeLong) promptTokens = await count();
  return { reasons, shouldBlock, blockedPhrase, promptTokens, maxTokens };
}

function stopAfter({ flagging, blocking }: { flagging: number; blocking: number }): number {
  const limits = [flagging, blocking].filter(Number.isFinite);
  return limits.length === 0 ? countedTokensMax : Math.max(...limits) * stopAfterLimits;
}

/** Providers that have knobs of their own (config/flagging-variables.ts). */
const withKnobs = ['anthropic', 'openai', 'fireworks', 'google'] as const;

/**
 * The settings of a provider, or null where its requests are not inspected. What is not set for it falls back to
 * Anthropic's, since the original gateway had one set of rules for all providers but Fireworks, which it never flagged:
 * Fireworks goes by its own settings alone.
 */
export function flaggingSettings(config: Config, provider: string): FlaggingSettings | null {
  const prefix = withKnobs.find((name) => name === provider) ?? null;
  const own = prefix === null ? unset : knobsOf(config, prefix);
  if (prefix === 'fireworks' && Object.values(own).every((knob) => knob === null)) return null;
  const others = prefix === 'fireworks' ? off : anthropicKnobs(config);
  return {
    allowedPatterns: lower(own.allowedPatterns ?? others.allowedPatterns),
    blockedPatterns: lower(own.blockedPatterns ?? others.blockedPatterns),
    flaggedModels: lower(own.flaggedModels ?? others.flaggedModels),
    blockingEnabled: own.blockingEnabled ?? others.blockingEnabled,
    maxTokensFlagging: own.maxTokensFlagging ?? others.maxTokensFlagging,
    maxTokensBlocking: own.maxTokensBlocking ?? others.maxTokensBlocking,
    promptTokens:
      prefix === 'anthropic'
        ? {
            flagging: config.anthropicPromptTokenFlaggingLimit ?? Infinity,
            blocking: config.anthropicPromptTokenBlockingLimit ?? Infinity,
          }
        : null,
  };
}

type Knobs = Omit<FlaggingSettings, 'promptTokens'>;

type Unset = { readonly [K in keyof Knobs]: Knobs[K] | null };

const unset: Unset = {
  allowedPatterns: null,
  blockedPatterns: null,
  flaggedModels: null,
  blockingEnabled: null,
  maxTokensFlagging: null,
  maxTokensBlocking: null,
};

function knobsOf(config: Config, prefix: (typeof withKnobs)[number]): Unset {
  return {
    allowedPatterns: config[`${prefix}AllowedPromptPatterns`],
    blockedPatterns: config[`${prefix}BlockedPromptPatterns`],
    flaggedModels: config[`${prefix}FlaggedModelNames`],
    blockingEnabled: config[`${prefix}RequestBlockingEnabled`],
    maxTokensFlagging: config[`${prefix}MaxTokensFlaggingLimit`],
    maxTokensBlocking: config[`${prefix}ResponseTokenBlockingLimit`],
  };
}

const off: Knobs = {
  allowedPatterns: [],
  blockedPatterns: [],
  flaggedModels: [],
  blockingEnabled: false,
  maxTokensFlagging: Infinity,
  maxTokensBlocking: Infinity,
};

function anthropicKnobs(config: Config): Knobs {
  return {
    allowedPatterns: config.anthropicAllowedPromptPatterns ?? [],
    blockedPatterns: config.anthropicBlockedPromptPatterns ?? [],
    flaggedModels: config.anthropicFlaggedModelNames ?? [],
    blockingEnabled: config.anthropicRequestBlockingEnabled,
    maxTokensFlagging: config.anthropicMaxTokensFlaggingLimit ?? Infinity,
    maxTokensBlocking: config.anthropicResponseTokenBlockingLimit ?? Infinity,
  };
}

function lower(list: readonly string[]): string[] {
  return list.map((item) => item.toLowerCase());
}
