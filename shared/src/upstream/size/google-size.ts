// How large a request of Google's Gemini API is at the most.

import type { JsonObject } from '../call.ts';
import { folded, isGuardedPlace } from '../guarded-members.ts';
import { isObject, numberIn } from '../request-body.ts';
import { billedByPrompt } from '../usage/google-usage.ts';
import {
  answersOf,
  base64Bytes,
  countParts,
  isMedia,
  kindOfMime,
  lengthIn,
  objectsIn,
  unboundedTool,
  type DialectSize,
} from './size.ts';

/** Of a tool's object the members that make the provider do something; what it is called is folded. */
const callersTools: ReadonlySet<string> = new Set(['functiondeclarations', 'computeruse']);
const searches: ReadonlySet<string> = new Set(['googlesearch', 'googlesearchretrieval']);

export function googleSize(body: JsonObject, model: string): DialectSize {
  const tools = objectsIn(body['tools']).flatMap((tool) => Object.keys(tool).map(folded));
  const theirs = tools.filter((name) => !callersTools.has(name));
  const unbounded = theirs.find(
    (name) => !(name === 'urlcontext' || name === 'googlemaps' || (searches.has(name) && billedByPrompt.test(model))),
  );
  const config = [body['generationConfig'], body['generation_config']].filter(isObject);
  const asked = config
    .map((one) => lengthIn(one, 'maxOutputTokens', 'max_output_tokens'))
    .filter((one) => one !== null);
  return {
    ...sizeOf(body),
    hasTools: tools.length > 0,
    outputAsked: asked.length === 0 ? null : Math.max(...asked),
    answers: Math.max(1, ...settingsIn(body).map((one) => answersOf(one, 'google'))),
    inputs: 1,
    // What a tool found is read beside the prompt.
    runs: theirs.length > 0 ? 2 : 1,
    uses: {
      ...(theirs.some((name) => searches.has(name)) && { web_search: 1 }),
      ...(theirs.includes('googlemaps') && { maps_grounding: 1 }),
    },
    unbounded: unbounded === undefined ? null : unboundedTool(unbounded, 'leave it out'),
  };
}

/** Of texts that become vectors: nothing is written. */
export function embeddingSize(body: JsonObject): DialectSize {
  const inputs = Math.max(1, objectsIn(body['requests']).length);
  const rest = { hasTools: false, outputAsked: 0, answers: 0, runs: 1, uses: {}, unbounded: null };
  return { ...sizeOf(body), ...rest, inputs };
}

function sizeOf(
  body: JsonObject,
): Pick<DialectSize, 'mediaBytes' | 'parts' | 'thinkingWithin' | 'outputBeside' | 'cacheWrite'> {
  const contents = [body['contents'], body['content'], body['systemInstruction'], body['system_instruction']];
  const requests = objectsIn(body['requests']).map(({ content }) => content);
  const parts = [...contents, ...requests]
    .flatMap((content) => objectsIn(Array.isArray(content) ? content : [content]))
    .flatMap((content) => objectsIn(content['parts']));
  return {
    mediaBytes: parts.reduce((sum, part) => sum + mediaIn(part, 2), 0),
    parts: countParts([...contents, ...requests], (part) => {
      const file = part['inlineData'] ?? part['inline_data'] ?? part['fileData'] ?? part['file_data'];
      if (!isObject(file)) return null;
      const mime = file['mimeType'] ?? file['mime_type'];
      return kindOfMime(mime);
    }),
    thinkingWithin: true,
    outputBeside: 0,
    cacheWrite: '5m',
  };
}

function mediaIn(part: JsonObject, depth: number): number {
  const file = part['inlineData'] ?? part['inline_data'];
  const answer = part['functionResponse'] ?? part['function_response'];
  if (isObject(file) && isMedia(file['mimeType'] ?? file['mime_type'])) return base64Bytes(file['data']);
  if (depth === 0 || !isObject(answer)) return 0;
  return objectsIn(answer['parts']).reduce((sum, one) => sum + mediaIn(one, depth - 1), 0);
}

function settingsIn(body: JsonObject): readonly JsonObject[] {
  const inner = Object.entries(body).flatMap(([name, value]) =>
    isGuardedPlace(folded(name)) && isObject(value) ? [value] : [],
  );
  return [body, ...inner].filter((one) => Object.keys(one).some((name) => numberIn(one[name]) !== null));
}
