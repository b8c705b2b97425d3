// Anthropic's text completions, which instances of 2023 call: what we change in a request, how it is sent, how its answers read. Spec completions §2.4.

import type { Config } from '../../config/config.ts';
import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject } from '../answer-json.ts';
import type { Call, CallerFacts, JsonObject, Meter, Usage } from '../call.ts';
import { defaultModels } from '../catalogue.ts';
import { guard } from '../guard.ts';
import type { Provider } from '../provider.ts';
import {
  bodyText,
  charactersOf,
  codePoints,
  integerOf,
  isObject,
  modelOf,
  promptTextsOf,
  streamOf,
  withModel,
} from '../request-body.ts';
import { sdkDestinations } from '../sdk-request.ts';
import { nothingTold } from '../usage/report.ts';
import { createAnthropicClient } from './anthropic-client.ts';

/** The API, or null without a key. */
export function anthropicText(config: Config): Provider | null {
  const apiKey = config.anthropicAccessToken;
  if (apiKey === null) return null;
  return {
    name: 'anthropic',
    shapes: ['anthropic-text'],
    models: config.anthropicAllowedModels ?? defaultModels('anthropic'),
    covers: {},
    retryAfterSeconds: 2,
    read: (body, caller) => readPrompt(body, caller, config.anthropicMaxTokensToSample, apiKey),
    destination: sdkDestinations(() => createAnthropicClient(apiKey, config.anthropicBaseUrl)),
    body: (call, model) => withModel(call.body, model),
    meter: () => createMeter(),
  };
}

function readPrompt(body: JsonObject, caller: CallerFacts, maxTokensCap: number, apiKey: string): Call {
  const stream = streamOf(body);
  const texts = promptTextsOf(body);
  const maxTokens = integerOf(body, 'max_tokens_to_sample');
  const members = guard(body, 'anthropic', maxTokensCap);
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  members['metadata'] = { ...metadata, user_id: `${caller.actorId}:${caller.actorUid ?? ''}` };
  return {
    provider: 'anthropic',
    shape: 'anthropic-text',
    path: '/v1/complete',
    model: modelOf(body),
    stream,
    eventExtras: { stream, max_tokens_to_sample: maxTokens ?? 0 },
    promptCharacters: charactersOf(texts),
    body: bodyText(members),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'cache-control': 'no-cache',
      client: 'sourcegraph-cody-gateway/1.0',
      // The version whose streams say the whole text again with each event, as those instances read them.
      'anthropic-version': '2023-01-01',
      'x-api-key': apiKey,
      authorization: null,
    },
    hidesUsage: false,
  };
}

/** Each event of a stream holds the whole text so far; a stop reason ends it. No answer tells its tokens. */
function createMeter(): Meter {
  let text: string | null = null;
  let finished = false;
  let failed = false;
  const body = createJsonBody();
  const read = (answer: JsonObject): void => {
    if (typeof answer['completion'] === 'string') text = answer['completion'];
    if (typeof answer['stop_reason'] === 'string') finished = true;
    if (isObject(answer['error'])) failed = true;
  };
  return {
    event: ({ data }: SseEvent) => {
      if (data?.trim() === '[DONE]') finished = true;
      const answer = jsonObject(data);
      if (answer !== null) read(answer);
      return true;
    },
    body: (chunk) => body.take(chunk),
    finished: () => finished,
    failed: () => failed || isObject(body.value()?.['error']),
    usage: () => {
      const whole = body.value();
      if (whole !== null) read(whole);
      return usageOf(text === null ? null : codePoints(text));
    },
    // No answer reports anything: what was counted is all (upstream.ts).
    report: () => nothingTold,
    written: () => Buffer.byteLength(text ?? ''),
    untold: () => text ?? '',
  };
}

function usageOf(completionCharacters: number | null): Usage {
  return {
    inputTokens: null,
    outputTokens: null,
    cacheReadTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    completionCharacters,
  };
}
