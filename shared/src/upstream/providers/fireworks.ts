// Fireworks: OpenAI's API with names and members of its own, beside what all providers of that API have in common
// (openai-compatible.ts).

import { randomInt } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { defaultModels } from '../catalogue.ts';
import type { Provider } from '../provider.ts';
import { covers, resolveModel } from './fireworks-models.ts';
import { createOpenAiClient } from './openai-client.ts';
import { openAiCompatible } from './openai-compatible.ts';

/** The provider, or null without a key. @param draw 0 to 99, evenly */
export function fireworks(config: Config, draw: () => number = () => randomInt(100)): Provider | null {
  const apiKey = config.fireworksAccessToken;
  if (apiKey === null) return null;
  const deployment = {
    enterprisePercent: config.starcoderEnterprisePercent,
    communityPercent: config.starcoderCommunityPercent,
    draw,
  };
  return openAiCompatible({
    name: 'fireworks',
    shape: 'fireworks',
    models: config.fireworksAllowedModels ?? defaultModels('fireworks'),
    covers,
    client: () => createOpenAiClient(apiKey, `${config.fireworksBaseUrl}/inference/v1`, null),
    api: 'fireworks',
    adapt: (members) => {
      // Direct clients send -1 for "not set"; zeros are values.
      for (const member of ['top_k', 'top_p'])
        if (typeof members[member] === 'number' && members[member] < 0) delete members[member];
      // The last chunk of a stream carries the usage unasked: nothing is added, nothing hidden.
      return false;
    },
    resolve: (model, { languageId }) =>
      resolveModel(model, typeof languageId === 'string' ? languageId : '', deployment),
    // Tracing for the provider's own staff, by their word alone.
    headers: ({ headers }) => (headers['x-fireworks-genie'] === 'true' ? { 'x-fireworks-genie': 'true' } : {}),
  });
}
