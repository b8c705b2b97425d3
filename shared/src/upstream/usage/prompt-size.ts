// How large a prompt is, as far as an estimate of its cost needs to know: a few numbers that are kept in its place.

import type { JsonObject, PromptSize } from '../call.ts';
import type { Api } from '../guarded-members.ts';
import { lengthAsked } from '../guard.ts';
import { readText } from '../prompt-text.ts';
import { withoutMembers } from '../request-body.ts';

/** Members that describe what may be called: a model reads them whole, their names and braces, too. */
export const schemaMembers: readonly string[] = ['tools', 'functions'];

/** @param schemaBytes of the JSON of `schemaMembers`; all of it together takes time that grows with its size */
export function promptSize(members: JsonObject, api: Api, schemaBytes: number): PromptSize {
  let bytes = schemaBytes;
  let images = 0;
  readText(
    withoutMembers(members, 'model', ...schemaMembers),
    api,
    (text) => void (bytes += Buffer.byteLength(text)),
    (object) => {
      if (isImage(object)) images++;
    },
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
