// Usage out of answers of OpenAI's Responses API. A stream ends with the event that tells it, and has no other end mark.

import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { JsonObject, Meter, Usage } from '../call.ts';
import { codePoints, isObject } from '../request-body.ts';

export function createResponsesMeter(): Meter {
  let usage: JsonObject = {};
  let characters: number | null = null;
  let number = -1;
  let [finished, failed] = [false, false];
  const body = createJsonBody();
  const end = (response: JsonObject): void => {
    usage = memberOf(response, 'usage');
    if (response['status'] === 'failed' || isObject(response['error'])) failed = true;
  };
  const read = (event: JsonObject): void => {
    const { type } = event;
    number = tokenCount(event['sequence_number']) ?? number;
    if (type === 'response.output_text.delta') {
      if (typeof event['delta'] === 'string') characters = (characters ?? 0) + codePoints(event['delta']);
    } else if (type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed') {
      finished = true;
      if (type === 'response.failed') failed = true;
      end(memberOf(event, 'response'));
    } else if (type === 'error' || isObject(event['error'])) [finished, failed] = [true, true];
  };
  const readWhole = (): void => {
    const whole = body.value();
    if (whole === null) return;
    characters = null;
    for (const text of answerTexts(whole)) characters = (characters ?? 0) + codePoints(text);
    end(whole);
  };
  return {
    event: ({ data }: SseEvent) => {
      const event = jsonObject(data);
      if (event !== null) read(event);
      return true;
    },
    body: (chunk) => body.take(chunk),
    finished: () => finished,
    failed: () => {
      readWhole();
      return failed;
    },
    nextNumber: () => number + 1,
    usage: () => {
      readWhole();
      return usageOf(usage, characters);
    },
  };
}

/** What a reader sees of a whole answer: neither thinking nor calls of tools. */
function answerTexts({ output }: JsonObject): string[] {
  if (!Array.isArray(output)) return [];
  return output.flatMap((item: unknown) => {
    if (!isObject(item) || item['type'] !== 'message' || !Array.isArray(item['content'])) return [];
    return item['content'].flatMap((part: unknown) =>
      isObject(part) && part['type'] === 'output_text' && typeof part['text'] === 'string' ? [part['text']] : [],
    );
  });
}

function usageOf(usage: JsonObject, completionCharacters: number | null): Usage {
  const input = memberOf(usage, 'input_tokens_details');
  return {
    inputTokens: tokenCount(usage['input_tokens']),
    outputTokens: tokenCount(usage['output_tokens']),
    cacheReadTokens: tokenCount(input['cached_tokens']),
    cacheWriteTokens: tokenCount(input['cache_write_tokens']),
    reasoningTokens: tokenCount(memberOf(usage, 'output_tokens_details')['reasoning_tokens']),
    completionCharacters,
  };
}
