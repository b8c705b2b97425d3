// How large a request of OpenAI's Responses API is at the most.

import type { JsonObject } from '../call.ts';
import { callersTools } from '../dialects/responses-tools.ts';
import { isObject } from '../request-body.ts';
import { kindOf } from './openai-size.ts';
import {
  answersOf,
  base64Bytes,
  countParts,
  dataUrlBytes,
  lengthIn,
  objectsIn,
  unboundedTool,
  type DialectSize,
} from './size.ts';

/** Tools of the provider's whose calls `max_tool_calls` bounds, by the dimension that they are billed in. */
const boundedTools = [
  [/^web_search(_preview)?(_\d{4}_\d{2}_\d{2})?$/, 'web_search'],
  [/^file_search$/, 'file_search'],
  [/^code_interpreter$/, 'code_execution'],
] as const;

export function responsesSize(body: JsonObject): DialectSize {
  const tools = [body, ...objectsIn(body['input'])]
    .flatMap((holder) => objectsIn(holder['tools']))
    .flatMap((tool) => [tool, ...objectsIn(tool['tools'])]);
  const { max_tool_calls: most } = body;
  const calls = typeof most === 'number' && Number.isSafeInteger(most) && most >= 0 ? most : null;
  const uses: Partial<Record<'web_search' | 'file_search' | 'code_execution', number>> = {};
  let [unbounded, served]: [string | null, boolean] = [null, false];
  for (const tool of tools) {
    const type = String(tool['type']);
    if (isCallers(type, tool)) continue;
    served = true;
    const dimension = boundedTools.find(([name]) => name.test(type))?.[1];
    if (dimension === undefined) unbounded ??= unboundedTool(type, 'leave it out');
    else if (calls === null) unbounded ??= unboundedTool(type, 'give max_tool_calls');
    else if (isLarge(tool['container'])) unbounded ??= unboundedTool(type, 'leave its memory_limit out');
    else uses[dimension] = calls;
  }
  const condenses = objectsIn(body['context_management']).length > 0;
  return {
    mediaBytes: objectsIn(body['input'])
      .flatMap(({ content, output }) => [...objectsIn(content), ...objectsIn(isObject(output) ? [output] : output)])
      .reduce((sum, part) => sum + mediaIn(part), 0),
    parts: countParts([body['instructions'], body['input']], kindOf),
    hasTools: tools.length > 0,
    outputAsked: lengthIn(body, 'max_output_tokens'),
    thinkingWithin: false,
    outputBeside: 0,
    answers: answersOf(body, 'openai-responses'),
    inputs: 1,
    cacheWrite: '5m',
    runs: (1 + (served ? (calls ?? 0) : 0)) * (condenses ? 2 : 1),
    uses,
    unbounded,
  };
}

/** A container of more than the memory that the price is of costs more. */
function isLarge(container: unknown): boolean {
  return isObject(container) && !['1g', null, undefined].includes(container['memory_limit'] as string | undefined);
}

/** What is looked for among tools by the provider makes it read on; by the caller it does not. */
function isCallers(type: string, { execution, environment }: JsonObject): boolean {
  if (type === 'tool_search') return execution === 'client';
  if (type === 'shell') return !isObject(environment) || environment['type'] === 'local';
  return callersTools.has(type);
}

function mediaIn(part: JsonObject): number {
  const { type, image_url: url, file_data: file, input_audio: audio } = part;
  if (type === 'input_image' || type === 'computer_screenshot') return dataUrlBytes(url);
  if (type === 'input_file') return dataUrlBytes(file);
  return type === 'input_audio' && isObject(audio) ? base64Bytes(audio['data']) : 0;
}
