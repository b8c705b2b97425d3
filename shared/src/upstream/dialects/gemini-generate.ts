// Google's Gemini API: what we change in a request, how it is sent, how its answers tell their usage. It has no
// official client here.

import type { SseEvent } from '../../http/http.ts';
import { createArrayElements } from '../array-elements.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { JsonObject, Meter, Reading, Usage } from '../call.ts';
import { guard } from '../guard.ts';
import { bodyOf } from '../outgoing-body.ts';
import { charactersOf, codePoints, isObject, modelOf, streamOf, withoutMembers } from '../request-body.ts';
import { googleUsage } from '../usage/google-usage.ts';
import { mergeReports } from '../usage/report.ts';
import { googleWritten } from '../usage/written.ts';

export const geminiGenerate: ApiDialect = {
  api: 'google',
  sdk: null,
  read: readContents,
  // Not in the URL, where it would stand in logs and spans.
  keyHeaders: (_reading, key) => ({ 'x-goog-api-key': key }),
  // The model is part of the address.
  body: ({ body }) => [body],
  meter: ({ arrayStream }, _provider, model) => createMeter(model, arrayStream === true),
};

/** `stream` and `model` are the gateway's own members: they choose the address. */
function readContents(body: JsonObject, { caller, provider, lengthMax }: ReadingRules): Reading {
  const { verb } = caller;
  const stream = streamOf(body);
  const warnings: string[] = [];
  const tell = (words: string): void => void warnings.push(words);
  const guarded = guard(body, 'google', { lengthMax, drops: provider.drops, tell });
  const members = withoutMembers(guarded, 'stream', 'model');
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
    ...bodyOf(members, 'google', caller.bodyBytes),
    headers: { 'content-type': 'application/json' },
    hidesUsage: false,
    ...(caller.dialect !== 'cody' && { warnings }),
    ...(verb !== undefined && { verb, arrayStream: stream }),
  };
}

/**
 * The last value of each member of `usageMetadata` counts. A stream has no end mark but the `finishReason` of its last
 * event; a stream without a readable event, or with an unreadable last one, is taken for whole, since nothing tells
 * whether it was cut.
 */
function createMeter(model: string, arrayStream: boolean): Meter {
  const elements = arrayStream ? createArrayElements() : null;
  let usage: JsonObject = {};
  let characters: number | null = null;
  let modelVersion: unknown = null;
  let [written, searches, maps] = [0, 0, false];
  let [answered, finished, unreadable, failed] = [false, false, false, false];
  const body = createJsonBody();
  const read = (answer: JsonObject): void => {
    if (isObject(answer['usageMetadata'])) usage = mergeReports(usage, answer['usageMetadata']);
    if (isObject(answer['error'])) failed = true;
    modelVersion = answer['modelVersion'] ?? modelVersion;
    if (isObject(answer['promptFeedback']) && answer['promptFeedback']['blockReason'] !== undefined) finished = true;
    const candidates = answer['candidates'];
    if (!Array.isArray(candidates)) return;
    answered = true;
    for (const candidate of candidates as unknown[]) {
      if (!isObject(candidate)) continue;
      characters = (characters ?? 0) + answerTexts(candidate).reduce((sum, text) => sum + codePoints(text), 0);
      for (const part of listOf(memberOf(candidate, 'content')['parts']))
        if (isObject(part)) written += googleWritten(part);
      const grounding = candidate['groundingMetadata'];
      if (isObject(grounding)) {
        searches = Math.max(searches, listOf(grounding['webSearchQueries']).length);
        maps ||= listOf(grounding['groundingChunks']).some((chunk) => isObject(chunk) && isObject(chunk['maps']));
      }
      if (typeof candidate['finishReason'] === 'string') finished = true;
    }
  };
  /** Whether what the report leaves out is zero, and not still to come. */
  const ended = (): boolean => (finished && !unreadable) || body.value() !== null;
  const readWhole = (): void => {
    const whole = body.value();
    if (whole === null) return;
    [usage, characters, written] = [{}, null, 0];
    read(whole);
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
    body: (chunk) => {
      if (elements === null) body.take(chunk);
      else for (const answer of elements.push(chunk)) if (answer !== null) read(answer);
    },
    finished: () => (elements?.isWhole() ?? true) && (finished || unreadable || !(answered || failed)),
    failed: () => failed || isObject(body.value()?.['error']),
    usage: () => {
      readWhole();
      return usageOf(usage, characters, ended());
    },
    report: () => {
      readWhole();
      return googleUsage(usage, { searches, maps }, { model, modelVersion }, ended());
    },
    written: () => {
      readWhole();
      return written;
    },
  };
}

/** Text that a reader sees: not the model's thoughts. */
function answerTexts(candidate: JsonObject): string[] {
  const parts = listOf(memberOf(candidate, 'content')['parts']);
  return partTexts({ parts: parts.filter((part) => !isObject(part) || part['thought'] !== true) });
}

/** The texts of a content's parts. */
export function partTexts(content: unknown): string[] {
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
function usageOf(usage: JsonObject, completionCharacters: number | null, ended: boolean): Usage {
  const answer = tokenCount(usage['candidatesTokenCount']);
  const thoughts = tokenCount(usage['thoughtsTokenCount']);
  const inputTokens = sumOf(tokenCount(usage['promptTokenCount']), tokenCount(usage['toolUsePromptTokenCount']));
  return {
    inputTokens,
    // A whole answer whose report leaves the output out has none: a blocked prompt has no candidates.
    outputTokens: sumOf(answer, thoughts) ?? (ended && inputTokens !== null ? 0 : null),
    cacheReadTokens: tokenCount(usage['cachedContentTokenCount']),
    cacheWriteTokens: null,
    reasoningTokens: thoughts,
    completionCharacters,
  };
}
