// The function `generate-content`: Gemini's own dialect, as Google's SDKs speak it: all of `/v1beta/*`.

import { Refusal } from '@cody-gateway/shared/http';
import {
  completionRoute,
  defineFunction,
  embeddings,
  surfaces,
  tokenCounts,
  type Asked,
  type CompletionRoute,
  type Exchange,
  type Route,
} from '@cody-gateway/shared/serve';
import { listModels, showModel } from './models.ts';

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
/** By a word of its own a stream is no series of events but one array. */
const streamed = (exchange: Exchange): Asked => ({
  members: { model: modelOf(exchange), stream: true },
  ...(!wantsEvents(exchange) && { verb: 'streamGenerateContent' }),
});
const called =
  (verb: string) =>
  (exchange: Exchange): Asked => ({ ...whole(exchange), verb });

const completions = { surface: surfaces.gemini, dialect, feature: 'chat_completions', units: 1 } as const;
const vectors = {
  surface: surfaces.geminiEmbeddings,
  dialect,
  feature: 'embeddings',
  units: 1,
  charge: embeddings,
} as const;
const paths: readonly CompletionRoute[] = [
  { ...completions, path: '/v1beta/{+model}:generateContent', asked: whole },
  { ...completions, path: '/v1beta/{+model}:streamGenerateContent', asked: streamed },
  { ...completions, path: '/v1beta/{+model}:countTokens', asked: called('countTokens'), charge: tokenCounts },
  { ...vectors, path: '/v1beta/{+model}:embedContent', asked: called('embedContent') },
  { ...vectors, path: '/v1beta/{+model}:batchEmbedContents', asked: called('batchEmbedContents') },
];

/** Files, cached contents and batches would be kept under the gateway's key, where they would be everybody's. */
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

export const handler = await defineFunction('generate-content', () => [
  ...paths.map(completionRoute),
  listModels,
  showModel,
  // What else may be asked of a model is none of these.
  { ...others, path: showModel.path },
  others,
]);
