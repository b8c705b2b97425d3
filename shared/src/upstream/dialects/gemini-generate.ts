// Google's Gemini API: what we change in a request, how it is sent, how its answers tell their usage. It has no official client here.

import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { JsonObject, Meter, Reading, Usage } from '../call.ts';
import { guard } from '../guard.ts';
import { bodyText, charactersOf, codePoints, isObject, modelOf, streamOf, withoutMembers } from '../request-body.ts';

export const geminiGenerate: ApiDialect = {
  api: 'google',
  sdk: null,
  read: readContents,
  // Not in the URL, where it would stand in logs and spans.
  keyHeaders: (_reading, key) => ({ 'x-goog-api-key': key }),
  // The model stands in the address.
  body: ({ body }) => [body],
  meter: () => createMeter(),
};

/** `stream` and `model` are the gateway's own members: they choose the address. */
function readContents(body: JsonObject, { provider, lengthMax }: ReadingRules): Reading {
  const stream = streamOf(body);
  const members = withoutMembers(guard(body, 'google', { lengthMax, drops: provider.drops }), 'stream', 'model');
  // Cody's clients send a text, where Google takes a content.
  const { systemInstruction } = body;
  if (typeof systemInstruction === 'string') members['systemInstruction'] = { parts: [{ text: systemInstruction }] };
  modelOf(body);
  return {
    stream,
    eventExtras: { stream },
    promptCharacters: charactersOf(
      [members['systemInstruction'], members['system_instruction'], ...listOf(body['contents'])].flatMap(partTexts),
    ),
    body: bodyText(members),
    headers: { 'content-type': 'application/json' },
    hidesUsage: false,
  };
}

/**
 * The last `usageMetadata` counts. A stream has no end mark but the `finishReason` of its last event, so one that says nothing readable, or ends in
 * something unreadable, is taken for whole: whether it was cut can't be told.
 */
function createMeter(): Meter {
  let usage: JsonObject = {};
  let characters: number | null = null;
  let [answered, finished, unreadable, failed] = [false, false, false, false];
  const body = createJsonBody();
  const read = (answer: JsonObject): void => {
    if (isObject(answer['usageMetadata'])) usage = answer['usageMetadata'];
    if (isObject(answer['error'])) failed = true;
    if (isObject(answer['promptFeedback']) && answer['promptFeedback']['blockReason'] !== undefined) finished = true;
    const candidates = answer['candidates'];
    if (!Array.isArray(candidates)) return;
    answered = true;
    for (const candidate of candidates as unknown[]) {
      if (!isObject(candidate)) continue;
      characters = (characters ?? 0) + answerTexts(candidate).reduce((sum, text) => sum + codePoints(text), 0);
      if (typeof candidate['finishReason'] === 'string') finished = true;
    }
  };
  return {
    event: ({ data }: SseEvent) => {
      const answer = jsonObject(data);
      if (answer !== null) read(answer);
      else if (data !== null && data.trim() !== '') {
        unreadable = true;
        usage = {};
      }
      return true;
    },
    body: (chunk) => body.take(chunk),
    finished: () => finished || unreadable || !(answered || failed),
    failed: () => failed,
    usage: () => {
      const whole = body.value();
      if (whole !== null) {
        characters = null;
        read(whole);
      }
      return usageOf(usage, characters);
    },
  };
}

/** Text that a reader sees: not the model's thoughts. */
function answerTexts(candidate: JsonObject): string[] {
  const parts = listOf(memberOf(candidate, 'content')['parts']);
  return partTexts({ parts: parts.filter((part) => !isObject(part) || part['thought'] !== true) });
}

/** The texts of a content's parts. */
function partTexts(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  if (!isObject(content)) return [];
  return listOf(content['parts']).flatMap((part) =>
    isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [],
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Null where neither is known. */
function sumOf(a: number | null, b: number | null): number | null {
  return a === null && b === null ? null : (a ?? 0) + (b ?? 0);
}

/** Thoughts are output that is paid for, and what tools found is input: both are told apart from the rest. */
function usageOf(usage: JsonObject, completionCharacters: number | null): Usage {
  const answer = tokenCount(usage['candidatesTokenCount']);
  const thoughts = tokenCount(usage['thoughtsTokenCount']);
  return {
    inputTokens: sumOf(tokenCount(usage['promptTokenCount']), tokenCount(usage['toolUsePromptTokenCount'])),
    outputTokens: sumOf(answer, thoughts),
    cacheReadTokens: tokenCount(usage['cachedContentTokenCount']),
    cacheWriteTokens: null,
    reasoningTokens: thoughts,
    completionCharacters,
  };
}
