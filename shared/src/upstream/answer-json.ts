// JSON in a provider's answers, read for its usage alone: what can't be read is null and never an error, since the
// bytes pass all the same.

import { Pieces, readJson } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { isObject } from './request-body.ts';

/** Past this an answer is relayed, but its usage stays unknown: no answer of a model is that long. */
const bytesMax = 16 * 1024 * 1024;

/** The pieces of an answer that is no stream. */
export interface JsonBody {
  take(chunk: Buffer): void;
  /**
   * The object, or null when nothing came, it was too long, or it is not an object. May be asked before the answer is
   * whole, and is null then: what a call has cost so far is asked while it runs.
   */
  value(): JsonObject | null;
}

export function createJsonBody(): JsonBody {
  return new AnswerBody();
}

/** A class: every stream keeps one to its end, though hardly any has use for it, and closures would be kept with it. */
class AnswerBody implements JsonBody {
  #pieces: Pieces | null = null;
  #value: JsonObject | null = null;
  /** What was read and is no whole object yet. */
  #text = '';
  #readBytes = 0;
  #closed = false;

  take(chunk: Buffer): void {
    const pieces = (this.#pieces ??= new Pieces());
    if (pieces.bytes > bytesMax) return;
    this.#closed = isClosed(chunk) ?? this.#closed;
    // A copy: the caller's connection may still hold the piece, and these are released once they are read.
    pieces.push(Buffer.from(chunk));
    if (pieces.bytes <= bytesMax) return;
    pieces.clear();
    this.#text = '';
  }

  value(): JsonObject | null {
    const pieces = this.#pieces;
    // Bytes are read once, whatever becomes of them, and an answer that does not end in a bracket is not whole.
    if (this.#value !== null || pieces === null || !this.#closed || pieces.bytes > bytesMax) return this.#value;
    if (pieces.bytes === this.#readBytes) return null;
    this.#readBytes = pieces.bytes;
    this.#text += pieces.text();
    this.#value = jsonObject(this.#text);
    if (this.#value !== null) this.#text = '';
    return this.#value;
  }
}

/** Whether the last byte that is no blank ends an object; null where all are blank. */
function isClosed(chunk: Buffer): boolean | null {
  for (let i = chunk.length - 1; i >= 0; i--) if ((chunk[i] ?? 0) > 0x20) return chunk[i] === 0x7d;
  return null;
}

/**
 * The object of a JSON text, or null; what of it is too heavy to be read is left out. Texts that are no object
 * (`[DONE]`) cost no parse.
 */
export function jsonObject(text: string | null): JsonObject | null {
  if (text === null || !/^\s*\{/.test(text)) return null;
  const value = readJson(text);
  return isObject(value) ? value : null;
}

/** The object of an error's text: Google writes it into a list where a stream was asked for. */
export function errorDocument(text: string): JsonObject | null {
  const list = /^\s*\[/.test(text) ? readJson(text) : null;
  const first: unknown = Array.isArray(list) ? list[0] : null;
  return isObject(first) ? first : jsonObject(text);
}

/** A member that is an object, or an empty one: answers leave details out, or say null. */
export function memberOf(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? value : {};
}

/** A number of tokens, or null for anything else. */
export function tokenCount(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
