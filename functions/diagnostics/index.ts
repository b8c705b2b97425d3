// The function `diagnostics`: what every function answers about itself, at the deployment's one hostname; the sync by
// an operator's hand; flagged prompts for those who may read them; the OpenAPI documents; and the answer to unknown
// paths.

import { answer, Refusal } from '@cody-gateway/shared/http';
import { defineFunction, type Route } from '@cody-gateway/shared/serve';
import { flaggedRequestRoutes } from './flagged-requests.ts';
import { syncRoutes } from './sync-all-sources.ts';

/** Read when somebody asks: most instances never need them. */
const openApi: Route = {
  method: 'GET',
  path: '/-/openapi/{name}',
  dialect: 'cody',
  handle: async ({ received, named }) => {
    const { documents } = await import('./openapi.ts');
    const name = named['name'] ?? '';
    if (!Object.hasOwn(documents, name))
      throw new Refusal(
        'not-found',
        `there is no document ${JSON.stringify(name.slice(0, 100))}: there are ${Object.keys(documents).join(', ')}`,
      );
    answer(received, 200, { 'content-type': 'application/json' }, documents[name] ?? '');
  },
};

export const handler = await defineFunction(
  'diagnostics',
  (context) => [...syncRoutes(context), ...flaggedRequestRoutes(context), openApi],
  {
    port: 'at once',
  },
);
