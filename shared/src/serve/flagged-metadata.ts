// What events say of a flagged request. Not the rules by which it is flagged (upstream/flagging.ts).

import type { Flagging } from '../upstream/upstream.ts';

/** Of the pattern, which is the operator's own, the first five characters; of the prompt nothing. */
export function flaggedMetadata({ reasons, shouldBlock, blockedPhrase }: Flagging): Record<string, unknown> {
  return {
    flagged: true,
    flagging_result: {
      reason: reasons,
      should_block: shouldBlock,
      ...(blockedPhrase !== null && { blocked_phrase: Array.from(blockedPhrase).slice(0, 5).join('') }),
    },
  };
}
