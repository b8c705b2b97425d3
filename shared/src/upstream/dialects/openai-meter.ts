// Usage out of answers in OpenAI's chat shape, which other providers speak too.

import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount, type JsonBody } from '../answer-json.ts';
import type { JsonObject, Meter, Usage } from '../call.ts';
import { codePoints, isObject } from '../request-body.ts';
import { detailsOf, openAiUsage, outputOf } from '../usage/openai-usage.ts';
import { mergeReports } from '../usage/report.ts';
import type { UsageReport } from '../usage/served-usage.ts';
import { openAiWritten } from '../usage/written.ts';

/**
 * @param hidesUsage the chunk that only carries usage was asked for by us and is not for the caller
 * @param reasoningBeside thinking is counted beside `completion_tokens`, and only the total has both
 */
export function createOpenAiMeter(hidesUsage: boolean, reasoningBeside: boolean): Meter {
  return new OpenAiMeter(hidesUsage, reasoningBeside);
}

class OpenAiMeter implements Meter {
  readonly #hidesUsage: boolean;
  readonly #reasoningBeside: boolean;
  #usage: JsonObject = {};
  #serviceTier: unknown = null;
  #characters: number | null = null;
  #written = 0;
  #finished = false;
  #failed = false;
  /** Of an answer that is no stream: it is there whole, and its usage is taken out of it. */
  #body: JsonBody | null = null;
  #isRead = false;

  constructor(hidesUsage: boolean, reasoningBeside: boolean) {
    this.#hidesUsage = hidesUsage;
    this.#reasoningBeside = reasoningBeside;
  }

  event({ data }: SseEvent): boolean {
    if (data === '[DONE]') this.#finished = true;
    const chunk = jsonObject(data);
    if (isObject(chunk?.['error'])) this.#failed = true;
    return chunk === null || !this.#read(chunk) || !this.#hidesUsage;
  }

  body(chunk: Buffer): void {
    (this.#body ??= createJsonBody()).take(chunk);
  }

  finished(): boolean {
    return this.#finished;
  }

  failed(): boolean {
    return this.#failed || isObject(this.#body?.value()?.['error']);
  }

  usage(): Usage {
    this.#readWhole();
    return usageOf(this.#usage, this.#characters, this.#reasoningBeside);
  }

  report(): UsageReport {
    this.#readWhole();
    return openAiUsage(this.#usage, this.#serviceTier, this.#reasoningBeside);
  }

  written(): number {
    this.#readWhole();
    return this.#written;
  }

  /** @returns true for the chunk that carries usage and nothing else */
  #read(answer: JsonObject): boolean {
    const { choices } = answer;
    if (Array.isArray(choices)) {
      this.#characters = (this.#characters ?? 0) + textLength(choices);
      for (const choice of choices as unknown[]) {
        if (!isObject(choice)) continue;
        this.#written += openAiWritten(choice);
        // Some servers close without an end mark; there is one choice, and this is its last word.
        if (typeof choice['finish_reason'] === 'string') this.#finished = true;
      }
    }
    this.#serviceTier = answer['service_tier'] ?? this.#serviceTier;
    // Groq's streams have it in a place of their own.
    const reported = answer['usage'] ?? memberOf(answer, 'x_groq')['usage'];
    if (!isObject(reported)) return false;
    this.#usage = mergeReports(this.#usage, reported);
    return isObject(answer['usage']) && Array.isArray(choices) && choices.length === 0;
  }

  #readWhole(): void {
    if (this.#isRead) return;
    const whole = this.#body?.value() ?? null;
    if (whole === null) return;
    this.#isRead = true;
    this.#read(whole);
  }
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

/** A report as the event has it, of any of OpenAI's APIs. @param completionCharacters that were met in the answer */
export function usageOf(usage: JsonObject, completionCharacters: number | null, reasoningBeside: boolean): Usage {
  const prompt = detailsOf(usage, 'input_tokens_details', 'prompt_tokens_details');
  const completion = detailsOf(usage, 'output_tokens_details', 'completion_tokens_details');
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
