// Fireworks: OpenAI's dialect with names and members of its own. What we change in a request and how it is sent. Spec completions §2.7, clients §3.5.

import { randomInt } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { Call, CallerFacts, JsonObject, Shape } from '../call.ts';
import { defaultModels } from '../catalogue.ts';
import { createOpenAiMeter } from '../openai-meter.ts';
import { guard } from '../guard.ts';
import type { Provider } from '../provider.ts';
import {
  bodyText,
  charactersOf,
  integerOf,
  isTextRequest,
  messagesOf,
  modelOf,
  promptTextsOf,
  streamOf,
  textsOf,
  withModel,
} from '../request-body.ts';
import { sdkDestinations } from '../sdk-request.ts';
import { createOpenAiClient } from './openai-client.ts';
import { covers, resolveModel, type Deployment } from './fireworks-models.ts';

/** The provider, or null without a key. @param draw 0 to 99, evenly */
export function fireworks(config: Config, draw: () => number = () => randomInt(100)): Provider | null {
  const apiKey = config.fireworksAccessToken;
  if (apiKey === null) return null;
  const deployment = {
    enterprisePercent: config.starcoderEnterprisePercent,
    communityPercent: config.starcoderCommunityPercent,
    draw,
  };
  return {
    name: 'fireworks',
    shapes: ['fireworks', 'openai-chat', 'openai-text'],
    models: config.fireworksAllowedModels ?? defaultModels('fireworks'),
    covers,
    retryAfterSeconds: 30,
    read: (body, caller, shape) => readRequest(body, caller, shape, deployment),
    destination: sdkDestinations(() => createOpenAiClient(apiKey, `${config.fireworksBaseUrl}/inference/v1`, null)),
    body: (call, model) => withModel(call.body, model),
    // The last chunk of a stream carries the usage unasked: nothing is added, nothing hidden.
    meter: () => createOpenAiMeter(false),
  };
}

/** The feature says which API is meant; auto-edit sends messages for code too (spec clients §3.5). */
function readRequest(body: JsonObject, caller: CallerFacts, shape: Shape, deployment: Deployment): Call {
  const stream = streamOf(body);
  const asksText = isTextRequest(body, shape);
  const texts = asksText
    ? promptTextsOf(body)
    : messagesOf(body, 'request body must contain "messages" field').flatMap(({ content }) => textsOf(content));
  integerOf(body, 'max_tokens');
  const members = guard(body, 'fireworks');
  // Direct clients send -1 for "not set" (spec clients §3.1); zeros are values.
  for (const member of ['top_k', 'top_p'])
    if (typeof members[member] === 'number' && members[member] < 0) delete members[member];
  const language = typeof body['languageId'] === 'string' ? body['languageId'] : '';
  const asked = modelOf(body);
  const bare = caller.dialect === 'openai' ? asked.replace(/^fireworks\//, '') : asked;
  return {
    provider: 'fireworks',
    shape,
    path: asksText ? '/completions' : '/chat/completions',
    model: resolveModel(bare, language, deployment),
    stream,
    eventExtras: { stream },
    promptCharacters: charactersOf(texts),
    body: bodyText(members),
    headers: {
      'content-type': 'application/json',
      // Tracing for the provider's own staff, by their word alone.
      ...(caller.headers['x-fireworks-genie'] === 'true' && { 'x-fireworks-genie': 'true' }),
    },
    hidesUsage: false,
  };
}
