// OpenAI's Responses API as a gateway can serve it that keeps nothing: what is changed in a request, and how it is
// sent. Its answers: responses-meter.ts.

import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { JsonObject, Reading } from '../call.ts';
import { guard } from '../guard.ts';
import { bodyOf, withModel } from '../outgoing-body.ts';
import { charactersOf, integerOf, isObject, modelOf, streamOf, textsOf } from '../request-body.ts';
import { secondNames } from '../second-models.ts';
import { tellActor } from './openai-completions.ts';
import { readItems } from './responses-items.ts';
import { createResponsesMeter } from './responses-meter.ts';
import { withoutServerTools } from './responses-tools.ts';

export const openAiResponses: ApiDialect = {
  api: 'openai-responses',
  sdk: 'openai',
  read: readResponse,
  // The SDK sets the key's header.
  keyHeaders: () => ({}),
  body: (reading, model) => withModel(reading, model),
  meter: (_reading, { rules, toolModels }) =>
    createResponsesMeter(rules.includes('reasoning-beside-output'), toolModels),
};

const encrypted = 'reasoning.encrypted_content';

/**
 * What OpenAI keeps, it keeps under the gateway's key, where each caller could read every other's: so nothing is kept.
 * `store` is sent as false, and the thinking of a model that reasons is asked for in its encrypted form, which the
 * client sends back with the next turn.
 */
function readResponse(body: JsonObject, rules: ReadingRules): Reading {
  const { caller, provider, model, lengthMax, serverTools } = rules;
  const stream = streamOf(body);
  integerOf(body, 'max_output_tokens');
  const warnings: string[] = [];
  const tell = (words: string): void => {
    // `store` is not left out but sent as false; its own warning is added below.
    if (!words.startsWith('store:')) warnings.push(words);
  };
  const members = guard(body, 'openai-responses', { lengthMax, drops: provider.drops, tell });
  const items = readItems(body['input']);
  members['input'] = items.input;
  warnings.push(...items.warnings, ...withoutServerTools(members, serverTools));
  tellActor(members, body, caller, provider, tell);
  if (body['store'] === true) warnings.push('store: nothing is kept, so false was sent');
  members['store'] = false;
  const thinks = model?.row.reasons ?? isObject(body['reasoning']);
  if (thinks && !provider.drops.includes('include')) askForThinking(members);
  modelOf(body);
  return {
    stream,
    eventExtras: { stream },
    promptCharacters: charactersOf([...textsOf(body['instructions']), ...items.texts]),
    ...bodyOf(members, 'openai-responses', caller.bodyBytes),
    // The SDKs send a text unchanged only where its type is named.
    headers: { 'content-type': 'application/json' },
    hidesUsage: false,
    warnings,
    secondNames: secondNames(members, 'openai-responses', provider.toolModels),
  };
}

/** What is no list stays for the provider to refuse. */
function askForThinking(members: JsonObject): void {
  const { include = [] } = members;
  if (include === null) members['include'] = [encrypted];
  else if (Array.isArray(include) && !include.includes(encrypted))
    members['include'] = [...(include as unknown[]), encrypted];
}
