// The name under which a provider knows a caller of ours. Not who the caller is (auth).

import { createHash } from 'node:crypto';
import type { CallerFacts } from './call.ts';

/** Of Anthropic's `metadata.user_id`; a longer one is refused with the request. */
const charactersMax = 256;
/** SHA-256 as hex. */
const digestCharacters = 64;

/**
 * The actor, a colon, and its user as far as the caller names one: an instance in its header, an SDK's caller in the
 * request itself. What would be too long has its digest in its place, which tells users apart just as well.
 * @param own what the request says of its user; instances' requests are not asked
 */
export function actorName({ actorId, actorUid, dialect }: CallerFacts, own: unknown): string {
  const asked = dialect !== 'cody' && typeof own === 'string' ? own : '';
  const user = actorUid ?? asked;
  const name = `${actorId}:${user}`;
  if (name.length <= charactersMax) return name;
  const digest = createHash('sha256').update(user).digest('hex');
  return `${actorId.slice(0, charactersMax - digestCharacters - 1)}:${digest}`;
}
