// How much a model wrote, in bytes, whatever it was: text, thinking, a refusal, arguments of tools. All of it is paid
// for, and where nobody reports the usage it is all there is to go by. Not what a reader sees (the meters count that
// in characters).

import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';

/** In a choice of OpenAI's: streamed (`delta`), whole (`message`), or of a text completion (`text`). */
export function openAiWritten(choice: JsonObject): number {
  const message = choice['delta'] ?? choice['message'];
  if (!isObject(message)) return bytesOf(choice['text']);
  // One of the two: some say the same under both names.
  const thought = bytesOf(message['reasoning_content']) || bytesOf(message['reasoning']);
  let bytes = bytesOf(message['content']) + thought + bytesOf(message['refusal']);
  if (isObject(message['audio'])) bytes += bytesOf(message['audio']['transcript']);
  if (isObject(message['function_call'])) bytes += callBytes(message['function_call']);
  if (Array.isArray(message['tool_calls']))
    for (const call of message['tool_calls'] as unknown[])
      if (isObject(call)) bytes += callBytes(isObject(call['function']) ? call['function'] : call['custom']);
  return bytes;
}

function callBytes(call: unknown): number {
  return isObject(call) ? bytesOf(call['name']) + bytesOf(call['arguments']) + bytesOf(call['input']) : 0;
}

/** In an item of a Responses answer. What the provider's own tools found was not written by the model. */
export function responsesWritten(item: JsonObject): number {
  const parts = [item['content'], item['summary']].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  const spoken = parts
    .filter(isObject)
    .reduce((sum, part) => sum + bytesOf(part['text']) + bytesOf(part['refusal']), 0);
  return spoken + callBytes(item) + bytesOf(item['code']);
}

/** In a block of Anthropic's or in a piece of one. What the provider's own tools found was not written by the model. */
export function anthropicWritten(block: JsonObject): number {
  const { type, input } = block;
  let bytes = bytesOf(block['text']) + bytesOf(block['thinking']) + bytesOf(block['partial_json']);
  if (type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use') {
    bytes += bytesOf(block['name']);
    // A stream begins a call with an empty input and sends it in pieces.
    if (isObject(input) && Object.keys(input).length > 0) bytes += bytesOf(JSON.stringify(input));
  }
  return bytes;
}

/** In a part of Gemini's. */
export function googleWritten(part: JsonObject): number {
  let bytes = bytesOf(part['text']);
  if (isObject(part['functionCall'])) bytes += bytesOf(JSON.stringify(part['functionCall']));
  if (isObject(part['executableCode'])) bytes += bytesOf(part['executableCode']['code']);
  return bytes;
}

export function bytesOf(text: unknown): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}
