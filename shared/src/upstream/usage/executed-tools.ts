// Tools that a provider ran itself while it answered a chat, as Groq's compound systems list them in the answer: no
// usage tells them, and they are billed apart from its tokens.

import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import { wordOf } from './report.ts';

/** More than any answer runs. */
const toolsMax = 1_000;

/** Kinds of tools by our dimensions; any other is counted under its own name, which has no price and marks the call. */
const dimensions: ReadonlyMap<string, string> = new Map([
  ['search', 'web_search'],
  ['visit', 'web_fetch'],
]);

/** Collects them out of an answer's choices. */
export interface ExecutedTools {
  /** @param choice with its message, or with a piece of it: a stream tells the same tool more than once */
  take(choice: JsonObject): void;
  /** How many of each, by dimension; null where none ran. */
  uses(): Record<string, number> | null;
}

export function createExecutedTools(): ExecutedTools {
  return new Executed();
}

/** A class: every answer has one, and hardly any has such a tool. */
class Executed implements ExecutedTools {
  #types: Map<string, string> | null = null;

  take(choice: JsonObject): void {
    const message = choice['delta'] ?? choice['message'];
    const list = isObject(message) ? message['executed_tools'] : null;
    if (!Array.isArray(list)) return;
    const types = (this.#types ??= new Map());
    for (const [at, tool] of list.entries()) {
      const type = isObject(tool) ? wordOf(tool['type']) : null;
      if (type === null || types.size >= toolsMax) continue;
      const { index = at } = tool as JsonObject;
      types.set(typeof index === 'number' ? String(index) : String(at), type);
    }
  }

  uses(): Record<string, number> | null {
    if (this.#types === null) return null;
    const uses: Record<string, number> = {};
    for (const type of this.#types.values()) {
      const name = dimensions.get(type) ?? `executed_tools.${type}`;
      uses[name] = (uses[name] ?? 0) + 1;
    }
    return uses;
  }
}
