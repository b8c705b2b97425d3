// Which tools of a Responses request stay in it: those that the caller runs itself, and of the provider's own what the
// operator allows.

import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';

/**
 * They cost tokens and nothing else. All others, whatever providers invent, run at the provider and are billed by the
 * call or the hour.
 */
export const callersTools: ReadonlySet<string> = new Set([
  'function',
  'custom',
  'namespace',
  'tool_search',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
]);

/** Values of `tool_choice.type` that name no tool. */
const choices: ReadonlySet<string> = new Set(['allowed_tools']);
const nameCharactersMax = 40;

/**
 * Leaves the provider's own tools out, wherever tools are listed.
 * @param members changed
 * @param allowed types; one covers its versions: `web_search` also `web_search_preview`
 * @returns what was left out, in words for the caller
 */
export function withoutServerTools(members: JsonObject, allowed: readonly string[]): string[] {
  const left = new Set<string>();
  const keep = (list: unknown): unknown => {
    if (!Array.isArray(list)) return list;
    return (list as unknown[]).filter((tool) => {
      if (!isServerTool(tool, allowed)) return true;
      left.add(tool.type);
      return false;
    });
  };
  const listsWithin = (list: unknown): unknown =>
    Array.isArray(list)
      ? list.map((one: unknown) =>
          isObject(one) && Array.isArray(one['tools']) ? { ...one, tools: keep(one['tools']) } : one,
        )
      : list;
  if (members['tools'] !== undefined) members['tools'] = listsWithin(keep(members['tools']));
  // A conversation may bring tools along.
  if (hasTools(members['input'])) members['input'] = listsWithin(members['input']);
  const { tools, tool_choice: choice } = members;
  if (isServerTool(choice, allowed)) left.add(choice.type);
  if (left.size === 0) return [];
  if (Array.isArray(tools) && tools.length === 0) {
    delete members['tools'];
    delete members['tool_choice'];
  } else if (isObject(choice) && left.has(String(choice['type']))) delete members['tool_choice'];
  else if (isObject(choice) && choices.has(String(choice['type']))) {
    const rest = keep(choice['tools']);
    if (Array.isArray(rest) && rest.length === 0) delete members['tool_choice'];
    else members['tool_choice'] = { ...choice, tools: rest };
  }
  return [
    `tools: ${[...left].map((type) => type.slice(0, nameCharactersMax)).join(', ')} left out: the gateway's operator allows tools that the provider runs by CODY_GATEWAY_RESPONSES_SERVER_TOOLS`,
  ];
}

function hasTools(input: unknown): boolean {
  return Array.isArray(input) && input.some((item) => isObject(item) && Array.isArray(item['tools']));
}

/** A tool without a type is left for the provider to refuse. */
function isServerTool(tool: unknown, allowed: readonly string[]): tool is JsonObject & { type: string } {
  if (!isObject(tool)) return false;
  const { type, environment } = tool;
  if (typeof type !== 'string' || callersTools.has(type) || choices.has(type)) return false;
  // A shell runs in a container of the provider's, unless its environment is the caller's own machine.
  if (type === 'shell' && (!isObject(environment) || environment['type'] === 'local')) return false;
  return !allowed.some((name) => type === name || type.startsWith(`${name}_`));
}
