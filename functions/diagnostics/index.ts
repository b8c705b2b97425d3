// The function `diagnostics`: what every function answers about itself, at the deployment's one hostname; the sync by
// an operator's hand; flagged prompts for those who may read them; and the answer to unknown paths.

import { defineFunction } from '@cody-gateway/shared/serve';
import { flaggedRequestRoutes } from './flagged-requests.ts';
import { syncRoutes } from './sync-all-sources.ts';

export const handler = await defineFunction(
  'diagnostics',
  (context) => [...syncRoutes(context), ...flaggedRequestRoutes(context)],
  {
    port: 'at once',
  },
);
