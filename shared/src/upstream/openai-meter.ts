// Usage out of answers in OpenAI's chat shape, which other providers speak too.

import type { SseEvent } from '../http/http.ts';
import type { JsonObject, Meter, Usage } from './call.ts';
import { createJsonBody } from './json-body.ts';
import { codePoints, isObject } from './request-body.ts';

/**
 * @param hidesUsage the chunk that only carries usage was asked for by us and is not for the caller (design D8)
 */
export function createOpenAiMeter(hidesUsage: boolean): Meter {
  let usage: JsonObject | null = null;
  let characters = 0;
  let finished = false;
  const body = createJsonBody();
  return {
    event: (event: SseEvent) => {
      const data = event.data;
      if (data === null) return true;
      if (data === '[DONE]') {
        finished = true;
        return true;
      }
      const chunk = parse(data);
      if (chunk === null) return true;
      characters += textLength(chunk);
      if (!isObject(chunk['usage'])) return true;
      usage = chunk['usage'];
      return !(hidesUsage && Array.isArray(chunk['choices']) && chunk['choices'].length === 0);
    },
    body: (chunk) => body.take(chunk),
    get finished() {
      return finished;
    },
    usage: () => {
      const whole = body.value();
      if (whole !== null) {
        if (isObject(whole['usage'])) usage = whole['usage'];
        characters = textLength(whole);
      }
      return usageOf(usage ?? {}, characters);
    },
  };
}

/** Code points of the text in all choices, streamed (`delta`) or whole (`message`). */
function textLength({ choices }: JsonObject): number {
  if (!Array.isArray(choices)) return 0;
  let length = 0;
  for (const choice of choices as unknown[]) {
    if (!isObject(choice)) continue;
    const message = choice['delta'] ?? choice['message'];
    const text = isObject(message) ? message['content'] : choice['text'];
    if (typeof text === 'string') length += codePoints(text);
  }
  return length;
}

function usageOf(usage: JsonObject, completionCharacters: number): Usage {
  const prompt = isObject(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {};
  const completion = isObject(usage['completion_tokens_details']) ? usage['completion_tokens_details'] : {};
  return {
    inputTokens: count(usage['prompt_tokens']),
    outputTokens: count(usage['completion_tokens']),
    cacheReadTokens: count(prompt['cached_tokens']),
    cacheWriteTokens: null,
    reasoningTokens: count(completion['reasoning_tokens']),
    completionCharacters,
  };
}

function count(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

function parse(data: string): JsonObject | null {
  if (!data.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
