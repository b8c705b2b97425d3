// The function `attribution`: where a piece of code can be found in public, as known to Sourcegraph.com with the
// gateway's own account.

import { parseJson, Refusal } from '@cody-gateway/shared/http';
import {
  charged,
  defineFunction,
  identify,
  type CallEvent,
  type Context,
  type Ended,
  type Exchange,
} from '@cody-gateway/shared/serve';
import { searchAttribution, type Attribution, type SearchSettings } from './search.ts';

/** Far more than any piece of code that a model wrote. */
const bodyBytesMax = 256 * 1024;
/** The most repositories that an answer names. */
const repositoriesMax = 4;
/** What a search costs of the feature's quota. */
const units = 1;

const event: CallEvent<Attribution> = {
  name: 'AttributionFinished',
  model: null,
  metadata: {},
  ended: () => ({ metadata: {}, tokens: null }),
};

async function attribute(exchange: Exchange, search: SearchSettings | null): Promise<void> {
  const { context, received } = exchange;
  // Also for subscriptions whose access is off: those with models of their own still ask where code comes from.
  const actor = await identify(exchange, true);
  const permit = context.auth.permitAttribution(actor);
  if (search === null) throw new Refusal('not-enabled', 'attribution search not enabled');
  const { snippet, first } = readRequest(parseJson(await received.readBody(bodyBytesMax)));
  const call = { permit, units, claim: null, event, catalogue: null, span: null, bound: null };
  await charged(exchange, call, () => searchFor(exchange, search, snippet, first));
}

async function searchFor(
  { received, scope, json }: Exchange,
  search: SearchSettings,
  snippet: string,
  first: number,
): Promise<Ended<Attribution>> {
  try {
    const found = await scope.span('search', () => searchAttribution(search, snippet, first, received.callerLeft));
    return {
      upstreamStatus: 200,
      resolvedStatus: 200,
      used: found,
      answerBytes: Buffer.byteLength(`${JSON.stringify(replyOf(found))}\n`),
      reply: () => {
        scope.annotate({ repositories: found.repositories.length });
        json(200, replyOf(found));
      },
    };
  } catch (error) {
    if (received.callerLeft.aborted) throw error;
    const cause = error instanceof Error ? error.message : 'unknown';
    throw new Refusal('upstream-unreachable', `fetching SnippetAttribution from sourcegraph.com: ${cause}`, {
      cause: error,
    });
  }
}

/** @throws Refusal `bad-request`, never quoting the snippet */
function readRequest(body: unknown): { snippet: string; first: number } {
  const { snippet, limit = 0 } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof snippet !== 'string')
    throw new Refusal('bad-request', 'failed to parse request body: "snippet" must be a string');
  if (!Number.isSafeInteger(limit))
    throw new Refusal('bad-request', 'failed to parse request body: "limit" must be a whole number');
  const asked = limit as number;
  // Sourcegraph's own gateway lets a negative one through.
  return { snippet, first: asked < 1 || asked > repositoriesMax ? repositoriesMax : asked };
}

/** `Repositories` has a capital R and is null for none; zero and false are left out, as instances expect. */
function replyOf({ repositories, totalCount, limitHit }: Attribution): object {
  return {
    Repositories: repositories.length === 0 ? null : repositories.map((name) => ({ name })),
    ...(totalCount !== 0 && { totalCount }),
    ...(limitHit && { limitHit }),
  };
}

function settingsOf({ config }: Context): SearchSettings | null {
  const { attributionEnabled, dotcomAccessToken: token, dotcomApiUrl: url } = config;
  return attributionEnabled && token !== null ? { url, token } : null;
}

export const handler = await defineFunction('attribution', (context) => {
  const search = settingsOf(context);
  return [
    { method: 'POST', path: '/v1/attribution', dialect: 'cody', handle: (exchange) => attribute(exchange, search) },
  ];
});
