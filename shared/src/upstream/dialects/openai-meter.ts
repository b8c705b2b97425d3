// Usage out of answers in OpenAI's chat shape, which other providers speak too.

import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { JsonObject, Meter, Usage } from '../call.ts';
import { codePoints, isObject } from '../request-body.ts';

/**
 * @param hidesUsage the chunk that only carries usage was asked for by us and is not for the caller
 * @param reasoningBeside thinking is counted beside `completion_tokens`, and only the total has both
 */
export function createOpenAiMeter(hidesUsage: boolean, reasoningBeside: boolean): Meter {
  let usage: JsonObject = {};
  let characters: number | null = null;
  let finished = false;
  let failed = false;
  const body = createJsonBody();
  /** @returns true for the chunk that carries usage and nothing else */
  const read = (answer: JsonObject): boolean => {
    const { choices } = answer;
    if (Array.isArray(choices)) characters = (characters ?? 0) + textLength(choices);
    if (!isObject(answer['usage'])) return false;
    usage = answer['usage'];
    return Array.isArray(choices) && choices.length === 0;
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
    failed: () => failed,
    usage: () => {
      const whole = body.value();
      if (whole !== null) {
        characters = null;
        read(whole);
      }
      return usageOf(usage, characters, reasoningBeside);
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

function usageOf(usage: JsonObject, completionCharacters: number | null, reasoningBeside: boolean): Usage {
  const prompt = memberOf(usage, 'prompt_tokens_details');
  const inputTokens = tokenCount(usage['prompt_tokens']);
  const completion = tokenCount(usage['completion_tokens']);
  const total = reasoningBeside ? tokenCount(usage['total_tokens']) : null;
  return {
    inputTokens,
    outputTokens:
      total === null || inputTokens === null || completion === null
        ? completion
        : Math.max(completion, total - inputTokens),
    cacheReadTokens: tokenCount(prompt['cached_tokens']),
    cacheWriteTokens: tokenCount(prompt['cache_write_tokens']),
    reasoningTokens: tokenCount(memberOf(usage, 'completion_tokens_details')['reasoning_tokens']),
    completionCharacters,
  };
}
