// Usage in Gemini's words: kinds of content by lists beside the totals, thoughts beside the answer, searches in the
// candidates.

import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import { boundedCopy, countOf, nothingTold, qualifiersOf, restOf, unknownCounts, used, wordOf } from './report.ts';
import type { UsageReport } from './served-usage.ts';

const lists = ['promptTokensDetails', 'cacheTokensDetails', 'candidatesTokensDetails', 'toolUsePromptTokensDetails'];
const totals = ['promptTokenCount', 'candidatesTokenCount', 'thoughtsTokenCount', 'toolUsePromptTokenCount'];
const known: ReadonlySet<string> = new Set([
  ...totals,
  'cachedContentTokenCount',
  'totalTokenCount',
  ...lists.map((name) => `${name}.tokenCount`),
]);

/** What of an answer is billed apart from its tokens. */
export interface GoogleUses {
  /** Queries to Google Search. */
  readonly searches: number;
  /** Whether Google Maps gave anything. */
  readonly maps: boolean;
}

/**
 * Up to the second generation a prompt that was searched for is billed once, later ones by the query
 * (ai.google.dev/gemini-api/docs/pricing, 2026-11).
 */
export const billedByPrompt = /^(models\/)?gemini-[12](\.|-)/;

/**
 * @param model that was asked for, bare
 * @param modelVersion the model that the answer names
 * @param ended whether it is the report of a whole answer, where what is left out is zero
 */
export function googleUsage(
  report: JsonObject,
  uses: GoogleUses,
  { model, modelVersion }: { readonly model: string; readonly modelVersion: unknown },
  ended: boolean,
): UsageReport {
  const answered = wordOf(modelVersion);
  if (!totals.some((name) => typeof report[name] === 'number')) {
    const whole = boundedCopy(report);
    return { ...nothingTold, answered, whole: Object.keys(whole).length === 0 ? null : whole };
  }
  const [prompt, cached, answer] = lists.map((name) => byKind(report[name]));
  const cachedTokens = countOf(report['cachedContentTokenCount']);
  const promptTokens = countOf(report['promptTokenCount']);
  const toolTokens = countOf(report['toolUsePromptTokenCount']);
  const reasoning = countOf(report['thoughtsTokenCount']);
  // What the total has beyond these parts is thinking, which is reported nowhere else.
  const told = countOf(report['candidatesTokenCount']) + reasoning;
  const output = Math.max(told, countOf(report['totalTokenCount']) - promptTokens - toolTokens);
  const of = (kinds: ReadonlyMap<string, number> | undefined, kind: string): number => kinds?.get(kind) ?? 0;
  const audio = restOf(of(prompt, 'AUDIO'), of(cached, 'AUDIO'));
  const image = restOf(of(prompt, 'IMAGE'), of(cached, 'IMAGE'));
  const video = restOf(of(prompt, 'VIDEO'), of(cached, 'VIDEO'));
  const counts = used({
    input: restOf(promptTokens, cachedTokens, audio, image, video) + toolTokens,
    cache_read: restOf(cachedTokens, of(cached, 'AUDIO'), of(cached, 'IMAGE')),
    audio_input: audio,
    audio_cache_read: of(cached, 'AUDIO'),
    image_input: image,
    image_cache_read: of(cached, 'IMAGE'),
    video_input: video,
    output: restOf(output, reasoning, of(answer, 'AUDIO'), of(answer, 'IMAGE'), of(answer, 'VIDEO')),
    reasoning,
    audio_output: of(answer, 'AUDIO'),
    image_output: of(answer, 'IMAGE'),
    video_output: of(answer, 'VIDEO'),
    web_search: billedByPrompt.test(answered ?? model) ? Math.min(uses.searches, 1) : uses.searches,
    maps_grounding: uses.maps ? 1 : 0,
    ...unknownCounts(report, known),
  });
  const qualifiers = qualifiersOf({ service_tier: tierOf(report) });
  const whole = boundedCopy(report);
  return { parts: [{ model: null, counts, qualifiers }], whole, answered, told: ended ? 'all' : 'input' };
}

function byKind(list: unknown): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>();
  for (const item of Array.isArray(list) ? list.filter(isObject) : []) {
    const kind = typeof item['modality'] === 'string' ? item['modality'].toUpperCase() : '';
    kinds.set(kind, (kinds.get(kind) ?? 0) + countOf(item['tokenCount']));
  }
  return kinds;
}

/** `ON_DEMAND_FLEX` is the tier `flex`; throughput that was bought beforehand has no price by the call. */
function tierOf({ serviceTier, trafficType }: JsonObject): unknown {
  const tier = serviceTier ?? trafficType;
  return typeof tier === 'string' ? tier.toLowerCase().replace(/^(on_demand|service_tier|traffic_type)_/, '') : tier;
}
