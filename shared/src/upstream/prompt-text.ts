// All text of a request that a model will read, for the rules of flagging, and how many tokens are asked for. Not a tokenizer, and nothing that is kept.

import type { JsonObject } from './call.ts';
import { isObject } from './request-body.ts';

/** What the rules look at. */
export interface PromptText {
  /** Made when it is first asked for: most calls meet no rule that reads it. */
  readonly text: () => string;
  /** The most tokens that are asked for, or null where none are named. */
  readonly maxTokens: number | null;
}

/**
 * Reads any provider's request. Whatever the role or the kind of a block, its words count: the reference's text was empty as soon as it met a role it
 * did not know (spec completions §10 7). @param roles each message begins with its role and ends with a blank line, as Anthropic's are counted (§3.1)
 */
export function promptText(body: JsonObject, roles: boolean): PromptText {
  let text: string | null = null;
  return {
    text: () => (text ??= textOf(body, roles)),
    maxTokens: maxTokensOf(body),
  };
}

function textOf(body: JsonObject, roles: boolean): string {
  const lines: string[] = [];
  const add = (role: string, value: unknown): void => {
    const text = wordsIn(value);
    if (text !== '') lines.push(roles ? `${roleNames[role] ?? role}: ${text}\n\n` : `${text}\n`);
  };
  for (const member of ['system', 'systemInstruction', 'system_instruction']) add('system', body[member]);
  for (const member of ['prompt', 'suffix']) if (wordsIn(body[member]) !== '') lines.push(wordsIn(body[member]));
  for (const member of ['messages', 'contents']) {
    const messages = body[member];
    if (!Array.isArray(messages)) continue;
    for (const message of messages as unknown[])
      if (isObject(message)) add(typeof message['role'] === 'string' ? message['role'] : '', message);
  }
  for (const member of ['tools', 'functions', 'prediction', 'speculation']) add(member, body[member]);
  return lines.join('');
}

const roleNames: Readonly<Record<string, string>> = { user: 'Human', assistant: 'Assistant', system: 'System' };

/** Members that hold no words: names of the API's own things, and media. */
const wordless: ReadonlySet<string> = new Set([
  'role',
  'type',
  'id',
  'tool_use_id',
  'tool_call_id',
  'cache_control',
  'signature',
  'url',
  'image_url',
  'inlineData',
  'inline_data',
]);

/** Every text in a value, in order. Not recursive: how deep a request is nested is its caller's choice. */
function wordsIn(value: unknown): string {
  if (typeof value === 'string') return value;
  const found: string[] = [];
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next === 'string') found.push(next);
    else if (Array.isArray(next)) for (let i = next.length - 1; i >= 0; i--) stack.push(next[i]);
    else if (isObject(next)) {
      const entries = Object.entries(next);
      for (let i = entries.length - 1; i >= 0; i--) {
        const [name, member] = entries[i] as [string, unknown];
        // A document's `data` is its text, or the bytes of a file.
        const isMedia = name === 'data' && next['type'] !== 'text';
        if (!wordless.has(name) && !isMedia) stack.push(member);
      }
    }
  }
  return found.join('');
}

/** The members in which the APIs ask for a length. */
function maxTokensOf(body: JsonObject): number | null {
  const generation = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  const asked = [
    body['max_tokens'],
    body['max_tokens_to_sample'],
    body['max_completion_tokens'],
    generation['maxOutputTokens'],
  ].filter((value) => typeof value === 'number');
  return asked.length === 0 ? null : Math.max(...asked);
}
