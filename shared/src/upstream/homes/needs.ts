// What a request needs of a home beside its dialect: betas and server-side tools, where a home says which ones it
// knows, and the place that Anthropic's own API lets a caller choose.

import type { Home, ProviderRow } from '../../catalogue/catalogue.ts';
import type { JsonObject } from '../call.ts';

/** Names as the request has them. */
export interface Needs {
  readonly betas: readonly string[];
  readonly tools: readonly string[];
  /** Where the model is to run (`inference_geo`); null: wherever the home is. */
  readonly place: string | null;
}

const nothing: Needs = { betas: [], tools: [], place: null };
/** Run by the caller, whatever the home. */
const ownTools: ReadonlySet<string> = new Set(['function', 'custom']);

/** @param betas of the header `anthropic-beta`, where it is passed on */
export function needsOf(body: JsonObject, betas: string | null): Needs {
  const tools = body['tools'];
  const { inference_geo: geo } = body;
  const place = typeof geo === 'string' && geo !== '' ? geo : null;
  if (betas === null && !Array.isArray(tools) && place === null) return nothing;
  return {
    place,
    betas:
      betas === null
        ? []
        : betas
            .split(',')
            .map((name) => name.trim())
            .filter((name) => name !== ''),
    tools: Array.isArray(tools) ? [...new Set((tools as unknown[]).flatMap(toolNames))] : [],
  };
}

/** Anthropic and OpenAI name a tool's kind in `type`; Google by the member that holds it. */
function toolNames(tool: unknown): string[] {
  if (typeof tool !== 'object' || tool === null) return [];
  const { type } = tool as { type?: unknown };
  if (typeof type === 'string') return ownTools.has(type) ? [] : [type];
  if ('name' in tool || 'function' in tool) return [];
  return Object.keys(tool).filter((name) => !/^function_?declarations$/i.test(name));
}

/**
 * A home that does not say what it knows knows all that its company offers. A place can only be chosen at the company
 * whose member it is: elsewhere the home's own region is where it runs.
 * @param company the provider's
 */
export function meetsNeeds({ row }: Home, { betas, tools, place }: Needs, { company }: ProviderRow): boolean {
  return (
    (place === null || row.company === company) &&
    (row.betas === null || betas.every((name) => row.betas?.includes(name))) &&
    (row.tools === null || tools.every((name) => row.tools?.includes(name)))
  );
}

/** For the caller, where no home is left. */
export function needsText(model: string, { betas, tools, place }: Needs): string {
  const asked = [...betas, ...tools, ...(place === null ? [] : [`inference_geo ${place}`])];
  return `no home of ${model} knows all that the request asks for (${asked.join(', ').slice(0, 300)})`;
}
