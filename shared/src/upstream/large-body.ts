// The JSON of a large request, written straight into bytes outside V8's heap: neither a text of all of it nor a second
// copy of a long one is made on the way. Not for small requests, which are sooner written as a text.

import { randomBytes } from 'node:crypto';
import type { JsonObject } from './call.ts';
import { isObject } from './request-body.ts';

/** A text of so many characters is written by itself, and not as a part of what surrounds it. */
const longMin = 1024;
/** Characters that are written in one go. */
const pieceMax = 64 * 1024;
/** More than a request grows by what the gateway adds to it. */
const slackBytes = 64 * 1024;

/** Stands in the place of a long text, with its number: of this process, so no caller can have written it. */
const mark = randomBytes(16).toString('base64url');
const marks = new RegExp(`"${mark}(\\d+)"`, 'g');

interface Aside {
  readonly container: Record<string | number, unknown>;
  readonly name: string | number;
  readonly text: string;
}

/** Takes the JSON of the members that it is made with, whose long texts stand aside until they are restored. */
export class LargeBody {
  #bytes: Buffer;
  #used = 0;
  #asides: Aside[];

  /** @param bytes how many are expected */
  constructor(members: JsonObject, bytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes + slackBytes);
    this.#asides = setAside(members);
  }

  at(): number {
    return this.#used;
  }

  add(json: string): void {
    let from = 0;
    for (const { 0: found, 1: number, index } of json.matchAll(marks)) {
      this.#put(json.slice(from, index));
      this.#putLong(this.#asides[Number(number)]?.text ?? '');
      from = index + found.length;
    }
    this.#put(from === 0 ? json : json.slice(from));
  }

  whole(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Puts the long texts back in their places; further calls do nothing. */
  restore(): void {
    for (const { container, name, text } of this.#asides) container[name] = text;
    this.#asides = [];
  }

  #putLong(text: string): void {
    this.#put('"');
    for (let from = 0; from < text.length;) {
      let to = Math.min(from + pieceMax, text.length);
      // Not inside a surrogate pair: its halves would be escaped.
      if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--;
      this.#put(JSON.stringify(text.slice(from, to)).slice(1, -1));
      from = to;
    }
    this.#put('"');
  }

  #put(text: string): void {
    const fits = this.#bytes.length - this.#used;
    if (text.length * 3 > fits) {
      const bytes = Buffer.byteLength(text);
      if (bytes > fits) this.#grow(this.#used + bytes);
    }
    this.#used += this.#bytes.write(text, this.#used);
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.ceil(least * 1.25));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}

/** Not recursive: how deep a request is nested is its caller's choice. */
function setAside(members: JsonObject): Aside[] {
  const asides: Aside[] = [];
  const left: Record<string | number, unknown>[] = [members];
  const look = (container: Record<string | number, unknown>, name: string | number): void => {
    const value = container[name];
    if (typeof value === 'string') {
      if (value.length < longMin) return;
      container[name] = `${mark}${asides.length}`;
      asides.push({ container, name, text: value });
    } else if (Array.isArray(value)) left.push(value as never);
    else if (isObject(value)) left.push(value);
  };
  for (let next = left.pop(); next !== undefined; next = left.pop())
    if (Array.isArray(next)) for (let i = 0; i < next.length; i++) look(next, i);
    else for (const name of Object.keys(next)) look(next, name);
  return asides;
}
