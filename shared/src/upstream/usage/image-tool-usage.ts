// What the Responses API's tool for pictures used: its tokens are those of a model of its own, and stand beside the
// usage of the answer.

import type { ProviderRow } from '../../catalogue/catalogue.ts';
import { memberOf } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import { toolModel } from '../second-models.ts';
import { countOf, restOf, used, wordOf } from './report.ts';
import type { ServedUsage } from './served-usage.ts';

const imageTool = 'image_generation';

/**
 * Null where it was not used. Where neither the answer nor the provider's row says whose pictures they are, the tool's
 * own name stands for the model: it has no price, and marks the call.
 * @param response whole, with its tools as the provider echoes them
 * @param unnamed the provider's models of tools that name none
 */
export function imageToolUsage(response: JsonObject, unnamed: ProviderRow['toolModels']): ServedUsage | null {
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
  const tool = tools.find(({ type }) => type === imageTool);
  return { model: wordOf(tool?.['model']) ?? toolModel(imageTool, unnamed) ?? imageTool, counts, qualifiers: {} };
}
