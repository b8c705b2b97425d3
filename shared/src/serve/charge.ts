// The ways in which calls are charged and recorded: by the call, by the token, or not at all. Not the charging itself
// (charged.ts).

import type { Permit } from '../auth/auth.ts';
import { roughTokens, type Call, type Flagging, type Metered } from '../upstream/upstream.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { CallerIds } from './caller-ids.ts';
import { completionEvent } from './completion-event.ts';
import type { CallEvent } from './served-event.ts';

/** One way. */
export interface Charge {
  /** Units that are reserved; absent: those of the route. */
  readonly units?: (call: Call) => number;
  /** Units of an answer; absent: what was reserved. */
  readonly unitsOf?: (used: Metered) => number;
  /** Whether the provider bills such calls. */
  readonly isBilled: boolean;
  /** Whether such calls cost no unit: they are refused all the same where the quota is used up. */
  readonly isFree?: true;
  /** Whether the rules of flagging look at them. */
  readonly isInspected: boolean;
  event(
    permit: Permit,
    call: Call,
    flagging: Flagging | null,
    callerIds: CallerIds,
    attempts: AttemptLog,
  ): CallEvent<Metered>;
}

/** By the call. */
export const completions: Charge = { isBilled: true, isInspected: true, event: completionEvent };

/**
 * Asks how long a prompt is: nobody bills it, and nothing is answered. It costs no unit, and has its row all the same.
 */
export const tokenCounts: Charge = {
  units: () => 0,
  isFree: true,
  isBilled: false,
  isInspected: false,
  event: ({ model }, { provider }, _flagging, _callerIds, attempts) => ({
    name: 'TokensCounted',
    model,
    metadata: { model, provider: provider.id },
    ended: ({ upstreamStatus }) => ({
      metadata: { ...attempts.metadata(), upstream_status_code: upstreamStatus },
      tokens: null,
      home: attempts.home(),
      attempts: attempts.count(),
    }),
  }),
};

/** By the token, as the provider or its meter counts them. */
export const embeddings: Charge = {
  // At least 1, so that a used-up quota also refuses requests that cost nothing: they are work for us.
  units: ({ promptCharacters }) => Math.max(1, roughTokens(promptCharacters)),
  unitsOf: ({ inputTokens }) => inputTokens ?? 0,
  isBilled: true,
  isInspected: false,
  event: ({ model }, { eventExtras }, _flagging, _callerIds, attempts) => ({
    name: 'EmbeddingsFinished',
    model,
    metadata: { model, ...eventExtras },
    ended: ({ used }) => {
      const tokens = used?.inputTokens ?? 0;
      return {
        metadata: { ...attempts.metadata(), tokens_used: tokens },
        tokens,
        home: attempts.home(),
        attempts: attempts.count(),
      };
    },
  }),
};
