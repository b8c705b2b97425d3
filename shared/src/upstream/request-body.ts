// Checks of the members that the gateway itself depends on, with errors that name the member and never quote it. All
// others are the provider's to judge.

import { Refusal } from '../http/http.ts';
import type { JsonObject } from './call.ts';

/** The body as an object. @throws Refusal `bad-request` */
export function requestObject(body: unknown): JsonObject {
  if (isObject(body)) return body;
  throw malformed(`expected a JSON object, got ${typeName(body)}`);
}

/** `model`: a string that is not empty. */
export function modelOf(body: JsonObject): string {
  const { model } = body;
  if (typeof model === 'string' && model !== '') return model;
  throw malformed(`"model" must be a non-empty string, got ${model === '' ? 'an empty one' : typeName(model)}`);
}

/** `stream`: a boolean; absent and null are false. */
export function streamOf({ stream }: JsonObject): boolean {
  if (stream === undefined || stream === null) return false;
  if (typeof stream === 'boolean') return stream;
  throw malformed(`"stream" must be a boolean, got ${typeName(stream)}`);
}

/** A whole number, or null where the member is absent or null. */
export function integerOf(body: JsonObject, member: string): number | null {
  const value = body[member];
  if (value === undefined || value === null) return null;
  if (Number.isSafeInteger(value)) return value as number;
  throw malformed(
    `"${member}" must be a whole number, got ${typeof value === 'number' ? 'a fraction' : typeName(value)}`,
  );
}

/** A message of a conversation, as far as the gateway looks at it. */
export interface Message extends JsonObject {
  readonly role: string;
  readonly content: unknown;
}

/**
 * `messages`: at least one object with a role and with content that is a string, a list or null.
 * @param absent the whole text of the refusal when there are none
 */
export function messagesOf({ messages }: JsonObject, absent: string): readonly Message[] {
  if (messages === undefined || messages === null) throw new Refusal('bad-request', absent);
  if (!Array.isArray(messages)) throw malformed(`"messages" must be an array, got ${typeName(messages)}`);
  if (messages.length === 0) throw new Refusal('bad-request', '"messages" must contain at least one message');
  messages.forEach((message: unknown, i) => {
    if (!isObject(message)) throw malformed(`"messages[${i}]" must be an object, got ${typeName(message)}`);
    if (typeof message['role'] !== 'string')
      throw malformed(`"messages[${i}].role" must be a string, got ${typeName(message['role'])}`);
    const { content } = message;
    if (content !== undefined && content !== null && typeof content !== 'string' && !Array.isArray(content)) {
      throw malformed(`"messages[${i}].content" must be a string or an array, got ${typeName(content)}`);
    }
  });
  return messages as Message[];
}

/** Whether a request in OpenAI's dialect asks for a text completion: by a prompt that comes without messages. */
export function isTextRequest(body: JsonObject): boolean {
  return (body['messages'] ?? null) === null && (body['prompt'] ?? null) !== null;
}

/** All text of a text completion: `prompt` (a string, or a list of one) and `suffix`. @throws Refusal `bad-request` */
export function promptTextsOf(body: JsonObject): string[] {
  const { prompt, suffix } = body;
  if (prompt === undefined || prompt === null)
    throw new Refusal('bad-request', 'request body must contain "prompt" field');
  if (typeof prompt !== 'string' && !Array.isArray(prompt))
    throw malformed(`"prompt" must be a string or an array, got ${typeName(prompt)}`);
  const prompts: readonly unknown[] = typeof prompt === 'string' ? [prompt] : (prompt as unknown[]);
  // What can't be read can't be inspected.
  if (prompts.some((part) => typeof part === 'number' || Array.isArray(part)))
    throw new Refusal('bad-request', '"prompt" must be text: prompts of tokens are not accepted');
  // Each prompt of a list gets an answer of its own, and one answer is one unit of the quota.
  if (prompts.length > 1)
    throw new Refusal('bad-request', `"prompt" must hold one prompt, got ${prompts.length}: send a request for each`);
  const parts: unknown[] = [...prompts, suffix];
  return parts.filter((part) => typeof part === 'string');
}

/**
 * All text of a content: the string itself, or the `text` members of its blocks and of those in a tool's result, which
 * is as deep as the APIs nest them.
 */
export function textsOf(content: unknown): string[] {
  return textsIn(content, (result) => textsIn(result, () => []));
}

function textsIn(content: unknown, inResult: (result: unknown) => string[]): string[] {
  if (typeof content === 'string') return [content];
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown) => {
    if (!isObject(block)) return [];
    return typeof block['text'] === 'string' ? [block['text']] : inResult(block['content']);
  });
}

/** Code points of all these texts together. */
export function charactersOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + codePoints(text), 0);
}

/** Characters are characters: code points, neither bytes nor UTF-16 units. */
export function codePoints(text: string): number {
  // Most text has no surrogates, and the engine tells without a loop here.
  if (!/[\ud800-\udbff]/.test(text)) return text.length;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}

/** A number however it is written: as one, too large for a double, or as a text; null for everything else. */
export function numberIn(value: unknown): number | null {
  if (typeof value === 'number') return value;
  const text = typeof value === 'string' ? value : rawNumber(value);
  if (text === null || text.trim() === '') return null;
  // Readers that are not strict take an underscore between digits.
  const number = Number(text.replaceAll('_', ''));
  return Number.isNaN(number) ? null : number;
}

/** The digits of a number that JSON.parse would have changed (http/json.ts). */
function rawNumber(value: unknown): string | null {
  return typeof value === 'object' && value !== null && isRawJson(value)
    ? (value as { rawJSON: string }).rawJSON
    : null;
}

/** A copy without these. */
export function withoutMembers(body: JsonObject, ...members: readonly string[]): JsonObject {
  const rest = { ...body };
  for (const member of members) delete rest[member];
  return rest;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);
}

function isRawJson(value: object): boolean {
  return (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value);
}

export function malformed(detail: string): Refusal {
  return new Refusal('bad-request', `failed to parse request body: ${detail}`);
}

export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return isRawJson(value) ? 'a number that is too large' : 'an object';
  return `a ${typeof value}`;
}
