// Who may see the console: whom Identity-Aware Proxy says that it let in, by its signed header; in the local cloud
// whoever sits at this machine. Not what is shown.

import type { Config } from '@cody-gateway/shared/config';
import type { Received } from '@cody-gateway/shared/http';
import { createIapKeys, type IapKeys } from './iap-keys.ts';

/** Somebody who may look, or why not: in words for the log, without anything of what was sent. */
export type Verdict = { readonly reader: string | null } | { readonly refused: string };

/** What of the configuration decides. */
export type GateSettings = Pick<Config, 'iapAudience' | 'consoleOpen' | 'revision'>;

/** Asked for each request. Never rejects. */
export type Gate = (received: Pick<Received, 'headers' | 'request'>) => Promise<Verdict>;

const header = 'x-goog-iap-jwt-assertion';
const issuer = 'https://cloud.google.com/iap';
/** It is about a thousand characters. */
const assertionCharactersMax = 8_192;
const readerCharactersMax = 254;
const localHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const loopback = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;

export function createGate(settings: GateSettings, keys: IapKeys = createIapKeys(Date.now)): Gate {
  const { iapAudience, consoleOpen, revision } = settings;
  return async ({ headers, request }) => {
    if (iapAudience !== null) return verdictOf(headers[header], iapAudience, keys);
    // Both have to say that this is not Google Cloud, where an open console would show everything to everybody.
    if (consoleOpen && revision === null) {
      const address = request.socket.remoteAddress ?? '';
      // A page on the internet may point its own name at this machine's address, so the host must be this machine's
      // too.
      const here = loopback.test(address) && localHost.test(headers.host ?? '');
      return here ? { reader: null } : { refused: 'it is open to this machine alone' };
    }
    return { refused: 'CODY_GATEWAY_CONSOLE_IAP_AUDIENCE is not set' };
  };
}

async function verdictOf(assertion: string | string[] | undefined, audience: string, keys: IapKeys): Promise<Verdict> {
  if (assertion === undefined) return { refused: 'it did not come through Identity-Aware Proxy' };
  if (typeof assertion !== 'string' || assertion.length > assertionCharactersMax)
    return { refused: 'the assertion is no token' };
  const head = headOf(assertion);
  if (head === null) return { refused: 'the assertion is no token signed with ES256' };
  const key = await keys(head.kid);
  if (key === null) return { refused: 'nobody knows the key that the assertion names' };
  const { OAuth2Client } = await import('google-auth-library');
  try {
    // It checks signature, issuer, audience and times. Its errors quote the token, so they are not passed on.
    const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(assertion, { [head.kid]: key }, audience, [
      issuer,
    ]);
    const { email, sub } = ticket.getPayload() ?? {};
    return { reader: (email ?? sub ?? 'somebody').slice(0, readerCharactersMax) };
  } catch {
    return { refused: 'the assertion is forged, too old, or for another backend' };
  }
}

/** The key's name; null where it is signed in any other way. */
function headOf(assertion: string): { readonly kid: string } | null {
  try {
    const [first = ''] = assertion.split('.');
    const { alg, kid } = JSON.parse(Buffer.from(first, 'base64url').toString('utf8')) as Record<string, unknown>;
    return alg === 'ES256' && typeof kid === 'string' && /^[\w-]{1,100}$/.test(kid) ? { kid } : null;
  } catch {
    return null;
  }
}
