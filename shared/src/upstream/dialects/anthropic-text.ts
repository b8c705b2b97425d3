// Anthropic's text completions, which instances of 2023 call: what we change in a request, how it is sent, how its
// answers read.

import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject } from '../answer-json.ts';
import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { JsonObject, Meter, Reading, Usage } from '../call.ts';
import { guard } from '../guard.ts';
import { bodyOf, withModel } from '../outgoing-body.ts';
import { charactersOf, codePoints, integerOf, isObject, modelOf, promptTextsOf, streamOf } from '../request-body.ts';
import { nothingTold } from '../usage/report.ts';
import { tellActor } from './anthropic-messages.ts';

export const anthropicText: ApiDialect = {
  api: 'anthropic',
  sdk: 'anthropic',
  read: readPrompt,
  keyHeaders: (_reading, key) => ({ 'x-api-key': key, authorization: null }),
  body: (reading, model) => withModel(reading, model),
  meter: () => createMeter(),
};

function readPrompt(body: JsonObject, { caller, provider, lengthMax }: ReadingRules): Reading {
  const stream = streamOf(body);
  const texts = promptTextsOf(body);
  const maxTokens = integerOf(body, 'max_tokens_to_sample');
  const members = guard(body, 'anthropic', { lengthMax, drops: provider.drops });
  tellActor(members, body, caller, provider);
  modelOf(body);
  return {
    stream,
    eventExtras: { stream, max_tokens_to_sample: maxTokens ?? 0 },
    promptCharacters: charactersOf(texts),
    // Its answers tell no tokens.
    countedPrompt: texts.join(''),
    ...bodyOf(members, 'anthropic', caller.bodyBytes),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'cache-control': 'no-cache',
      client: 'sourcegraph-cody-gateway/1.0',
      // The version whose streams say the whole text again with each event, as those instances read them.
      'anthropic-version': '2023-01-01',
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
