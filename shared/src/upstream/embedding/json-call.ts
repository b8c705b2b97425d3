// One JSON call to an embedding provider: bounded answer, faults as the refusals that instances know. Not what is
// asked.

import type { Readable } from 'node:stream';
import { decoded, parseInTurns, Pieces, post, Refusal } from '../../http/http.ts';
import type { JsonObject } from '../call.ts';
import { destinationOf } from '../destination.ts';
import { isObject } from '../request-body.ts';
import { embeddingRefusal } from './embedder.ts';

/** 2,048 vectors of 3,072 numbers as text. */
const answerBytesMax = 160 * 1024 * 1024;
/** Of an answer, beside the numbers that were asked for: what stands around each vector weighs some 40. */
const answerWeightMax = 200_000;
/** Of a provider's own 400, as much as callers read. */
const quotedCharactersMax = 1_024;

/** A call. */
export interface JsonCall {
  readonly provider: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Numbers that the answer should have. */
  readonly numbers: number;
  readonly signal: AbortSignal;
}

/** @throws Refusal of `embeddingRefusal`; the signal's reason */
export async function callJson({ provider, url, headers, body, numbers, signal }: JsonCall): Promise<JsonObject> {
  let status: number;
  let text: string;
  let onLeft = (): void => undefined;
  try {
    const destination = destinationOf(url, Object.entries({ 'content-type': 'application/json', ...headers }));
    signal.throwIfAborted();
    const sent = post(destination, JSON.stringify(body));
    onLeft = () => sent.end(signal.reason as Error);
    signal.addEventListener('abort', onLeft, { once: true });
    const response = await sent.answer;
    status = response.statusCode ?? 0;
    const content = decoded(response);
    if (content === null) {
      response.destroy();
      throw embeddingRefusal.failed(provider, 'an encoding that was not asked for');
    }
    text = await readText(content, provider);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Refusal) throw error;
    throw embeddingRefusal.failed(provider, 'connection failed', error);
  } finally {
    signal.removeEventListener('abort', onLeft);
  }
  if (status === 429) throw embeddingRefusal.overloaded();
  if (status === 400) throw embeddingRefusal.badRequest(`bad request: ${text.slice(0, quotedCharactersMax)}`);
  if (status !== 200) throw embeddingRefusal.failed(provider, `unexpected status ${status}`);
  const answer = await parseInTurns(text, { weightMax: answerWeightMax + numbers }).catch((error: unknown) => {
    const what = error instanceof RangeError ? 'an answer of more than was asked for' : 'an answer that is no JSON';
    throw embeddingRefusal.failed(provider, what);
  });
  signal.throwIfAborted();
  if (!isObject(answer)) throw embeddingRefusal.failed(provider, 'an answer that is no JSON');
  return answer;
}

async function readText(content: Readable, provider: string): Promise<string> {
  const pieces = new Pieces();
  for await (const chunk of content as AsyncIterable<Buffer>) {
    pieces.push(chunk);
    if (pieces.bytes > answerBytesMax) throw embeddingRefusal.failed(provider, 'an answer that is too large');
  }
  return pieces.text();
}

/** A list of numbers of the right length, or the refusal of an answer that has none. */
export function vectorOf(value: unknown, length: number, provider: string): readonly number[] {
  if (!Array.isArray(value) || value.length !== length || !value.every((item) => typeof item === 'number'))
    throw embeddingRefusal.failed(provider, `a vector that is not of ${length} numbers`);
  return value;
}
