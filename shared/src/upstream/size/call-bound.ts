// What a call may cost at the most, before it is sent: its dialect's size and the catalogue's prices put together.

import { boundOf, type Bound, type Model, type PriceBook } from '../../catalogue/catalogue.ts';
import type { Call } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { requestObject } from '../request-body.ts';
import { secondNames } from '../second-models.ts';
import { dialectSizes } from './dialect-sizes.ts';
import { textBytesOf } from './size.ts';

/** When it is asked, and how long a model may write unseen, in ms. */
export interface Asked {
  readonly atMs: number;
  readonly unseenMs: number;
}

/**
 * The upper bound and the expected cost of a call, over all its homes. It reads the whole request again: ask it only
 * of calls that are charged in dollars.
 */
export function boundOfCall(call: Call, book: PriceBook, { atMs, unseenMs }: Asked): Bound {
  const { model, homes } = call;
  if (model === null) return { worstNanoUsd: null, why: 'nobody serves the model' };
  const body = String(call.body);
  const { api } = dialectNamed(call.dialect);
  const members = requestObject(JSON.parse(body));
  const [second] = secondNames(members, api, call.provider.toolModels);
  if (second !== undefined)
    return { worstNanoUsd: null, why: `another model is called beside it, ${second.slice(0, 100)}: leave it out` };
  const { mediaBytes, ...size } = dialectSizes[call.dialect](members, model.name, body);
  const by = { model, homes: homes.map(({ row }) => row.id), atMs, unseenMs };
  return boundOf({ ...size, textBytes: textBytesOf(body, mediaBytes) }, by, book);
}

/** The same of texts whose embeddings are asked for beside the dialects. */
export function boundOfTexts(
  texts: readonly string[],
  model: Model,
  homes: readonly string[],
  book: PriceBook,
  { atMs, unseenMs }: Asked,
): Bound {
  // Each text begins and ends with a mark in some models.
  const textBytes = texts.reduce((sum, text) => sum + textBytesOf(text, 0) + 2, 0);
  const rest = { parts: {}, hasTools: false, outputAsked: 0, thinkingWithin: true, outputBeside: 0, answers: 0 };
  const inputs = Math.max(1, texts.length);
  const size = { ...rest, inputs, textBytes, cacheWrite: 'none', runs: 1, uses: {}, unbounded: null } as const;
  return boundOf(size, { model, homes, atMs, unseenMs }, book);
}
