// Usage out of answers in OpenAI's chat shape, which other providers speak too.

import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { JsonObject, Meter, Usage } from '../call.ts';
import { codePoints, isObject } from '../request-body.ts';
import { createExecutedTools } from '../usage/executed-tools.ts';
import { openAiUsage, outputOf } from '../usage/openai-usage.ts';
import { mergeReports } from '../usage/report.ts';
import { openAiWritten } from '../usage/written.ts';

/**
 * @param hidesUsage the chunk that only carries usage was asked for by us and is not for the caller
 * @param reasoningBeside thinking is counted beside `completion_tokens`, and only the total has both
 */
export function createOpenAiMeter(hidesUsage: boolean, reasoningBeside: boolean): Meter {
  let usage: JsonObject = {};
  let [serviceTier, model, byModel]: unknown[] = [null, null, null];
  const executed = createExecutedTools();
  let characters: number | null = null;
  let written = 0;
  let finished = false;
  let failed = false;
  let isRead = false;
  const body = createJsonBody();
  /** @returns true for the chunk that carries usage and nothing else */
  const read = (answer: JsonObject): boolean => {
    const { choices } = answer;
    if (Array.isArray(choices)) {
      characters = (characters ?? 0) + textLength(choices);
      for (const choice of choices as unknown[]) {
        if (!isObject(choice)) continue;
        written += openAiWritten(choice);
        executed.take(choice);
        // Some servers close without an end mark; there is one choice, and this is its last word.
        if (typeof choice['finish_reason'] === 'string') finished = true;
      }
    }
    serviceTier = answer['service_tier'] ?? serviceTier;
    model = answer['model'] ?? model;
    // Groq's streams have it in a place of their own.
    const groq = memberOf(answer, 'x_groq');
    byModel = answer['usage_breakdown'] ?? groq['usage_breakdown'] ?? byModel;
    const reported = answer['usage'] ?? groq['usage'];
    if (!isObject(reported)) return false;
    usage = mergeReports(usage, reported);
    return isObject(answer['usage']) && Array.isArray(choices) && choices.length === 0;
  };
  const readWhole = (): void => {
    if (isRead) return;
    const whole = body.value();
    if (whole === null) return;
    isRead = true;
    read(whole);
  };
  return {
    event: (event: SseEvent) => {
      const { data } = event;
      if (data === '[DONE]') finished = true;
      const chunk = jsonObject(data);
      if (isObject(chunk?.['error'])) failed = true;
      return chunk === null || !read(chunk) || !hidesUsage;
    },
    body: (chunk) => body.take(chunk),
    finished: () => finished,
    failed: () => failed || isObject(body.value()?.['error']),
    usage: () => {
      readWhole();
      return usageOf(usage, characters, reasoningBeside);
    },
    report: () => {
      readWhole();
      return openAiUsage(usage, { model, serviceTier, byModel, toolUses: executed.uses() }, reasoningBeside);
    },
    written: () => {
      readWhole();
      return written;
    },
  };
}

/** Code points of the text in all choices: streamed (`delta`), whole (`message`), or of a text completion (`text`). */
function textLength(choices: readonly unknown[]): number {
  let length = 0;
  for (const choice of choices) {
    if (!isObject(choice)) continue;
    const message = choice['delta'] ?? choice['message'];
    const text = isObject(message) ? message['content'] : choice['text'];
    if (typeof text === 'string') length += codePoints(text);
  }
  return length;
}

/** A report as the event has it, of any of OpenAI's APIs. @param completionCharacters counted in the answer */
export function usageOf(usage: JsonObject, completionCharacters: number | null, reasoningBeside: boolean): Usage {
  const prompt = { ...memberOf(usage, 'input_tokens_details'), ...memberOf(usage, 'prompt_tokens_details') };
  const completion = { ...memberOf(usage, 'output_tokens_details'), ...memberOf(usage, 'completion_tokens_details') };
  const inputTokens = tokenCount(usage['prompt_tokens'] ?? usage['input_tokens']);
  const completionTokens = tokenCount(usage['completion_tokens'] ?? usage['output_tokens']);
  // What a report leaves out is zero.
  const isTold = inputTokens !== null || completionTokens !== null;
  return {
    inputTokens: inputTokens ?? (isTold ? 0 : null),
    outputTokens: isTold ? tokenCount(outputOf(usage, reasoningBeside)) : null,
    cacheReadTokens: tokenCount(prompt['cached_tokens'] ?? usage['cached_tokens'] ?? usage['prompt_cache_hit_tokens']),
    cacheWriteTokens: tokenCount(prompt['cache_write_tokens']),
    reasoningTokens: tokenCount(completion['reasoning_tokens'] ?? usage['reasoning_tokens']),
    completionCharacters,
  };
}
