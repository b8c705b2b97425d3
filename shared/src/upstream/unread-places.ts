// The places of a request whose text the rules of flagging do not look at: a closed list for each API, each with its
// reason. Everything else is read.

import type { JsonObject } from './call.ts';
import type { Api } from './guarded-members.ts';

/** One place. What is sealed is left out only while it is base64: words that stand there are read. */
interface UnreadPlace {
  /** Members from a block (an element of a message's content) down to the text. Lists are walked through. */
  readonly at: string;
  /** `type` of the object that has the text, where the API names one. */
  readonly type?: string;
  /**
   * `media`: a file, which is left out when its kind holds no comparable text, and decoded else. `sealed`: written by
   * the provider, for itself.
   */
  readonly holds: 'media' | 'sealed';
  readonly why: string;
}

/** Where the blocks of an API are, under which members more of them nest, and what is not read in one. */
interface UnreadTable {
  readonly blocks: readonly string[];
  readonly nested: readonly string[];
  readonly unread: readonly UnreadPlace[];
}

const pixels =
  'an image, a sound, a film or a PDF: pixels, waves and compressed streams, in which no phrase could be found';
const thoughts = 'the model’s own thinking, encrypted or signed by the provider, which refuses what it did not write';
const found = 'what the provider’s own tools found, encrypted by it';

const openai: UnreadTable = {
  blocks: ['messages.content'],
  nested: ['content'],
  unread: [
    { at: 'image_url.url', holds: 'media', why: pixels },
    { at: 'video_url.url', holds: 'media', why: pixels },
    { at: 'image_url', holds: 'media', why: pixels },
    { at: 'input_audio.data', holds: 'media', why: pixels },
    { at: 'file.file_data', holds: 'media', why: pixels },
  ],
};

/** The whole list. */
export const unreadTables: Readonly<Record<Api, UnreadTable>> = {
  anthropic: {
    blocks: ['system', 'messages.content'],
    nested: ['content', 'source.content'],
    unread: [
      { at: 'source.data', type: 'base64', holds: 'media', why: pixels },
      { at: 'signature', type: 'thinking', holds: 'sealed', why: thoughts },
      { at: 'data', type: 'redacted_thinking', holds: 'sealed', why: thoughts },
      { at: 'encrypted_content', type: 'compaction', holds: 'sealed', why: thoughts },
      { at: 'encrypted_content', type: 'web_search_result', holds: 'sealed', why: found },
      { at: 'encrypted_content', type: 'advisor_redacted_result', holds: 'sealed', why: found },
      { at: 'encrypted_stdout', type: 'encrypted_code_execution_result', holds: 'sealed', why: found },
      { at: 'citations.encrypted_index', type: 'web_search_result_location', holds: 'sealed', why: found },
    ],
  },
  openai,
  'openai-responses': {
    blocks: ['input'],
    nested: ['content', 'output'],
    unread: [
      { at: 'image_url', holds: 'media', why: pixels },
      { at: 'file_data', holds: 'media', why: pixels },
      { at: 'input_audio.data', holds: 'media', why: pixels },
      { at: 'encrypted_content', type: 'reasoning', holds: 'sealed', why: thoughts },
      { at: 'encrypted_content', type: 'compaction', holds: 'sealed', why: thoughts },
    ],
  },
  google: {
    blocks: ['contents.parts', 'systemInstruction.parts', 'system_instruction.parts'],
    nested: ['functionResponse.parts', 'function_response.parts'],
    unread: [
      { at: 'inlineData.data', holds: 'media', why: pixels },
      { at: 'inline_data.data', holds: 'media', why: pixels },
      { at: 'thoughtSignature', holds: 'sealed', why: thoughts },
      { at: 'thought_signature', holds: 'sealed', why: thoughts },
    ],
  },
};

/** Where a walk through a request stands, as far as the list goes on from there. */
export interface Place {
  readonly members: Map<string, Place>;
  readonly unread: UnreadPlace[];
}

const roots: Readonly<Record<Api, Place>> = {
  anthropic: rootOf(unreadTables.anthropic),
  openai: rootOf(unreadTables.openai),
  'openai-responses': rootOf(unreadTables['openai-responses']),
  google: rootOf(unreadTables.google),
};

/** The place of a request as a whole. */
export function rootPlace(api: Api): Place {
  return roots[api];
}

/** @returns what of a text is read: all of it, what it decodes to, or null: nothing */
export function readableAt(place: Place, holder: JsonObject, text: string): string | null {
  const rule = place.unread.find(({ type }) => type === undefined || holder['type'] === type);
  if (rule === undefined) return text;
  if (rule.holds === 'sealed') return isBase64(text) ? null : text;
  const { kind, data } = fileOf(holder, text);
  if (media.test(kind)) return null;
  return isBase64(data) ? Buffer.from(data, 'base64').toString('utf8') : text;
}

const media = /^(?:image\/(?!.*xml)|audio\/|video\/|application\/pdf\b)/i;
const dataUrl = /^data:([^,]{0,200}),/i;

/** A data URL tells its kind itself; beside plain bytes another member does. Sounds have a format of one word. */
function fileOf(holder: JsonObject, text: string): { kind: string; data: string } {
  const header = dataUrl.exec(text);
  if (header !== null) return { kind: header[1] ?? '', data: text.slice(header[0].length) };
  const { format } = holder;
  const told = holder['media_type'] ?? holder['mimeType'] ?? holder['mime_type'];
  const kind = typeof told === 'string' ? told : typeof format === 'string' ? `audio/${format}` : '';
  return { kind, data: text };
}

function isBase64(text: string): boolean {
  // Nothing that is repeated overlaps what follows it: the time grows with the length alone.
  return /^[\w+/\r\n-]*=*$/.test(text.trimEnd());
}

function rootOf({ blocks, nested, unread }: UnreadTable): Place {
  const root: Place = { members: new Map(), unread: [] };
  const block: Place = { members: new Map(), unread: [] };
  for (const row of unread) descend(block, row.at.split('.')).unread.push(row);
  // A block in a block is a block: however deep, the same rows hold.
  for (const path of nested) join(block, path.split('.'), block);
  for (const path of blocks) join(root, path.split('.'), block);
  return root;
}

function descend(from: Place, path: readonly string[]): Place {
  return path.reduce((place, member) => {
    const next = place.members.get(member) ?? { members: new Map(), unread: [] };
    place.members.set(member, next);
    return next;
  }, from);
}

function join(from: Place, path: readonly string[], to: Place): void {
  descend(from, path.slice(0, -1)).members.set(path.at(-1) ?? '', to);
}
