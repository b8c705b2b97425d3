// Embeddings in OpenAI's dialect and in KServe's: many texts as one call, whose answer is read whole (embedding/). What
// callers ask is another shape (functions/embeddings).

import type { ApiDialect } from '../api-dialect.ts';
import { bodyOf, withModel } from '../outgoing-body.ts';
import { withoutMembers } from '../request-body.ts';
import { createOpenAiMeter } from './openai-meter.ts';

export const openAiEmbeddings: ApiDialect = {
  api: 'openai',
  sdk: 'openai',
  read: (body, { provider, caller }) => ({
    stream: false,
    eventExtras: {},
    // Tokens of embeddings are reserved and charged by the function that asks.
    promptCharacters: 0,
    ...bodyOf(withoutMembers(body, ...provider.drops), 'openai', caller.bodyBytes),
    headers: { 'content-type': 'application/json' },
    hidesUsage: false,
  }),
  // The SDK sets the key's header.
  keyHeaders: () => ({}),
  body: (reading, model) => withModel(reading, model),
  meter: () => createOpenAiMeter(false, false),
};

export const kserveEmbeddings: ApiDialect = {
  ...openAiEmbeddings,
  sdk: null,
  keyHeaders: (_reading, key) => ({ 'sourcegraph-smega-inference-auth': key }),
  // The model stands in the address.
  body: ({ body }) => [body],
};
