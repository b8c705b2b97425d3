// Anthropic's Messages API: what we change in a request, how it is sent, how its answers tell their usage. Spec completions §2.5.

import Anthropic from '@anthropic-ai/sdk';
import type { Config } from '../../config/config.ts';
import { Refusal, type SseEvent } from '../../http/http.ts';
import type { Call, CallerFacts, JsonObject, Meter, Usage } from '../call.ts';
import { createJsonBody } from '../json-body.ts';
import type { Provider } from '../provider.ts';
import {
  codePoints,
  integerOf,
  isObject,
  messagesOf,
  modelOf,
  streamOf,
  textsOf,
  withoutMembers,
  type Message,
} from '../request-body.ts';
import { rawFetch } from '../transport.ts';

/** The provider, or null without a key. */
export function anthropic(config: Config): Provider | null {
  const apiKey = config.anthropicAccessToken;
  if (apiKey === null) return null;
  const client = new Anthropic({
    apiKey,
    authToken: null,
    baseURL: config.anthropicBaseUrl,
    maxRetries: 0,
    fetch: rawFetch,
    logLevel: 'off',
  });
  return {
    name: 'anthropic',
    shapes: ['anthropic-messages'],
    models: config.anthropicAllowedModels,
    retryAfterSeconds: 2,
    read: (body, caller) => readMessages(body, caller, config.anthropicMaxTokensToSample, apiKey),
    // Not messages.create: that refuses and warns on its own account before anything is sent.
    post: (call, model, exchange) =>
      client
        .post('/v1/messages', {
          body: { ...call.body, model },
          headers: call.headers,
          fetchOptions: { exchange } as object,
        })
        .asResponse(),
    meter: () => createMeter(),
  };
}

function readMessages(body: JsonObject, caller: CallerFacts, maxTokensCap: number, apiKey: string): Call {
  const stream = streamOf(body);
  const messages = messagesOf(body, 'request body must contain "messages" field');
  const maxTokens = integerOf(body, 'max_tokens');
  if (maxTokens !== null && maxTokens > maxTokensCap)
    throw new Refusal('bad-request', `max_tokens exceeds maximum allowed value of ${maxTokensCap}: ${maxTokens}`);
  const { members, promptCharacters } = liftSystem(
    withoutMembers(body, 'store', 'service_tier', 'background', 'languageId'),
    messages,
  );
  // Direct Cody clients send -1 for "not set" (spec clients §3.1); zeros are values.
  for (const member of ['top_k', 'top_p'])
    if (typeof members[member] === 'number' && members[member] < 0) delete members[member];
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  members['metadata'] = { ...metadata, user_id: `${caller.actorId}:${caller.actorUid ?? ''}` };
  return {
    provider: 'anthropic',
    model: modelOf(body).replace(/^anthropic\//, ''),
    stream,
    eventExtras: { stream, max_tokens: maxTokens ?? 0 },
    promptCharacters,
    body: members,
    headers: versionHeaders(caller, apiKey),
    hidesUsage: false,
  };
}

/** The version whose shapes Cody reads (spec completions §2.5); its key goes into `x-api-key`. */
const codyVersion = '2023-06-01';

/** An Anthropic SDK names the API version and the betas whose shapes it reads: they pass. Newer versions take the key as the SDK sends it. */
function versionHeaders({ dialect, headers }: CallerFacts, apiKey: string): Record<string, string | null> {
  const asked = dialect === 'anthropic' ? headers['anthropic-version'] : undefined;
  const version = typeof asked === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(asked) ? asked : codyVersion;
  const beta = dialect === 'anthropic' ? headers['anthropic-beta'] : undefined;
  return {
    'anthropic-version': version,
    ...(version === codyVersion && { 'x-api-key': apiKey, authorization: null }),
    ...(typeof beta === 'string' && { 'anthropic-beta': beta }),
  };
}

/** Instances send the system prompt as first message, which Anthropic refuses: its text becomes the `system` member and wins over one that is there (design D7). */
function liftSystem(
  members: JsonObject,
  messages: readonly Message[],
): { members: JsonObject; promptCharacters: number } {
  const [first, ...rest] = messages;
  const lifted = first?.role === 'system';
  if (lifted) {
    members['messages'] = rest;
    const text = textsOf(first.content)[0];
    if (text === undefined) delete members['system'];
    else members['system'] = text;
  }
  const texts = [members['system'], ...(lifted ? rest : messages).map(({ content }) => content)].flatMap(textsOf);
  return { members, promptCharacters: texts.reduce((sum, text) => sum + codePoints(text), 0) };
}

/** Usage comes in two halves: input with `message_start`, output with the last `message_delta`; `message_stop` is the end mark. */
function createMeter(): Meter {
  let usage: JsonObject = {};
  let characters = 0;
  let finished = false;
  const body = createJsonBody();
  const read = (data: unknown): void => {
    if (!isObject(data)) return;
    const message = data['message'];
    const delta = data['delta'];
    switch (data['type']) {
      case 'message_start':
        if (isObject(message) && isObject(message['usage'])) usage = { ...usage, ...message['usage'] };
        return;
      case 'content_block_delta':
        if (isObject(delta) && typeof delta['text'] === 'string') characters += codePoints(delta['text']);
        return;
      case 'message_delta':
        // Later reports are cumulative; what they leave out stands as it was.
        if (isObject(data['usage'])) usage = { ...usage, ...known(data['usage']) };
        return;
      case 'message_stop':
        finished = true;
    }
  };
  return {
    event: (event: SseEvent) => {
      read(jsonOf(event.data));
      return true;
    },
    body: (chunk) => body.take(chunk),
    get finished() {
      return finished;
    },
    usage: () => {
      const whole = body.value();
      if (whole !== null) {
        if (isObject(whole['usage'])) usage = whole['usage'];
        characters = textsOf(whole['content']).reduce((sum, text) => sum + codePoints(text), 0);
      }
      return usageOf(usage, characters);
    },
  };
}

function usageOf(usage: JsonObject, characters: number): Usage {
  return {
    inputTokens: count(usage['input_tokens']),
    outputTokens: count(usage['output_tokens']),
    cacheReadTokens: count(usage['cache_read_input_tokens']),
    cacheWriteTokens: count(usage['cache_creation_input_tokens']),
    reasoningTokens: null,
    completionCharacters: characters,
  };
}

function known(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}

function count(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

function jsonOf(data: string | null): unknown {
  if (data === null || !data.startsWith('{')) return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
