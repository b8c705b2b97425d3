// What the Responses API's tool for pictures used: its tokens are those of a model of its own, and stand beside the
// usage of the answer.

import { memberOf } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import { countOf, restOf, used, wordOf } from './report.ts';
import type { ServedUsage } from './served-usage.ts';

/** No model has this name: a call whose pictures are of a model that the answer does not name is marked by it. */
const unnamed = 'image_generation';

/** Null where it was not used. @param response whole, with its tools as the provider echoes them */
export function imageToolUsage(response: JsonObject): ServedUsage | null {
  const report = memberOf(memberOf(response, 'tool_usage'), 'image_gen');
  const [input, output] = [memberOf(report, 'input_tokens_details'), memberOf(report, 'output_tokens_details')];
  const cached = memberOf(report, 'cached_tokens_details');
  const [cachedImages, cachedTexts] = [countOf(cached['cached_image_tokens']), countOf(cached['cached_text_tokens'])];
  const images = countOf(input['image_tokens']);
  const words = countOf(output['text_tokens']);
  const read = Math.max(countOf(report['cached_tokens']), cachedImages + cachedTexts);
  const counts = used({
    input: restOf(countOf(report['input_tokens']), images, restOf(read, cachedImages)),
    cache_read: restOf(read, cachedImages),
    image_input: restOf(images, cachedImages),
    image_cache_read: cachedImages,
    output: words,
    image_output: restOf(countOf(report['output_tokens']), words),
  });
  if (Object.keys(counts).length === 0) return null;
  const tools = Array.isArray(response['tools']) ? response['tools'].filter(isObject) : [];
  const tool = tools.find(({ type }) => type === 'image_generation');
  return { model: wordOf(tool?.['model']) ?? unnamed, counts, qualifiers: {} };
}
