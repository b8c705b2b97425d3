// The function `code-completions`: the paths of chat for the other feature, and OpenAI's text completions (prompt and
// suffix).

import {
  codyRoutes,
  completionRoute,
  defineFunction,
  surfaces,
  type CompletionRoute,
} from '@cody-gateway/shared/serve';
import { createUpstream } from '@cody-gateway/shared/upstream';

const feature = 'code_completions';
const paths: readonly CompletionRoute[] = [
  ...codyRoutes(feature),
  { path: '/v1/completions', surface: surfaces.text, dialect: 'openai', feature, units: 1 },
];

export const handler = await defineFunction('code-completions', () => paths.map(completionRoute), {
  upstream: createUpstream,
});
