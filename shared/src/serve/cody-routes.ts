// The completion paths of instances and Cody clients: the same for both features, which a header tells apart.

import type { Feature } from '../auth/auth.ts';
import type { Shape } from '../upstream/upstream.ts';
import type { CompletionRoute } from './completion.ts';

const shapes: Readonly<Record<string, Shape>> = {
  anthropic: 'anthropic-text',
  'anthropic-messages': 'anthropic-messages',
  openai: 'openai',
  fireworks: 'fireworks',
  google: 'google',
};

/** All of them, as a function serves them for one feature. */
export function codyRoutes(feature: Feature): CompletionRoute[] {
  return Object.entries(shapes).map(([name, shape]) => ({
    path: `/v1/completions/${name}`,
    shape,
    dialect: 'cody',
    feature,
    units: 1,
  }));
}
