// How large a prompt is, as far as an estimate of its cost needs to know: a few numbers that are kept in its place.

import type { JsonObject, PromptSize } from '../call.ts';
import type { Api } from '../guarded-members.ts';
import { lengthAsked } from '../guard.ts';
import { readText } from '../prompt-text.ts';
import { isObject } from '../request-body.ts';

/** Members that describe what may be called: a model reads them whole, their names and braces, too. */
const schemaMembers: readonly string[] = ['tools', 'functions'];
/** The model is a name, and schemas are counted whole. */
const notWords: ReadonlySet<string> = new Set(['model', ...schemaMembers]);

/** In time that grows with the request's size; nothing of it is kept or copied. */
export function promptSize(members: JsonObject, api: Api): PromptSize {
  let bytes = schemaMembers.reduce((sum, name) => sum + jsonBytes(members[name]), 0);
  let images = 0;
  readText(
    members,
    api,
    (text) => void (bytes += Buffer.byteLength(text)),
    (object) => {
      if (isImage(object)) images++;
    },
    notWords,
  );
  return { bytes, images, maxTokens: lengthAsked(members, api) };
}

const imageTypes: ReadonlySet<unknown> = new Set(['image', 'image_url', 'input_image', 'input_image_url']);
const mimeMembers = ['mimeType', 'mime_type', 'mimetype', 'mime_Type'] as const;

function isImage(object: JsonObject): boolean {
  if (imageTypes.has(object['type'])) return true;
  return mimeMembers.some((name) => {
    const mime = object[name];
    return typeof mime === 'string' && mime.startsWith('image/');
  });
}

/**
 * About the bytes of a value's JSON, escapes aside. Not recursive: how deep a schema is nested is its caller's choice.
 */
function jsonBytes(value: unknown): number {
  if (value === undefined) return 0;
  let bytes = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (next === undefined) continue;
    if (typeof next === 'string') bytes += Buffer.byteLength(next) + 2;
    else if (Array.isArray(next)) {
      bytes += Math.max(2, next.length + 1);
      for (const item of next as unknown[]) left.push(item ?? null);
    } else if (isObject(next)) {
      const names = Object.keys(next);
      bytes += Math.max(2, names.length + 1);
      for (const name of names) {
        bytes += Buffer.byteLength(name) + 3;
        left.push(next[name]);
      }
    } else bytes += JSON.stringify(next).length;
  }
  return bytes;
}
