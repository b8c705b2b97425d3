// Usage out of answers of OpenAI's Responses API. A stream ends with the event that tells it, and has no other end
// mark.

import type { ProviderRow } from '../../catalogue/catalogue.ts';
import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { JsonObject, Meter } from '../call.ts';
import { codePoints, isObject } from '../request-body.ts';
import { imageToolUsage } from '../usage/image-tool-usage.ts';
import { openAiUsage } from '../usage/openai-usage.ts';
import { bytesOf, responsesWritten } from '../usage/written.ts';
import { usageOf } from './openai-meter.ts';

/**
 * @param reasoningBeside thinking is counted beside `output_tokens`, and only the total has both
 * @param unnamed the provider's models of tools that name none
 */
export function createResponsesMeter(reasoningBeside: boolean, unnamed: ProviderRow['toolModels']): Meter {
  /** The response: a whole answer, or the one in the last event of a stream. */
  let response: JsonObject = {};
  let characters: number | null = null;
  /** The model that the first event names. */
  let started: unknown = null;
  let written = 0;
  let number = -1;
  let [finished, failed] = [false, false];
  const body = createJsonBody();
  const end = (last: JsonObject): void => {
    response = last;
    if (last['status'] === 'failed' || isObject(last['error'])) failed = true;
  };
  const read = (event: JsonObject): void => {
    const { type, delta } = event;
    number = tokenCount(event['sequence_number']) ?? number;
    if (typeof delta === 'string') {
      written += bytesOf(delta);
      if (type === 'response.output_text.delta') characters = (characters ?? 0) + codePoints(delta);
    } else if (type === 'response.output_item.added') written += bytesOf(memberOf(event, 'item')['name']);
    else if (type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed') {
      finished = true;
      if (type === 'response.failed') failed = true;
      end(memberOf(event, 'response'));
    } else if (type === 'response.created') started = memberOf(event, 'response')['model'];
    else if (type === 'error' || isObject(event['error'])) [finished, failed] = [true, true];
  };
  const readWhole = (): void => {
    const whole = body.value();
    if (whole === null) return;
    [characters, written] = [null, 0];
    for (const text of answerTexts(whole)) characters = (characters ?? 0) + codePoints(text);
    for (const item of itemsOf(whole)) written += responsesWritten(item);
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
      return usageOf(memberOf(response, 'usage'), characters, reasoningBeside);
    },
    report: () => {
      readWhole();
      const usage = memberOf(response, 'usage');
      const said = { model: response['model'] ?? started, serviceTier: response['service_tier'] };
      const report = openAiUsage({ ...usage, ...toolUses(response) }, said, reasoningBeside);
      const drawn = imageToolUsage(response, unnamed);
      return drawn === null ? report : { ...report, parts: [...report.parts, drawn] };
    },
    written: () => {
      readWhole();
      return written;
    },
  };
}

/** What a reader sees of a whole answer: neither thinking nor calls of tools. */
function answerTexts(response: JsonObject): string[] {
  return itemsOf(response).flatMap(({ type, content }) => {
    if (type !== 'message' || !Array.isArray(content)) return [];
    return content.flatMap((part: unknown) =>
      isObject(part) && part['type'] === 'output_text' && typeof part['text'] === 'string' ? [part['text']] : [],
    );
  });
}

function itemsOf({ output }: JsonObject): JsonObject[] {
  return Array.isArray(output) ? output.filter(isObject) : [];
}

/**
 * Uses of the provider's own tools, which the usage does not report; the items show them. Billed are searches of the
 * web (not the pages that are opened), searches of files, and containers, however often code runs in one
 * (developers.openai.com/api/docs/pricing, 2026-11).
 */
function toolUses(response: JsonObject): JsonObject {
  const items = itemsOf(response);
  const of = (kind: string): JsonObject[] => items.filter(({ type }) => type === kind);
  const searches = of('web_search_call').filter((item) => {
    const { type = 'search' } = memberOf(item, 'action');
    return type === 'search';
  });
  // Where the answer itself says how many searches are billed, its count holds.
  const { num_requests: billedSearches } = memberOf(memberOf(response, 'tool_usage'), 'web_search');
  const server_tool_use = {
    web_search_calls: tokenCount(billedSearches) ?? searches.length,
    file_search_calls: of('file_search_call').length,
    [containersOf(response)]: new Set(of('code_interpreter_call').map((item) => item['container_id'])).size,
  };
  return Object.values(server_tool_use).some((count) => count > 0) ? { server_tool_use } : {};
}

/**
 * What containers are counted as: the price is of those of a gigabyte. Under a name of their own larger ones have none,
 * which marks the row.
 */
function containersOf({ tools }: JsonObject): string {
  const list = Array.isArray(tools) ? tools.filter(isObject) : [];
  const sizes = list.map((tool) => (isObject(tool['container']) ? tool['container']['memory_limit'] : null));
  const larger = sizes.find((size) => typeof size === 'string' && /^\d{1,3}g$/.test(size) && size !== '1g');
  return typeof larger === 'string' ? `code_interpreter_calls_${larger}` : 'code_interpreter_calls';
}
