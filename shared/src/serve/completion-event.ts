// What the event of a completion says besides what every call's says: the request's own facts, who asked in the
// instance, what the provider used.

import type { Permit } from '../auth/auth.ts';
import type { Call, Flagging, Usage } from '../upstream/upstream.ts';
import { callerIdMetadata, type CallerIds } from './caller-ids.ts';
import { flaggedMetadata } from './flagged-metadata.ts';
import type { CallEvent } from './served-event.ts';

/** The event of one completion. @param flagging what speaks against the request, or null */
export function completionEvent(
  { model }: Permit,
  call: Call,
  flagging: Flagging | null,
  callerIds: CallerIds,
): CallEvent<Usage> {
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
    ended: ({ used, upstreamStatus }) => ({
      metadata: { ...usageMetadata(call, used), upstream_status_code: upstreamStatus },
      tokens: tokensOf(used),
    }),
  };
}

function tokensOf(usage: Usage | null): number | null {
  if (usage === null || (usage.inputTokens === null && usage.outputTokens === null)) return null;
  return (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
}

/**
 * Counts that are unknown are left out; a call that the provider did not serve has zeros, as readers of the table
 * expect.
 */
function usageMetadata(call: Call, usage: Usage | null): Record<string, number> {
  if (usage === null)
    return {
      prompt_character_count: 0,
      prompt_token_count: 0,
      completion_character_count: 0,
      completion_token_count: 0,
    };
  const known: Record<string, number | null> = {
    prompt_character_count: call.promptCharacters,
    prompt_token_count: usage.inputTokens,
    completion_character_count: usage.completionCharacters,
    completion_token_count: usage.outputTokens,
    cache_read_token_count: usage.cacheReadTokens,
    cache_write_token_count: usage.cacheWriteTokens,
    reasoning_token_count: usage.reasoningTokens,
  };
  return Object.fromEntries(Object.entries(known).filter((entry): entry is [string, number] => entry[1] !== null));
}
