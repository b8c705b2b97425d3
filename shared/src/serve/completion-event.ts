// What the event of a completion says besides what every call's says: the request's own facts, who asked in the
// instance, what the provider used.

import type { Permit } from '../auth/auth.ts';
import type { Part } from '../catalogue/catalogue.ts';
import type { Call, Flagging, Metered } from '../upstream/upstream.ts';
import type { AttemptLog } from './attempt-log.ts';
import { callerIdMetadata, type CallerIds } from './caller-ids.ts';
import { flaggedMetadata } from './flagged-metadata.ts';
import type { CallEvent } from './served-event.ts';

/** The event of one completion. @param flagging what speaks against the request, or null */
export function completionEvent(
  { model }: Permit,
  call: Call,
  flagging: Flagging | null,
  callerIds: CallerIds,
  attempts: AttemptLog,
): CallEvent<Metered> {
  return {
    name: 'CompletionsFinished',
    model,
    metadata: {
      ...call.eventExtras,
      model,
      provider: call.provider.id,
      ...callerIdMetadata(callerIds),
      ...(flagging !== null && flaggedMetadata(flagging)),
    },
    ended: ({ used, billed, upstreamStatus }) => ({
      metadata: {
        ...usageMetadata(call, used, flagging),
        ...wholeUsage(used, billed),
        ...attempts.metadata(),
        upstream_status_code: upstreamStatus,
      },
      tokens: used?.tokens ?? null,
      home: attempts.home(),
      attempts: attempts.count(),
    }),
  };
}

/**
 * Counts that are unknown are left out; a call that the provider did not serve has zeros, as readers of the table
 * expect.
 */
function usageMetadata(call: Call, usage: Metered | null, flagging: Flagging | null): Record<string, number> {
  if (usage === null)
    return {
      prompt_character_count: 0,
      prompt_token_count: 0,
      prompt_tokenizer_token_count: 0,
      completion_character_count: 0,
      completion_token_count: 0,
      completion_tokenizer_token_count: 0,
    };
  const known: Record<string, number | null> = {
    prompt_character_count: call.promptCharacters,
    prompt_token_count: usage.inputTokens,
    // Our own count, of prompts that were counted: where the API tells nothing, or the rules of flagging asked.
    prompt_tokenizer_token_count: usage.counted ? usage.inputTokens : (flagging?.promptTokens ?? null),
    completion_character_count: usage.completionCharacters,
    completion_token_count: usage.outputTokens,
    completion_tokenizer_token_count: usage.counted ? usage.outputTokens : null,
    cache_read_token_count: usage.cacheReadTokens,
    cache_write_token_count: usage.cacheWriteTokens,
    reasoning_token_count: usage.reasoningTokens,
    // The part of the column `tokens` that is input, for every provider alike.
    input_token_count: usage.promptTokens,
  };
  const told: Record<string, number> = {};
  for (const name in known) {
    const count = known[name] ?? null;
    if (count !== null) told[name] = count;
  }
  return told;
}

/**
 * Everything that a price may ever ask for: counts by dimension and served model, and the provider's own words for
 * them.
 */
function wholeUsage(used: Metered | null, billed: readonly Part[]): Record<string, unknown> {
  const report = used?.report ?? null;
  if (billed.length === 0 && report === null) return {};
  const parts = billed.map(({ model, counts, qualifiers, estimated }) => ({
    ...(model !== null && { model }),
    counts,
    ...(qualifiers !== undefined && Object.keys(qualifiers).length > 0 && { qualifiers }),
    ...(estimated === true && { estimated }),
  }));
  return { usage: { parts, ...(report !== null && { report }) } };
}
