// How large a request of Anthropic's APIs is at the most.

import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import {
  answersOf,
  base64Bytes,
  countParts,
  isMedia,
  lengthIn,
  objectsIn,
  unboundedTool,
  type DialectSize,
} from './size.ts';

/** Tools of the provider's whose uses `max_uses` bounds, by the dimension that they are billed in. */
const boundedTools = [
  [/^web_search_\d+$/, 'web_search'],
  [/^web_fetch_\d+$/, 'web_fetch'],
] as const;
/** Run by the caller, though the provider describes them. */
const callersTools = /^(custom|(bash|text_editor|computer|memory)_\d+)$/;

export function anthropicSize(body: JsonObject, _model: string, text: string): DialectSize {
  const { tools, unbounded, uses } = toolsOf(body);
  const condenses = JSON.stringify(body['context_management'] ?? '').includes('"compact');
  const searches = uses.web_search + uses.web_fetch;
  return {
    mediaBytes: [body['system'], ...objectsIn(body['messages']).map(({ content }) => content)].reduce(
      (sum: number, content) => sum + mediaIn(content, 3),
      0,
    ),
    parts: countParts([body['system'], body['messages']], ({ type, source }) => {
      if (type === 'image') return 'image';
      if (type === 'document' || type === 'container_upload') return 'file';
      // A kind that came later.
      return isObject(source) && typeof source['type'] === 'string' && type !== 'text' ? 'file' : null;
    }),
    hasTools: tools,
    outputAsked: lengthIn(body, 'max_tokens', 'max_tokens_to_sample'),
    thinkingWithin: true,
    outputBeside: 0,
    answers: answersOf(body, 'anthropic'),
    inputs: 1,
    cacheWrite: !text.includes('"cache_control"') ? 'none' : text.includes('"ttl"') ? '1h' : '5m',
    // A conversation that is condensed is read once more, before each.
    runs: (1 + searches) * (condenses ? 2 : 1),
    uses,
    unbounded,
  };
}

function toolsOf(body: JsonObject): {
  tools: boolean;
  uses: { web_search: number; web_fetch: number };
  unbounded: string | null;
} {
  const uses = { web_search: 0, web_fetch: 0 };
  let unbounded: string | null =
    objectsIn(body['mcp_servers']).length > 0 ? unboundedTool('mcp', 'leave it out') : null;
  // A conversation may bring tools along.
  const brought = objectsIn(body['messages'])
    .flatMap(({ content }) => objectsIn(content))
    .flatMap(({ tool }) => objectsIn([isObject(tool) ? tool['definition'] : null]));
  const tools = [...objectsIn(body['tools']), ...brought];
  for (const { type, max_uses: most } of tools) {
    if (type === undefined || type === null || (typeof type === 'string' && callersTools.test(type))) continue;
    const dimension = boundedTools.find(([name]) => typeof type === 'string' && name.test(type))?.[1];
    if (dimension === undefined) unbounded ??= unboundedTool(type, 'leave it out');
    else if (typeof most === 'number' && Number.isSafeInteger(most) && most >= 0) uses[dimension] += most;
    else unbounded ??= unboundedTool(type, 'give it max_uses');
  }
  return { tools: tools.length > 0, uses, unbounded };
}

/** In blocks, and in those of what tools answered: nowhere else is base64 taken for a picture. */
function mediaIn(content: unknown, depth: number): number {
  if (depth === 0) return 0;
  return objectsIn(content).reduce((sum, { type, source, content: inner }) => {
    const within = typeof type === 'string' && type.endsWith('tool_result') ? mediaIn(inner, depth - 1) : 0;
    if ((type !== 'image' && type !== 'document') || !isObject(source)) return sum + within;
    const sealed = source['type'] === 'base64' && isMedia(source['media_type']);
    return sum + (sealed ? base64Bytes(source['data']) : 0);
  }, 0);
}
