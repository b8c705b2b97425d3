// The function `chat-completions`: its paths, and nothing that another function does too.

import { completionRoute, defineFunction, type CompletionRoute } from '@cody-gateway/shared/serve';
import { listModels } from './models.ts';

const feature = 'chat_completions';
const paths: readonly CompletionRoute[] = [
  { path: '/v1/completions/anthropic-messages', shape: 'anthropic-messages', dialect: 'cody', feature },
  { path: '/v1/completions/openai', shape: 'openai-chat', dialect: 'cody', feature },
  { path: '/v1/messages', shape: 'anthropic-messages', dialect: 'anthropic', feature },
  { path: '/v1/chat/completions', shape: 'openai-chat', dialect: 'openai', feature },
];

export const handler = defineFunction('chat-completions', (context) => [
  // A provider without a key is not routed.
  ...paths.filter(({ shape }) => context.upstream.shapes.has(shape)).map(completionRoute),
  listModels,
]);
