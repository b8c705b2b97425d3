// How large a request of OpenAI's chat and text completions is at the most, whoever serves it.

import type { PartKind } from '../../catalogue/catalogue.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import {
  answersOf,
  base64Bytes,
  countParts,
  dataUrlBytes,
  lengthIn,
  objectsIn,
  unboundedTool,
  type DialectSize,
} from './size.ts';

/** Run by the caller. */
const callersTools: ReadonlySet<unknown> = new Set([undefined, null, 'function', 'custom']);
/** Members by which one provider or another searches, reads or runs something on its own, and bills it. */
const searching = [
  'web_search_options',
  'search_parameters',
  'search_options',
  'search_settings',
  'enable_search',
  'web_search',
  'plugins',
  'compound_custom',
  'documents',
];

export function openAiSize(body: JsonObject, _model: string, text: string): DialectSize {
  const tools = objectsIn(body['tools']);
  const theirs = tools.find(({ type }) => !callersTools.has(type));
  const searches = searching.find((name) => (body[name] ?? null) !== null && body[name] !== false);
  const prediction = isObject(body['prediction']) ? JSON.stringify(body['prediction']) : '';
  return {
    mediaBytes: objectsIn(body['messages'])
      .flatMap(({ content }) => objectsIn(content))
      .reduce((sum, part) => sum + mediaIn(part), 0),
    parts: countParts([body['messages']], kindOf),
    hasTools: tools.length > 0 || objectsIn(body['functions']).length > 0,
    outputAsked: lengthIn(body, 'max_tokens', 'max_completion_tokens'),
    thinkingWithin: false,
    // What was predicted and not taken is billed as if it were written.
    outputBeside: Buffer.byteLength(prediction),
    answers: answersOf(body, 'openai'),
    inputs: 1,
    // OpenAI caches without being asked to; companies that resell other makers' models pass cache marks on.
    cacheWrite: text.includes('"ttl"') ? '1h' : '5m',
    runs: 1,
    uses: {},
    unbounded:
      theirs !== undefined
        ? unboundedTool(theirs['type'], 'leave it out')
        : searches !== undefined
          ? `"${searches}" makes the provider search, at a cost without a bound: leave it out`
          : null,
  };
}

/** Parts as OpenAI and those who speak its dialect name them: `image_url`, `input_audio`, `file`, `document_url`. */
export function kindOf(part: JsonObject): PartKind | null {
  if ('input_audio' in part || (isObject(part['audio']) && 'id' in part['audio'])) return 'audio';
  for (const name in part)
    if (name.endsWith('_url'))
      return name === 'image_url' ? 'image' : name === 'video_url' ? 'video' : name === 'audio_url' ? 'audio' : 'file';
  const { type } = part;
  if (type === 'input_image') return 'image';
  return 'file_id' in part || 'file_data' in part ? 'file' : null;
}

function mediaIn(part: JsonObject): number {
  const { type } = part;
  const inner = typeof type === 'string' ? part[type] : null;
  if (type === 'image_url' || type === 'video_url') return dataUrlBytes(isObject(inner) ? inner['url'] : inner);
  if (!isObject(inner)) return 0;
  if (type === 'input_audio') return base64Bytes(inner['data']);
  return type === 'file' ? dataUrlBytes(inner['file_data']) : 0;
}
