// The items of a Responses request's input, made self-contained: clients that leave `store` unset refer to items that
// they think are kept. Not what the items say.

import { Refusal } from '../../http/http.ts';
import type { JsonObject } from '../call.ts';
import { isObject, malformed, textsOf, typeName, withoutMembers } from '../request-body.ts';

/** An input that refers to nothing kept elsewhere. */
export interface Items {
  readonly input: unknown;
  /** All text of it. */
  readonly texts: readonly string[];
  /** What was left out, in words for the caller. */
  readonly warnings: readonly string[];
}

const advice =
  'have the client send whole items, with store set to false (OpenAI’s SDK: store: false; Agents SDK: modelSettings.store: false; Vercel AI SDK: providerOptions.openai.store: false)';

/** OpenAI looks for missing thinking by the id of the item that followed it. These items are valid without an id. */
const namedItems: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'message',
  'function_call',
  'custom_tool_call',
  'tool_search_call',
  'shell_call',
  'apply_patch_call',
]);

/**
 * A reference to thinking is left out: the conversation goes on without it. A reference to a message or a call can't be
 * left out, since the answer would be another: the request is refused.
 */
export function readItems(input: unknown): Items {
  if (input === undefined || input === null)
    throw new Refusal('bad-request', 'request body must contain "input" field');
  if (typeof input === 'string') return { input, texts: [input], warnings: [] };
  if (!Array.isArray(input)) throw malformed(`"input" must be a string or an array, got ${typeName(input)}`);
  if (input.length === 0) throw new Refusal('bad-request', '"input" must contain at least one item');
  const kept: JsonObject[] = [];
  for (const [i, item] of (input as unknown[]).entries()) {
    if (!isObject(item)) throw malformed(`"input[${i}]" must be an object, got ${typeName(item)}`);
    if (isReference(item)) {
      if (!isThinking(item))
        throw new Refusal(
          'bad-request',
          `"input[${i}]" refers to an item of an earlier response, and the gateway has none kept: ${advice}`,
        );
    } else if (item['type'] !== 'reasoning' || isReadable(item)) kept.push(item);
  }
  const texts = kept.flatMap(({ content, output }) => [...textsOf(content), ...textsOf(output)]);
  const dropped = input.length - kept.length;
  if (dropped === 0) return { input, texts, warnings: [] };
  if (kept.length === 0)
    throw new Refusal('bad-request', `"input" holds nothing but thinking that the gateway has not kept: ${advice}`);
  return {
    input: kept.map((item) => (namedItems.has(item['type']) ? withoutMembers(item, 'id') : item)),
    texts,
    warnings: [
      `input: ${dropped} ${dropped === 1 ? 'item' : 'items'} of thinking that the gateway has not kept left out: ${advice}`,
    ],
  };
}

/** References may leave out their type. */
function isReference({ type, id, role }: JsonObject): boolean {
  return type === 'item_reference' || ((type ?? null) === null && typeof id === 'string' && role === undefined);
}

/** Told by the prefix that OpenAI gives to ids of thinking. */
function isThinking({ id }: JsonObject): boolean {
  return typeof id === 'string' && id.startsWith('rs_');
}

/** Open models send their thinking as plain text. */
function isReadable({ encrypted_content: sealed, content }: JsonObject): boolean {
  return (typeof sealed === 'string' && sealed !== '') || (Array.isArray(content) && content.length > 0);
}
