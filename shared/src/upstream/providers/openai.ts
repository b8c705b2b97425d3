// OpenAI's chat and text completions: what we change in a request and how it is sent. Its usage is read by openai-meter.ts. Spec completions §2.6.

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
  isObject,
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

/** The provider, or null without a key. */
export function openai(config: Config): Provider | null {
  const apiKey = config.openaiAccessToken;
  if (apiKey === null) return null;
  return {
    name: 'openai',
    shapes: ['openai', 'openai-chat', 'openai-text'],
    models: config.openaiAllowedModels ?? defaultModels('openai'),
    covers: {},
    retryAfterSeconds: 30,
    read: readRequest,
    destination: sdkDestinations(() => createOpenAiClient(apiKey, `${config.openaiBaseUrl}/v1`, config.openaiOrgId)),
    body: (call, model) => withModel(call.body, model),
    meter: (call) => createOpenAiMeter(call.hidesUsage),
  };
}

/** Instances send code completions under the same path as chats, some with a prompt, some with messages (spec clients §3.1, design D16). */
function readRequest(body: JsonObject, caller: CallerFacts, shape: Shape): Call {
  const stream = streamOf(body);
  const asksText = isTextRequest(body, shape);
  const texts = asksText
    ? promptTextsOf(body)
    : messagesOf(body, 'request body must contain "messages" field').flatMap(({ content }) => textsOf(content));
  integerOf(body, 'max_tokens');
  const members = guard(body, 'openai');
  members['user'] = `${caller.actorId}:${caller.actorUid ?? ''}`;
  const hidesUsage = stream && askForUsage(members);
  const model = modelOf(body);
  return {
    provider: 'openai',
    shape,
    path: asksText ? '/completions' : '/chat/completions',
    // The reference refuses a prefix on its own routes (spec completions §2.1); SDK users may write either.
    model: caller.dialect === 'openai' ? model.replace(/^openai\//, '') : model,
    stream,
    eventExtras: { stream },
    promptCharacters: charactersOf(texts),
    body: bodyText(members),
    // The SDKs send a text as it is when its type is named.
    headers: { 'content-type': 'application/json' },
    hidesUsage,
  };
}

/** Asks for the usage of a stream (design D8). @returns true when the caller had not asked for it itself */
function askForUsage(members: JsonObject): boolean {
  const options = isObject(members['stream_options']) ? members['stream_options'] : {};
  if (options['include_usage'] === true) return false;
  members['stream_options'] = { ...options, include_usage: true };
  return true;
}
