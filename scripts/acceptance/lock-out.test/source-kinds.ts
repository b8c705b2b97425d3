// The three kinds of source on stand-ins that speak their protocols, behind one face: accounts by number, each with its
// tokens. Users have no list.

import {
  relayId,
  sourcegraphAccess,
  startSourcegraph,
  type LocalSourcegraph,
  type SourcegraphSubscription,
} from '../../local/sourcegraph/sourcegraph.ts';
import { startPortal, type LocalPortal, type PortalAccess } from '../../local/sourcegraph/portal.ts';

/** What access is stated by. */
export type Kind = 'portal' | 'graphql' | 'users';

/** A source as the sequences see it. */
export interface SourceOfKind {
  readonly kind: Kind;
  /** Environment variables of a gateway that asks it. */
  readonly variables: Readonly<Record<string, string>>;
  token(n: number): string;
  /** As the gateway calls the account. */
  idOf(account: number): string;
  /** The account stands there with these tokens, behind all that stand there already. */
  state(account: number, tokens: readonly string[]): void;
  /** There is no such account. */
  remove(account: number): void;
  /**
   * Archived as this source does it: the portal lists it no longer, Sourcegraph.com says so of it; a user is deleted.
   */
  archive(account: number): void;
  /** Lists lack these, although each is found when it is asked for; none of them for an empty list. */
  listLacks(accounts: readonly number[]): void;
  /** Our own credentials are dead: the portal's accounts server gives others, Sourcegraph.com has to be told so. */
  credentialsDie(): void;
  credentialsLive(): void;
  /** Questions about tokens so far. */
  asked(): number;
  clear(): void;
}

/** Both servers, and the three kinds on them. */
export interface Sources {
  readonly kinds: readonly SourceOfKind[];
  close(): Promise<void>;
}

/** Starts the stand-ins. */
export async function startSources(): Promise<Sources> {
  const [portal, sourcegraph] = await Promise.all([startPortal(), startSourcegraph()]);
  return {
    kinds: [overPortal(portal), overGraphql(sourcegraph), ofUsers(sourcegraph)],
    close: async () => void (await Promise.all([portal.close(), sourcegraph.close()])),
  };
}

const hex = (n: number): string => n.toString(16).padStart(64, '0');
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function overPortal(portal: LocalPortal): SourceOfKind {
  const { accesses } = portal;
  const limit = { source: 'CODY_GATEWAY_RATE_LIMIT_SOURCE_PLAN', limit: '50', intervalDuration: '86400s' };
  const nameOf = (account: number): string => `es_${uuid(account)}`;
  const remove = (account: number): void => {
    const at = accesses.findIndex(({ subscriptionId }) => subscriptionId === nameOf(account));
    if (at !== -1) accesses.splice(at, 1);
  };
  return {
    kind: 'portal',
    variables: {
      CODY_GATEWAY_ENTERPRISE_PORTAL_URL: portal.url,
      SAMS_URL: portal.url,
      SAMS_CLIENT_ID: portal.clientId,
      SAMS_CLIENT_SECRET: portal.clientSecret,
    },
    token: (n) => `slk_${hex(n)}`,
    idOf: uuid,
    state: (account, tokens) => {
      remove(account);
      const access: PortalAccess = {
        subscriptionId: nameOf(account),
        subscriptionDisplayName: `account ${account}`,
        enabled: true,
        chatCompletionsRateLimit: limit,
        accessTokens: tokens.map((token) => ({ token })),
      };
      accesses.push(access);
    },
    remove,
    archive: remove,
    listLacks: (accounts) => {
      const lacking = new Set(accounts.map(nameOf));
      const listed = accesses.filter(({ subscriptionId }) => !lacking.has(subscriptionId));
      if (lacking.size > 0) portal.answerNext('ListCodyGatewayAccesses', 200, JSON.stringify({ accesses: listed }));
    },
    credentialsDie: () => portal.expireTokens(),
    credentialsLive: () => undefined,
    asked: () => portal.called.filter((method) => method === 'GetCodyGatewayAccess').length,
    clear: () => void accesses.splice(0),
  };
}

function overGraphql(sourcegraph: LocalSourcegraph): SourceOfKind {
  const { subscriptions } = sourcegraph;
  return {
    ...ofSourcegraph(sourcegraph, 'CheckAccessToken'),
    kind: 'graphql',
    token: (n) => `slk_${hex(n)}`,
    idOf: uuid,
    state: (account, tokens) => {
      const subscription: SourcegraphSubscription = {
        uuid: uuid(account),
        username: `account ${account}`,
        isArchived: false,
        access: sourcegraphAccess(),
        tags: [],
        tokens,
      };
      subscriptions.delete(uuid(account));
      subscriptions.set(uuid(account), subscription);
    },
    remove: (account) => void subscriptions.delete(uuid(account)),
    archive: (account) => {
      const found = subscriptions.get(uuid(account));
      if (found !== undefined) subscriptions.set(uuid(account), { ...found, isArchived: true });
    },
    listLacks: (accounts) => {
      sourcegraph.unlisted.clear();
      for (const account of accounts) sourcegraph.unlisted.add(uuid(account));
    },
    clear: () => {
      subscriptions.clear();
      sourcegraph.unlisted.clear();
    },
  };
}

function ofUsers(sourcegraph: LocalSourcegraph): SourceOfKind {
  const { users } = sourcegraph;
  const remove = (account: number): void => {
    for (const [token, { id }] of users) if (id === relayId(account)) users.delete(token);
  };
  return {
    ...ofSourcegraph(sourcegraph, 'CheckDotcomUserAccessToken'),
    kind: 'users',
    token: (n) => `sgd_${hex(n)}`,
    idOf: String,
    state: (account, tokens) => {
      remove(account);
      for (const token of tokens)
        users.set(token, { id: relayId(account), username: `user-${account}`, access: sourcegraphAccess() });
    },
    remove,
    archive: remove,
    listLacks: () => undefined,
    clear: () => users.clear(),
  };
}

function ofSourcegraph(
  sourcegraph: LocalSourcegraph,
  question: 'CheckAccessToken' | 'CheckDotcomUserAccessToken',
): Pick<SourceOfKind, 'variables' | 'credentialsDie' | 'credentialsLive' | 'asked'> {
  return {
    variables: {
      CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
      CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
    },
    credentialsDie: () => void (sourcegraph.outage = 401),
    credentialsLive: () => void (sourcegraph.outage = null),
    asked: () => sourcegraph.asked.filter(({ operation }) => operation === question).length,
  };
}
