// OpenAI's chat and text completions: what is its own beside what all providers of its API have in common
// (openai-compatible.ts).

import type { Config } from '../../config/config.ts';
import type { JsonObject } from '../call.ts';
import { defaultModels } from '../catalogue.ts';
import type { Provider } from '../provider.ts';
import { isObject } from '../request-body.ts';
import { createOpenAiClient } from './openai-client.ts';
import { openAiCompatible } from './openai-compatible.ts';

/** The provider, or null without a key. */
export function openai(config: Config): Provider | null {
  const apiKey = config.openaiAccessToken;
  if (apiKey === null) return null;
  return openAiCompatible({
    name: 'openai',
    shape: 'openai',
    models: config.openaiAllowedModels ?? defaultModels('openai'),
    covers: {},
    client: () => createOpenAiClient(apiKey, `${config.openaiBaseUrl}/v1`, config.openaiOrgId),
    api: 'openai',
    adapt: (members, { actorId, actorUid }, stream) => {
      members['user'] = `${actorId}:${actorUid ?? ''}`;
      return stream && askForUsage(members);
    },
    resolve: (model) => model,
    headers: () => ({}),
  });
}

/** Asks for the usage of a stream. @returns true when the caller had not asked for it itself */
function askForUsage(members: JsonObject): boolean {
  const options = isObject(members['stream_options']) ? members['stream_options'] : {};
  if (options['include_usage'] === true) return false;
  members['stream_options'] = { ...options, include_usage: true };
  return true;
}
