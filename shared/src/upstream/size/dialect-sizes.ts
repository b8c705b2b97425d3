// How large a request may be, one line a dialect. Not in the dialects: only calls that are charged in dollars ask.

import type { DialectName } from '../../catalogue/catalogue.ts';
import type { JsonObject } from '../call.ts';
import { anthropicSize } from './anthropic-size.ts';
import { embeddingSize, googleSize } from './google-size.ts';
import { openAiSize } from './openai-size.ts';
import { responsesSize } from './responses-size.ts';
import type { DialectSize } from './size.ts';

/**
 * How much may be read and written at the most.
 * @param body as it is sent, `Reading.body` parsed
 * @param model as the provider calls it
 * @param text what `body` was parsed from
 */
type SizeOf = (body: JsonObject, model: string, text: string) => DialectSize;

/** Texts and nothing else. */
const textsSize: SizeOf = ({ input }) => ({
  ...embeddingSize({}),
  inputs: Array.isArray(input) ? Math.max(1, input.length) : 1,
});

export const dialectSizes: Readonly<Record<DialectName, SizeOf>> = {
  'anthropic-messages': anthropicSize,
  'anthropic-text': anthropicSize,
  'anthropic-count-tokens': anthropicSize,
  'openai-chat': openAiSize,
  'openai-text': openAiSize,
  'openai-responses': responsesSize,
  'gemini-generate': googleSize,
  'gemini-embeddings': embeddingSize,
  'openai-embeddings': textsSize,
  'kserve-embeddings': textsSize,
};
