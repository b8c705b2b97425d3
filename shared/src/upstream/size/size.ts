// How large a request is at the most, for the upper bound of its cost: what all dialects have in common. Where an API
// has its texts, parts and tools its own file knows (the files beside).

import type { PartKind, RequestSize } from '../../catalogue/catalogue.ts';
import type { JsonObject } from '../call.ts';
import { guardOf, folded, type Api } from '../guarded-members.ts';
import { isObject, numberIn } from '../request-body.ts';

/** What a dialect says of a request; how long its text is the JSON of the whole says (`textBytesOf`). */
export interface DialectSize extends Omit<RequestSize, 'textBytes'> {
  /** Bytes of the JSON that are no text: pictures and the like, at the places where only such are taken. */
  readonly mediaBytes: number;
}

/**
 * Bytes of a request that may be text. Some tokenizers bring a text into its compatibility form first, in which one
 * letter may be eighteen: the longer form counts.
 * @param body JSON, in which no text is shorter than it is
 */
export function textBytesOf(body: string, mediaBytes: number): number {
  const bytes = Buffer.byteLength(body);
  const longest = bytes === body.length ? bytes : Math.max(bytes, normalizedBytes(body));
  return longest - mediaBytes;
}

/**
 * Characters that are brought into another form at once: the whole of a large body may become eighteen times as long.
 */
const pieceCharacters = 64 * 1024;

/** It may count a few more: letters that would be joined across the border of two pieces count as two. */
function normalizedBytes(text: string): number {
  let bytes = 0;
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + pieceCharacters, text.length);
    // Not inside a surrogate pair, nor between a letter and its marks where a plain letter is near.
    while (to < text.length && to > from + pieceCharacters / 2 && text.charCodeAt(to) > 0x7f) to--;
    if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--;
    bytes += Buffer.byteLength(text.slice(from, to).normalize('NFKC'));
    from = to;
  }
  return bytes;
}

/**
 * Counts parts anywhere in what a model reads: what looks like one may be taken for one. In time that grows with its
 * size, and not recursive: how deep a request is nested is its caller's choice.
 * @param read without descriptions of tools, where members are only named
 */
export function countParts(
  read: readonly unknown[],
  kindOf: (value: JsonObject) => PartKind | null,
): DialectSize['parts'] {
  const counts: Partial<Record<PartKind, number>> = {};
  const values: unknown[] = [...read];
  while (values.length > 0) {
    const next = values.pop();
    if (Array.isArray(next)) for (const one of next as unknown[]) values.push(one);
    else if (isObject(next)) {
      const kind = kindOf(next);
      if (kind !== null) counts[kind] = (counts[kind] ?? 0) + 1;
      for (const name in next) values.push(next[name]);
    }
  }
  return counts;
}

/** Base64 that stands for a part: words in its place would be read. */
export function base64Bytes(data: unknown): number {
  return typeof data === 'string' && /^[\w+/-]*=*$/.test(data) ? data.length : 0;
}

/** The same of a data URL of a picture, a sound, a film or a PDF. */
export function dataUrlBytes(url: unknown): number {
  if (typeof url !== 'string') return 0;
  const head = /^data:([\w.+-]+\/[\w.+-]+);base64,/.exec(url);
  return head === null || !isMedia(head[1]) ? 0 : base64Bytes(url.slice(head[0].length));
}

/** Whether a file of this type is billed as a picture, sound or film; all others are billed as text. */
export function isMedia(mime: unknown): boolean {
  return typeof mime === 'string' && /^(image\/(?!.*xml)|audio\/|video\/|application\/pdf$)/i.test(mime);
}

export function kindOfMime(mime: unknown): PartKind {
  const [kind] = typeof mime === 'string' ? mime.toLowerCase().split('/') : [];
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'file';
}

/** Members by which several answers are asked for, as they were left in the request. */
export function answersOf(settings: JsonObject, api: Api): number {
  let most = 1;
  for (const name of Object.keys(settings))
    if (guardOf(api, folded(name))?.rule === 'one') most = Math.max(most, numberIn(settings[name]) ?? 1);
  return most;
}

/**
 * The largest of some members that say how long an answer may be, in the one spelling that is heard; what says nothing
 * or less than one is not heard.
 */
export function lengthIn(settings: JsonObject, ...members: readonly string[]): number | null {
  const told = members.map((name) => settings[name]).filter((value) => typeof value === 'number' && value >= 1);
  return told.length === 0 ? null : Math.ceil(Math.max(...(told as number[])));
}

/** What is a list's object. */
export const objectsIn = (list: unknown): readonly JsonObject[] =>
  Array.isArray(list) ? (list as unknown[]).filter(isObject) : [];

/** For a tool of the provider's that may be used as often as the model likes. */
export const unboundedTool = (type: unknown, advice: string): string =>
  `the tool ${typeof type === 'string' ? type.slice(0, 40) : '?'} runs at the provider, at a cost without a bound: ${advice}`;
