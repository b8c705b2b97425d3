// The function `chat-completions`: its paths, and nothing that another function does too.

import { codyRoutes, completionRoute, defineFunction, type CompletionRoute } from '@cody-gateway/shared/serve';
import { listModels } from './models.ts';

const feature = 'chat_completions';
const paths: readonly CompletionRoute[] = [
  ...codyRoutes(feature),
  { path: '/v1/messages', shape: 'anthropic-messages', dialect: 'anthropic', feature, units: 1 },
  { path: '/v1/chat/completions', shape: 'openai-chat', dialect: 'openai', feature, units: 1 },
];

export const handler = await defineFunction('chat-completions', (context) => [
  // A provider without a key is not routed.
  ...paths.filter(({ shape }) => context.upstream.shapes.has(shape)).map(completionRoute),
  listModels,
]);
