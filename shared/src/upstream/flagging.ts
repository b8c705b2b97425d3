// The rules by which a request is flagged or blocked. Pure but for the count of tokens, which comes in as a function. Spec completions §3.

import type { Config } from '../config/config.ts';
import type { ProviderName } from './call.ts';
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
  /** Null where the provider's prompts are not counted, or the count failed. A count that stopped early is a lower bound, far above the limits. */
  readonly promptTokens: number | null;
  readonly maxTokens: number | null;
}

/** One provider's knobs (config/flagging-variables.ts). Patterns and names in lower case. */
export interface FlaggingSettings {
  readonly allowedPatterns: readonly string[];
  readonly blockedPatterns: readonly string[];
  readonly flaggedModels: readonly string[];
  readonly blockingEnabled: boolean;
  readonly maxTokensFlagging: number;
  readonly maxTokensBlocking: number;
  /** Null: prompts are not counted. */
  readonly promptTokens: { readonly flagging: number; readonly blocking: number } | null;
}

/** Counts the tokens of a text, up to about `stopAfter`; null when it can't. */
export type CountTokens = (text: string, stopAfter: number) => Promise<number | null>;

/** Past this many times the larger limit the exact number interests nobody, and counting costs a tenth of a second for every 100,000 tokens or so. */
const stopAfterLimits = 1.25;

/** @param model bare, as asked @returns null when nothing speaks against the request */
export async function flag(
  model: string,
  prompt: PromptText,
  settings: FlaggingSettings,
  countTokens: CountTokens,
): Promise<Flagging | null> {
  const { maxTokens } = prompt;
  const lowerCase =
    settings.allowedPatterns.length + settings.blockedPatterns.length > 0 ? prompt.text().toLowerCase() : '';
  const blockedPhrase = settings.blockedPatterns.find((pattern) => lowerCase.includes(pattern)) ?? null;
  const limits = settings.promptTokens;
  const count = async (): Promise<number | null> =>
    limits === null ? null : countTokens(prompt.text(), Math.max(limits.flagging, limits.blocking) * stopAfterLimits);
  // A token is at least one byte: most prompts are too short to be too long.
  const mayBeLong = limits !== null && Buffer.byteLength(prompt.text()) > Math.min(limits.flagging, limits.blocking);
  let promptTokens = mayBeLong ? await count() : null;

  const reasons: FlaggingReason[] = [];
  if (settings.flaggedModels.includes(model.toLowerCase())) reasons.push('model_used');
  if (settings.allowedPatterns.length > 0 && !settings.allowedPatterns.some((pattern) => lowerCase.includes(pattern)))
    reasons.push('unknown_prompt');
  if (maxTokens !== null && maxTokens > settings.maxTokensFlagging) reasons.push('high_max_tokens_to_sample');
  if (limits !== null && promptTokens !== null && promptTokens > limits.flagging)
    reasons.push('high_prompt_token_count');
  // One name for three causes, which readers of the table are used to.
  if (
    blockedPhrase !== null ||
    (limits !== null && promptTokens !== null && promptTokens > limits.blocking) ||
    (maxTokens !== null && maxTokens > settings.maxTokensBlocking)
  )
    reasons.push('blocked_phrase');
  if (reasons.length === 0) return null;
  const shouldBlock = settings.blockingEnabled && reasons.includes('blocked_phrase');
  // The event of a blocked request tells the count.
  if (shouldBlock && !mayBeLong) promptTokens = await count();
  return { reasons, shouldBlock, blockedPhrase, promptTokens, maxTokens };
}

/** The knobs of a provider; what it does not set is as for Anthropic. */
export function flaggingSettings(config: Config, provider: ProviderName): FlaggingSettings {
  const lower = (list: readonly string[] | null): string[] => (list ?? []).map((item) => item.toLowerCase());
  return {
    allowedPatterns: lower(config[`${provider}AllowedPromptPatterns`] ?? config.anthropicAllowedPromptPatterns),
    blockedPatterns: lower(config[`${provider}BlockedPromptPatterns`] ?? config.anthropicBlockedPromptPatterns),
    flaggedModels: lower(config[`${provider}FlaggedModelNames`] ?? config.anthropicFlaggedModelNames),
    blockingEnabled: config[`${provider}RequestBlockingEnabled`] ?? config.anthropicRequestBlockingEnabled,
    maxTokensFlagging: config[`${provider}MaxTokensFlaggingLimit`] ?? config.anthropicMaxTokensFlaggingLimit,
    maxTokensBlocking: config[`${provider}ResponseTokenBlockingLimit`] ?? config.anthropicResponseTokenBlockingLimit,
    promptTokens:
      provider === 'anthropic'
        ? {
            flagging: config.anthropicPromptTokenFlaggingLimit,
            blocking: config.anthropicPromptTokenBlockingLimit,
          }
        : null,
  };
}
