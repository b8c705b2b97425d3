// What providers of OpenAI's API have in common: how a chat or text completion is read, changed, sent and metered. What
// each has otherwise is its own file's.

import type OpenAI from 'openai';
import type { Call, CallerFacts, JsonObject, ProviderName, Shape } from '../call.ts';
import { createOpenAiMeter } from '../openai-meter.ts';
import { guard } from '../guard.ts';
import type { Api } from '../guarded-members.ts';
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

/** Seconds until a caller should come again, where the provider names none. */
const retryAfterSeconds = 30;

/** What one of them has otherwise. */
export interface OpenAiVariant extends Pick<Provider, 'models' | 'covers'> {
  readonly name: ProviderName;
  /** The shape of its own Cody route, beside OpenAI's two. */
  readonly shape: Shape;
  client(): Promise<OpenAI>;
  /** Whose table of guarded members its requests go by. */
  readonly api: Api;
  /**
   * Its own changes to what is sent.
   * @returns whether the usage of a stream was asked for on our own account, so that the chunk that carries it is not
   * for the caller
   */
  adapt(members: JsonObject, caller: CallerFacts, stream: boolean): boolean;
  /** The model that is meant. @param model as asked, bare */
  resolve(model: string, body: JsonObject): string;
  /** Request headers beside the content type. */
  headers(caller: CallerFacts): Readonly<Record<string, string>>;
}

/** Makes the provider. */
export function openAiCompatible(variant: OpenAiVariant): Provider {
  const { name, shape, models, covers } = variant;
  return {
    name,
    shapes: [shape, 'openai-chat', 'openai-text'],
    models,
    covers,
    retryAfterSeconds,
    read: (body, caller, shape) => readRequest(body, caller, shape, variant),
    destination: sdkDestinations(() => variant.client()),
    body: (call, model) => withModel(call.body, model),
    meter: (call) => createOpenAiMeter(call.hidesUsage),
  };
}

/** Instances send chats and code completions under one path, some with a prompt, some with messages. */
function readRequest(body: JsonObject, caller: CallerFacts, shape: Shape, variant: OpenAiVariant): Call {
  const { name, api } = variant;
  const stream = streamOf(body);
  const asksText = isTextRequest(body, shape);
  const texts = asksText
    ? promptTextsOf(body)
    : messagesOf(body, 'request body must contain "messages" field').flatMap(({ content }) => textsOf(content));
  integerOf(body, 'max_tokens');
  const members = guard(body, api);
  const hidesUsage = variant.adapt(members, caller, stream);
  const asked = modelOf(body);
  // On the Cody routes a prefix is part of a name that nobody serves; SDK users may write either.
  const bare = caller.dialect === 'openai' && asked.startsWith(`${name}/`) ? asked.slice(name.length + 1) : asked;
  return {
    provider: name,
    shape,
    path: asksText ? '/completions' : '/chat/completions',
    model: variant.resolve(bare, body),
    stream,
    eventExtras: { stream },
    promptCharacters: charactersOf(texts),
    body: bodyText(members),
    // The SDKs send a text as it is when its type is named.
    headers: { 'content-type': 'application/json', ...variant.headers(caller) },
    hidesUsage,
  };
}
