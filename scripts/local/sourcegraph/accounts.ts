// A stand-in for what Sourcegraph's accounts server knows: one client, the scopes it is registered for, access tokens
// and what they may. Not the sockets (portal.ts, introspection.ts).

/** What an access token is good for. */
export interface GrantedToken {
  readonly scopes: readonly string[];
  /** Null: it is a client's own. */
  readonly userId: string | null;
}

/** An answer in JSON. */
export interface AccountsAnswer {
  readonly status: number;
  readonly body: object;
}

/** The knowledge of a stand-in. */
export interface LocalAccounts {
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * Scopes that the client may ask for: one that is not among them refuses the whole request. Empty: it may ask for no
   * token at all.
   */
  readonly registered: Set<string>;
  /**
   * Scopes that the next tokens don't get although they are asked for: those that were granted later than the token.
   */
  readonly withheld: Set<string>;
  /** Live access tokens. */
  readonly tokens: Map<string, GrantedToken>;
  /** Ends every access token given out so far. */
  expireTokens(): void;
  /** The token endpoint (RFC 6749 §4.4, §5): client id and secret in the form. */
  grant(form: URLSearchParams): AccountsAnswer;
}

/** @param scopes that the client is registered for */
export function createAccounts(clientId: string, clientSecret: string, scopes: readonly string[]): LocalAccounts {
  let given = 0;
  const registered = new Set(scopes);
  const withheld = new Set<string>();
  const tokens = new Map<string, GrantedToken>();
  const ours = new Set<string>();
  return {
    clientId,
    clientSecret,
    registered,
    withheld,
    tokens,
    expireTokens: () => {
      for (const token of ours) tokens.delete(token);
      ours.clear();
    },
    grant: (form) => {
      if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret)
        return { status: 401, body: { error: 'invalid_client', error_description: 'Client authentication failed' } };
      if (form.get('grant_type') !== 'client_credentials')
        return { status: 400, body: { error: 'unsupported_grant_type' } };
      const asked = form.get('scope')?.split(' ') ?? [...registered];
      if (asked.length === 0 || asked.some((scope) => !registered.has(scope)))
        return { status: 400, body: { error: 'invalid_scope' } };
      const token = `local-access-${++given}`;
      ours.add(token);
      tokens.set(token, { scopes: asked.filter((scope) => !withheld.has(scope)), userId: null });
      return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: 3_600 } };
    },
  };
}

/** The token of an `Authorization: Bearer` header; null for anything else. */
export function bearerOf(header: string | null | undefined): string | null {
  return /^bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? null;
}
