// The function `chat-completions`: its paths alone. What they do is shared with the other functions.

import {
  codyRoutes,
  completionRoute,
  defineFunction,
  surfaces,
  tokenCounts,
  type CompletionRoute,
} from '@cody-gateway/shared/serve';
import { createUpstream } from '@cody-gateway/shared/upstream';
import { findModel, listModels } from './models.ts';

const feature = 'chat_completions';
const paths: readonly CompletionRoute[] = [
  ...codyRoutes(feature),
  { path: '/v1/messages', surface: surfaces.messages, dialect: 'anthropic', feature, units: 1 },
  {
    path: '/v1/messages/count_tokens',
    surface: surfaces.countTokens,
    dialect: 'anthropic',
    feature,
    units: 0,
    charge: tokenCounts,
  },
  { path: '/v1/chat/completions', surface: surfaces.chat, dialect: 'openai', feature, units: 1 },
];

export const handler = await defineFunction(
  'chat-completions',
  () => [...paths.map(completionRoute), listModels, findModel],
  { upstream: createUpstream },
);
