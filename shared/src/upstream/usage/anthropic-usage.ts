// Usage in Anthropic's words: caches by their life, tools that ran at the provider, and iterations, some of other
// models.

import { memberOf } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import { boundedCopy, countOf, nothingTold, qualifiersOf, restOf, unknownCounts, used, wordOf } from './report.ts';
import type { ServedUsage, UsageReport } from './served-usage.ts';

const tokens = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cache_creation.ephemeral_5m_input_tokens',
  'cache_creation.ephemeral_1h_input_tokens',
  'output_tokens_details.thinking_tokens',
];
/** Members that are read here. Looking for a tool costs nothing but its tokens. */
const known: ReadonlySet<string> = new Set([
  ...tokens,
  ...tokens.map((name) => `iterations.${name}`),
  ...['web_search_requests', 'web_fetch_requests', 'code_execution_requests', 'tool_search_requests'].map(
    (name) => `server_tool_use.${name}`,
  ),
  'fallback_credit.*',
]);

/**
 * @param asked the model that the request named, bare
 * @param answered the model that the answer names, or null
 */
export function anthropicUsage(report: JsonObject, asked: string, answered: string | null): UsageReport {
  const hasInput = typeof report['input_tokens'] === 'number';
  const hasOutput = typeof report['output_tokens'] === 'number';
  if (!hasInput && !hasOutput) return { ...nothingTold, answered };
  const iterations = iterationsOf(report);
  const model = servingModel(iterations, asked, answered);
  const byModel = Map.groupBy(iterations, (iteration) => sameModel(iteration['model'], model));
  // The top level leaves out what condensed the conversation, and the iterations may be cut: of each count the larger
  // is true.
  const own = larger(countsOf(report), sumOf(byModel.get(true) ?? []));
  const tools = memberOf(report, 'server_tool_use');
  const geo = report['inference_geo'];
  const qualifiers = qualifiersOf({ service_tier: report['service_tier'], speed: report['speed'], geo });
  const counts = used({
    ...own,
    web_search: countOf(tools['web_search_requests']),
    web_fetch: countOf(tools['web_fetch_requests']),
    code_execution: countOf(tools['code_execution_requests']),
    ...unknownCounts(report, known),
  });
  const others = Map.groupBy(byModel.get(false) ?? [], ({ model: other }) => wordOf(other) ?? 'unnamed');
  const parts: ServedUsage[] = [{ model: sameModel(model, asked) ? null : model, counts, qualifiers }];
  for (const [other, list] of others) parts.push({ model: other, counts: used(sumOf(list)), qualifiers });
  return { parts, whole: boundedCopy(report), answered, told: hasOutput ? 'all' : 'input' };
}

function iterationsOf({ iterations }: JsonObject): readonly JsonObject[] {
  return Array.isArray(iterations) ? iterations.slice(0, 1_000).filter(isObject) : [];
}

/** A stream names its model before another takes over; the last one that did is the one of the top level. */
function servingModel(iterations: readonly JsonObject[], asked: string, answered: string | null): string {
  const fallback = iterations.findLast(({ type, model }) => type === 'fallback_message' && wordOf(model) !== null);
  return wordOf(fallback?.['model']) ?? answered ?? asked;
}

/**
 * An iteration without a name is of the model that serves; a name with a date, or with `-latest`, is the name without.
 */
function sameModel(one: unknown, other: string): boolean {
  return typeof one !== 'string' || plainName(one) === plainName(other);
}

const plainName = (model: string): string => model.toLowerCase().replace(/[-@](20\d{6}|latest)$/, '');

type Counts = ReturnType<typeof countsOf>;

function countsOf(report: JsonObject) {
  const lives = memberOf(report, 'cache_creation');
  const hour = countOf(lives['ephemeral_1h_input_tokens']);
  const minutes = countOf(lives['ephemeral_5m_input_tokens']);
  // Cache writes without a stated life have the ordinary one.
  const written = Math.max(countOf(report['cache_creation_input_tokens']), hour + minutes);
  const output = countOf(report['output_tokens']);
  const reasoning = Math.min(countOf(memberOf(report, 'output_tokens_details')['thinking_tokens']), output);
  return {
    input: countOf(report['input_tokens']),
    cache_read: countOf(report['cache_read_input_tokens']),
    cache_write_5m: restOf(written, hour),
    cache_write_1h: hour,
    output: restOf(output, reasoning),
    reasoning,
  };
}

function sumOf(reports: readonly JsonObject[]): Counts {
  return reports.map(countsOf).reduce((sum, counts) => combine(sum, counts, (a, b) => a + b), countsOf({}));
}

/** Of either side the larger; thinking is told at the top alone, so output counts with it. */
function larger(top: Counts, summed: Counts): Counts {
  const reasoning = Math.max(top.reasoning, summed.reasoning);
  const output = Math.max(top.output + top.reasoning, summed.output + summed.reasoning);
  // Lives are told of the whole or of the iterations: what is written for an hour is so wherever it is told.
  const written = Math.max(top.cache_write_5m + top.cache_write_1h, summed.cache_write_5m + summed.cache_write_1h);
  const hour = Math.max(top.cache_write_1h, summed.cache_write_1h);
  return {
    ...combine(top, summed, Math.max),
    cache_write_1h: hour,
    cache_write_5m: restOf(written, hour),
    reasoning,
    output: restOf(output, reasoning),
  };
}

function combine(a: Counts, b: Counts, by: (one: number, other: number) => number): Counts {
  return Object.fromEntries(
    Object.entries(a).map(([name, count]) => [name, by(count, b[name as keyof Counts])]),
  ) as Counts;
}
