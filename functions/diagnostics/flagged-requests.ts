// `/maintenance/flagged-requests`: which flagged prompts stand in Redis, and one of them, for those who may read them;
// each reading is on record. Texts are the original gateway's.

import { createHash } from 'node:crypto';
import { audited } from '@cody-gateway/shared/documents';
import { answer } from '@cody-gateway/shared/http';
import {
  listFlaggedPrompts,
  readFlaggedPrompt,
  type Context,
  type Exchange,
  type Route,
} from '@cody-gateway/shared/serve';
import { hasScope } from './bearer-scope.ts';
import { createIntrospection, type Introspect } from './token-introspection.ts';

const path = '/maintenance/flagged-requests';
const scope = 'cody_gateway::flaggedprompts::read';
const keyCharactersMax = 1_024;

/** There are none without an authorization server to ask. */
export function flaggedRequestRoutes({ config, store, documents }: Context): Route[] {
  const { introspectionUrl: url, introspectionMethod: method, accountsUrl } = config;
  const { samsClientId: clientId, samsClientSecret: clientSecret } = config;
  if (url === null || clientId === null || clientSecret === null) return [];
  const userAgent = `Cody-Gateway/${config.environment} ${config.version}`;
  const introspect = createIntrospection({
    url,
    method,
    accountsUrl,
    clientId,
    clientSecret,
    userAgent,
    now: Date.now,
  });
  const guarded = (work: (exchange: Exchange) => Promise<void>): Route['handle'] => {
    return async (exchange) => {
      if (await mayRead(exchange, introspect)) await work(exchange);
    };
  };
  return [
    {
      method: 'GET',
      path,
      dialect: 'cody',
      handle: guarded(async (exchange) => {
        const { prompts, complete } = await listFlaggedPrompts(store);
        exchange.json(200, { prompts: prompts.length === 0 ? null : prompts, ...(!complete && { complete }) });
      }),
    },
    {
      method: 'GET',
      path: `${path}/*`,
      dialect: 'cody',
      handle: guarded(async (exchange) => {
        const key = keyOf(exchange.received.path);
        if (key === null) return say(exchange, 400, 'Invalid prompt key\n');
        const reader = { who: readerOf(exchange), why: `GET ${path}` };
        const about = { what: 'flagged-requests read', subject: null, change: key };
        // The record of the reading is written first: without it nothing is shown.
        const text = await audited(documents, reader, about, async (tell) => {
          const found = await readFlaggedPrompt(store, key);
          if (found === null) tell(null);
          return found;
        });
        return text === null ? say(exchange, 404, 'Prompt not found\n') : say(exchange, 200, text);
      }),
    },
  ].map((route) => ({ ...route, handle: withoutStore(route.handle) }) as Route);
}

/** Answers for those who may not. */
async function mayRead(exchange: Exchange, introspect: Introspect): Promise<boolean> {
  try {
    switch (await hasScope(exchange.received, scope, introspect)) {
      case 'granted':
        return true;
      case 'unauthorized':
        say(exchange, 401, 'Unauthorized\n');
        return false;
      case 'inactive':
        say(exchange, 401, 'Unauthorized: Inactive token\n');
        return false;
      case 'missing-scope':
        say(exchange, 403, 'Forbidden: Missing required scope\n');
        return false;
    }
  } catch (error) {
    exchange.scope.log(
      'ERROR',
      'a reader’s token could not be checked with the accounts server, and got a 500: see CODY_GATEWAY_TOKEN_INTROSPECTION_URL and the error',
      {},
      error,
    );
    say(exchange, 500, 'Internal Server Error\n');
    return false;
  }
}

/** By the token that was accepted, without telling it: the authorization server's own log says whose it was. */
function readerOf({ received }: Exchange): string {
  const token = /^bearer +([^\s]+)$/i.exec(received.headers.authorization ?? '')?.[1] ?? '';
  return `access token with SHA-256 ${createHash('sha256').update(token).digest('hex')}`;
}

/** Answers in the original gateway's words when Redis or the directory does not answer. */
function withoutStore(handle: Route['handle']): Route['handle'] {
  return async (exchange) => {
    try {
      await handle(exchange);
    } catch (error) {
      exchange.scope.log('ERROR', 'flagged prompts could not be read from Redis; their reader got a 500', {}, error);
      say(exchange, 500, 'Internal server error\n');
    }
  };
}

function say({ received }: Exchange, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  answer(received, status, { ...headers, ...(status >= 500 && { 'retry-after': '5' }) }, text);
}

/** The last part of the path, unescaped; null where it can't be the key of a prompt. */
function keyOf(requested: string): string | null {
  try {
    const key = decodeURIComponent(requested.slice(path.length + 1));
    return key.startsWith('prompt:') && key.length <= keyCharactersMax ? key : null;
  } catch {
    return null;
  }
}
