// The name under which a provider knows a caller of ours. Not who the caller is (auth).

import { createHash } from 'node:crypto';
import type { CallerFacts } from './call.ts';

/** The most that Anthropic takes in `metadata.user_id`: a request with more is refused. */
const charactersMax = 256;
/** Of a SHA-256 in hex. */
const digestCharacters = 64;

/**
 * The actor, a colon, and the user where the caller names one: instances do in a header, SDKs in the request itself. A
 * user whose name would be too long is replaced by its digest, which tells users apart just as well.
 * @param own the user that the request names; ignored where an instance asks
 */
export function actorName({ actorId, actorUid, dialect }: CallerFacts, own: unknown): string {
  const asked = dialect !== 'cody' && typeof own === 'string' ? own : '';
  const user = actorUid ?? asked;
  const name = `${actorId}:${user}`;
  if (name.length <= charactersMax) return name;
  const digest = createHash('sha256').update(user).digest('hex');
  return `${actorId.slice(0, charactersMax - digestCharacters - 1)}:${digest}`;
}
