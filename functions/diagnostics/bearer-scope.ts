// Who may: the scopes of the access token that a request brings. Not how they are asked for (token-introspection.ts),
// nor the product-subscription tokens of callers (auth).

import type { Received } from '@cody-gateway/shared/http';
import type { Introspect } from './token-introspection.ts';

/**
 * `unauthorized`: no bearer token, or a person's where a client's is due. `inactive`: expired, revoked or not theirs.
 */
export type Verdict = 'granted' | 'unauthorized' | 'inactive' | 'missing-scope';

const tokenCharactersMax = 8_192;

/**
 * Asked each time: people use the paths behind it, and a revoked token must not be believed.
 * @throws Error when nobody can be asked
 */
export async function hasScope(
  { headers }: Pick<Received, 'headers'>,
  scope: string,
  introspect: Introspect,
): Promise<Verdict> {
  const token = /^bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || token.length > tokenCharactersMax) return 'unauthorized';
  const { active, scopes, ofUser } = await introspect(token);
  if (!active) return 'inactive';
  if (ofUser) return 'unauthorized';
  return scopes.includes(scope) ? 'granted' : 'missing-scope';
}
