// OpenAI's chat and text completions, which most providers speak: how they are read, changed, sent and metered. Where a
// provider differs, its row in the catalogue names a rule.

import type { ProviderRow } from '../../catalogue/catalogue.ts';
import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { CallerFacts, JsonObject, Reading } from '../call.ts';
import { actorName } from '../actor-name.ts';
import { guard } from '../guard.ts';
import { dropNegativeSampling, passedHeaders, renameMaxTokens } from '../provider-rules.ts';
import { bodyOf, withModel } from '../outgoing-body.ts';
import {
  charactersOf,
  integerOf,
  isObject,
  messagesOf,
  modelOf,
  promptTextsOf,
  streamOf,
  textsOf,
} from '../request-body.ts';
import { secondNames } from '../second-models.ts';
import { createOpenAiMeter } from './openai-meter.ts';

const common = {
  api: 'openai',
  sdk: 'openai',
  // The SDK sets the key's header.
  keyHeaders: () => ({}),
  body: (reading, model) => withModel(reading, model),
  meter: ({ hidesUsage }, { rules }) => createOpenAiMeter(hidesUsage, rules.includes('reasoning-beside-output')),
} satisfies Omit<ApiDialect, 'read'>;

export const openAiChat: ApiDialect = {
  ...common,
  read: (body, rules) =>
    read(body, rules, () =>
      messagesOf(body, 'request body must contain "messages" field').flatMap(({ content }) => textsOf(content)),
    ),
};

export const openAiText: ApiDialect = {
  ...common,
  read: (body, rules) => read(body, rules, () => promptTextsOf(body)),
};

function read(body: JsonObject, { caller, provider, lengthMax }: ReadingRules, textsOfAll: () => string[]): Reading {
  const stream = streamOf(body);
  const texts = textsOfAll();
  integerOf(body, 'max_tokens');
  const warnings: string[] = [];
  const tell = (words: string): void => void warnings.push(words);
  const members = guard(body, 'openai', { lengthMax, drops: provider.drops, tell });
  tellActor(members, body, caller, provider, tell);
  if (provider.rules.includes('negative-sampling-dropped')) dropNegativeSampling(members);
  if (provider.rules.includes('max-tokens-renamed')) renameMaxTokens(members);
  const hidesUsage = stream && provider.rules.includes('stream-usage-asked') && askForUsage(members);
  modelOf(body);
  return {
    stream,
    eventExtras: { stream },
    promptCharacters: charactersOf(texts),
    ...bodyOf(members, 'openai', caller.bodyBytes),
    // The SDKs send a text unchanged only where its type is named.
    headers: { 'content-type': 'application/json', ...passedHeaders(provider, caller) },
    hidesUsage,
    ...(caller.dialect !== 'cody' && { warnings }),
    secondNames: secondNames(members, 'openai', provider.toolModels),
  };
}

/** `user` is ours; a provider that does not take it is told of no user at all. */
export function tellActor(
  members: JsonObject,
  { user }: JsonObject,
  caller: CallerFacts,
  { rules }: ProviderRow,
  tell: (words: string) => void,
): void {
  const told = rules.includes('user-is-actor');
  if (told) members['user'] = actorName(caller, user);
  // Where the provider's row drops it, it is gone by now, and the caller has been told.
  else if ('user' in members) delete members['user'];
  else return;
  if ((user ?? null) !== null) tell(told ? 'user: the name that the gateway has for you in front' : 'user: left out');
}

/** Asks for the usage of a stream. @returns true when the caller had not asked for it itself */
function askForUsage(members: JsonObject): boolean {
  const options = isObject(members['stream_options']) ? members['stream_options'] : {};
  if (options['include_usage'] === true) return false;
  members['stream_options'] = { ...options, include_usage: true };
  return true;
}
