// The function `code-completions`: the paths of chat for the other feature, and OpenAI's text completions (prompt and suffix).

import { codyRoutes, completionRoute, defineFunction, type CompletionRoute } from '@cody-gateway/shared/serve';

const feature = 'code_completions';
const paths: readonly CompletionRoute[] = [
  ...codyRoutes(feature),
  { path: '/v1/completions', shape: 'openai-text', dialect: 'openai', feature, units: 1 },
];

export const handler = await defineFunction('code-completions', (context) =>
  // A provider without a key is not routed.
  paths.filter(({ shape }) => context.upstream.shapes.has(shape)).map(completionRoute),
);
