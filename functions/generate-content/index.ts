// The function `generate-content`: Gemini's own dialect, as Google's SDKs speak it: all of `/v1beta/*`, and the verbs
// below `/v1/models/`, where the newest SDKs look for them. (`GET /v1/models` has all dialects: chat-completions.)

import { Refusal } from '@cody-gateway/shared/http';
import {
  completionRoute,
  defineFunction,
  embeddings,
  geminiVerbs,
  listGeminiModels,
  showGeminiModel,
  surfaces,
  tokenCounts,
  type Asked,
  type CompletionRoute,
  type Exchange,
  type GeminiVerb,
  type Route,
} from '@cody-gateway/shared/serve';
import { createUpstream } from '@cody-gateway/shared/upstream';

const dialect = 'google';

/** The model in the path: SDKs write `models/` in front. */
function modelOf({ named }: Exchange): string {
  return (named['model'] ?? '').replace(/^models\//, '');
}

/** `$alt` is the same by Google's own documents. */
function wantsEvents({ received }: Exchange): boolean {
  const query = new URLSearchParams(received.query);
  return (query.get('alt') ?? query.get('$alt')) === 'sse';
}

const whole = (exchange: Exchange): Asked => ({ members: { model: modelOf(exchange), stream: false } });
/** A stream without `alt=sse` is one JSON array and not a series of events; only a method of its own asks for that. */
const streamed = (exchange: Exchange): Asked => ({
  members: { model: modelOf(exchange), stream: true },
  ...(!wantsEvents(exchange) && { verb: 'streamGenerateContent' }),
});
const called =
  (verb: GeminiVerb) =>
  (exchange: Exchange): Asked => ({ ...whole(exchange), verb });

const completions = { surface: surfaces.gemini, dialect, feature: 'chat_completions', units: 1 } as const;
const vectors = {
  surface: surfaces.geminiEmbeddings,
  dialect,
  feature: 'embeddings',
  units: 1,
  charge: embeddings,
} as const;
const verbs: Readonly<Record<GeminiVerb, Omit<CompletionRoute, 'path'>>> = {
  generateContent: { ...completions, asked: whole },
  streamGenerateContent: { ...completions, asked: streamed },
  countTokens: { ...completions, asked: called('countTokens'), charge: tokenCounts },
  embedContent: { ...vectors, asked: called('embedContent') },
  batchEmbedContents: { ...vectors, asked: called('batchEmbedContents') },
};
const verbRoutes = ['/v1beta/{+model}', '/v1/models/{+model}'].flatMap((below) =>
  geminiVerbs.map((verb) => completionRoute({ ...verbs[verb], path: `${below}:${verb}` })),
);

const models: readonly Route[] = [
  { method: 'GET', path: '/v1beta/models', dialect, handle: listGeminiModels },
  {
    method: 'GET',
    path: '/v1beta/models/{+model}',
    dialect,
    handle: (exchange) => showGeminiModel(exchange, exchange.named['model'] ?? ''),
  },
];

/** Files, cached contents and batches would be kept under the gateway's key, where every caller could read them. */
const others: Route = {
  method: '*',
  path: '/v1beta/{+rest}',
  dialect,
  handle: ({ received }) => {
    throw new Refusal(
      'not-found',
      `${received.method} ${received.path.slice(0, 200)} is not served by this gateway, which serves models, models/{model} and models/{model}:` +
        'generateContent, streamGenerateContent, countTokens, embedContent, batchEmbedContents, and keeps no files, caches or batches',
    );
  },
};

export const handler = await defineFunction(
  'generate-content',
  () => [
    ...verbRoutes,
    ...models,
    // What else may be asked of a model is none of these.
    { ...others, path: '/v1beta/models/{+model}' },
    others,
    { ...others, method: 'POST', path: '/v1/models/{+rest}' },
  ],
  { upstream: createUpstream },
);
