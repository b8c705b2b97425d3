// Usage in OpenAI's words: of chat and text completions and of the Responses API, and what other providers of that API
// call otherwise.

import { memberOf } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import { boundedCopy, countOf, nothingTold, qualifiersOf, restOf, unknownCounts, used, wordOf } from './report.ts';
import type { ServedUsage, UsageReport } from './served-usage.ts';

const kinds = 'text_tokens audio_tokens image_tokens video_tokens'.split(' ');
const inputDetails = [
  ...kinds,
  'cached_tokens',
  'cache_write_tokens',
  ...kinds.map((kind) => `cached_tokens_details.${kind}`),
];
const outputDetails = [...kinds, 'reasoning_tokens', 'accepted_prediction_tokens', 'rejected_prediction_tokens'];
const toolUses = ['web_search_requests', 'web_search_calls', 'code_interpreter_calls', 'file_search_calls'];
const below = (members: readonly string[], names: readonly string[]): string[] =>
  members.flatMap((member) => names.map((name) => `${member}.${name}`));

/**
 * Members that are read here, that say the same again, or that cost nothing: times, prices that the provider states
 * itself.
 */
const known: ReadonlySet<string> = new Set([
  ...'prompt_tokens completion_tokens input_tokens output_tokens total_tokens'.split(' '),
  ...'cached_tokens reasoning_tokens prompt_cache_hit_tokens prompt_cache_miss_tokens'.split(' '),
  ...below(['prompt_tokens_details', 'input_tokens_details'], inputDetails),
  ...below(['completion_tokens_details', 'output_tokens_details'], outputDetails),
  ...below(['server_tool_use', 'server_side_tool_usage_details'], toolUses),
  ...'num_server_side_tools_used queue_time prompt_time completion_time total_time'.split(' '),
  ...'cost cost_in_usd_ticks cost_details.*'.split(' '),
]);

/** What decides about the price besides the report. */
export interface AnswerSays {
  readonly model: unknown;
  readonly serviceTier: unknown;
  /** Where several models worked on the answer, what each of them used: `{ models: [{ model, usage }] }` (Groq). */
  readonly byModel?: unknown;
  /** Uses of tools that stand in the answer itself, by dimension. */
  readonly toolUses?: Readonly<Record<string, number>> | null;
}

/**
 * @param said what the answer says of itself beside its usage
 * @param reasoningBeside as the provider's row says: see `outputOf`
 */
export function openAiUsage(report: JsonObject, said: AnswerSays, reasoningBeside: boolean): UsageReport {
  const answered = wordOf(said.model);
  if (!tells(report)) return { ...nothingTold, answered };
  const counts = countsOf(report, reasoningBeside);
  if (said.toolUses !== undefined && said.toolUses !== null) Object.assign(counts, said.toolUses);
  const qualifiers = qualifiersOf({ service_tier: said.serviceTier });
  const others = isObject(said.byModel) ? partsByModel(said.byModel, reasoningBeside) : [];
  if (others.length === 0) {
    const whole = boundedCopy({ ...report, service_tier: said.serviceTier });
    return { parts: [{ model: null, counts, qualifiers }], whole, answered, told: 'all' };
  }
  // The total is usually the sum of its parts; what it has beyond them is the requested model's.
  const rest = beyond(counts, others);
  const parts = [
    ...(Object.keys(rest).length > 0 ? [{ model: null, counts: rest, qualifiers }] : []),
    ...others.map((part) => ({ ...part, qualifiers })),
  ];
  const whole = boundedCopy({ ...report, service_tier: said.serviceTier, usage_breakdown: said.byModel });
  return { parts, whole, answered, told: 'all' };
}

/** Disjoint, by dimension. */
function countsOf(report: JsonObject, reasoningBeside: boolean): Record<string, number> {
  const prompt = countOf(report['prompt_tokens'] ?? report['input_tokens']);
  const completion = outputOf(report, reasoningBeside);
  const input = detailsOf(report, 'input_tokens_details', 'prompt_tokens_details');
  const output = detailsOf(report, 'output_tokens_details', 'completion_tokens_details');
  const ofCached = memberOf(input, 'cached_tokens_details');
  const cached = countOf(input['cached_tokens'] ?? report['cached_tokens'] ?? report['prompt_cache_hit_tokens']);
  const [audioCached, imageCached] = [countOf(ofCached['audio_tokens']), countOf(ofCached['image_tokens'])];
  const written = countOf(input['cache_write_tokens']);
  // What was read from the cache is among the tokens of its kind.
  const audio = restOf(countOf(input['audio_tokens']), audioCached);
  const image = restOf(countOf(input['image_tokens']), imageCached);
  const video = countOf(input['video_tokens']);
  const reasoning = Math.min(reasoningOf(report), completion);
  const spoken = countOf(output['audio_tokens']);
  const [drawn, filmed] = [countOf(output['image_tokens']), countOf(output['video_tokens'])];
  const tools = detailsOf(report, 'server_tool_use', 'server_side_tool_usage_details');
  return used({
    input: restOf(prompt, cached, written, audio, image, video),
    cache_read: restOf(cached, audioCached, imageCached),
    cache_write_5m: written,
    audio_input: audio,
    audio_cache_read: audioCached,
    image_input: image,
    image_cache_read: imageCached,
    video_input: video,
    output: restOf(completion, reasoning, spoken, drawn, filmed),
    reasoning,
    audio_output: spoken,
    image_output: drawn,
    video_output: filmed,
    web_search: countOf(tools['web_search_requests'] ?? tools['web_search_calls']),
    file_search: countOf(tools['file_search_calls']),
    code_execution: countOf(tools['code_interpreter_calls']),
    ...unknownCounts(report, known),
  });
}

/** More models than any answer is made by. */
const modelsMax = 20;

function partsByModel(byModel: JsonObject, reasoningBeside: boolean): ServedUsage[] {
  const list = byModel['models'];
  const told = (Array.isArray(list) ? list.slice(0, modelsMax) : []).filter(isObject);
  return told.flatMap(({ model, usage }) =>
    isObject(usage) && tells(usage)
      ? [{ model: wordOf(model) ?? 'unnamed', counts: countsOf(usage, reasoningBeside) }]
      : [],
  );
}

/** What the total has beyond its parts, by dimension. */
function beyond(whole: Readonly<Record<string, number>>, parts: readonly ServedUsage[]): Record<string, number> {
  return used(
    Object.fromEntries(
      Object.entries(whole).map(([name, count]) => [
        name,
        restOf(count, ...parts.map((part) => part.counts[name] ?? 0)),
      ]),
    ),
  );
}

const noDetails: JsonObject = Object.freeze({});

/** Two members for the same, by their names in the two APIs: of a report that has both, the second says more. */
export function detailsOf(report: JsonObject, first: string, second: string): JsonObject {
  const [one, other] = [report[first], report[second]];
  if (!isObject(other)) return isObject(one) ? one : noDetails;
  return isObject(one) ? { ...one, ...other } : other;
}

const totals = ['prompt_tokens', 'input_tokens', 'completion_tokens', 'output_tokens', 'total_tokens'] as const;

/** Whether it is a report at all: some send an empty one with every chunk. */
function tells(report: JsonObject): boolean {
  return totals.some((name) => typeof report[name] === 'number');
}

/**
 * Tokens of the answer, thinking included. Where a provider counts thinking beside `completion_tokens` its total
 * tells; and who reports more thought than was written altogether can only have it beside, whatever its row says.
 */
export function outputOf(report: JsonObject, reasoningBeside: boolean): number {
  const completion = countOf(report['completion_tokens'] ?? report['output_tokens']);
  const prompt = countOf(report['prompt_tokens'] ?? report['input_tokens']);
  const reasoning = reasoningOf(report);
  const total = countOf(report['total_tokens']) - prompt;
  if (reasoning > completion) return Math.max(completion + reasoning, total);
  return reasoningBeside ? Math.max(completion, total) : completion;
}

function reasoningOf(report: JsonObject): number {
  const output = detailsOf(report, 'output_tokens_details', 'completion_tokens_details');
  return countOf(output['reasoning_tokens'] ?? report['reasoning_tokens']);
}
