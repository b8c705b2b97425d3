// All text of a request that a model may read, for the rules of flagging, and how many tokens are asked for. Not a
// tokenizer, and nothing that is kept.

import { unmarked } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { lengthAsked } from './guard.ts';
import type { Api } from './guarded-members.ts';
import { isObject } from './request-body.ts';
import { readableAt, rootPlace, type Place } from './unread-places.ts';

/** What the rules look at. */
export interface PromptText {
  /**
   * Words, in the order in which a model reads them: what is counted and recorded. Made when it is first asked for:
   * most calls meet no rule that reads it.
   */
  readonly text: () => string;
  /**
   * What surrounds the words, one a line: names of members, roles, identifiers. Phrases are looked for here too, since
   * models read schemas and arguments whole.
   */
  readonly asides: () => string;
  /** The most tokens that are asked for, or null where none are named. */
  readonly maxTokens: number | null;
}

/**
 * Reads any provider's request, in time that grows with its size. Whatever the role or the kind of a block, its words
 * count.
 */
export function promptText(body: JsonObject, api: Api): PromptText {
  let text: string | null = null;
  return {
    text: () => (text ??= textOf(body, api)),
    asides: () => asidesOf(body, api),
    maxTokens: lengthAsked(body, api),
  };
}

/** Members that come first, in this order: the instructions, then the prompt. All others follow in theirs. */
const first: readonly string[] = [
  'system',
  'instructions',
  'systemInstruction',
  'system_instruction',
  'prompt',
  'suffix',
];
const unlabelled: ReadonlySet<string> = new Set(['prompt', 'suffix']);
const conversations: ReadonlySet<string> = new Set(['messages', 'contents', 'input']);
const roleNames: Readonly<Record<string, string>> = { user: 'Human', assistant: 'Assistant', system: 'System' };

function textOf(body: JsonObject, api: Api): string {
  const pieces: string[] = [];
  readText(body, api, (text) => pieces.push(text));
  return pieces.join('');
}

/**
 * The words in pieces, in their order. Each message of Anthropic's begins with its role and ends with a blank line, as
 * its tokens are counted.
 * @param takeObject is told of each object on the way
 * @param without members that are passed over
 */
export function readText(
  body: JsonObject,
  api: Api,
  take: Take,
  takeObject: TakeObject | null = null,
  without: ReadonlySet<string> = nothing,
): void {
  const root = rootPlace(api);
  const words = (value: unknown, place: Place | null, takeWords: Take): void => {
    if (typeof value === 'string') takeWords(value);
    else walk(value, place, takeWords, null, takeObject);
  };
  const add = (role: string, value: unknown, place: Place | null): void => {
    const so = { far: 0 };
    words(value, place, (text) => {
      if (text === '') return;
      if (so.far === 0 && api === 'anthropic') take(`${roleNames[role] ?? role}: `);
      so.far += text.length;
      take(text);
    });
    if (so.far > 0) take(api === 'anthropic' ? '\n\n' : '\n');
  };
  const conversation = (value: unknown, place: Place | null): void => {
    // Some providers accept a single content where a list is expected, so it is read as well.
    for (const message of Array.isArray(value) ? (value as unknown[]) : [value])
      add(isObject(message) && typeof message['role'] === 'string' ? message['role'] : '', message, place);
  };
  const member = (name: string): void => {
    const value = body[name];
    const place = root.members.get(name) ?? null;
    if (conversations.has(name)) conversation(value, place);
    else if (unlabelled.has(name)) words(value, place, take);
    else if (name.startsWith('system')) add('system', value, place);
    else add(name, { [name]: value }, root);
  };
  for (const name of first) if (body[name] !== undefined) member(name);
  for (const name of Object.keys(body)) if (!first.includes(name) && !without.has(name)) member(name);
}

const nothing: ReadonlySet<string> = new Set();

function asidesOf(body: JsonObject, api: Api): string {
  const asides = new Set<string>();
  walk(body, rootPlace(api), null, (text) => asides.add(text), null);
  return [...asides].join('\n');
}

/** Members whose texts are names and addresses: of the API's own things, or of things elsewhere. */
const asideMembers: ReadonlySet<string> = new Set([
  'role',
  'type',
  'id',
  'tool_use_id',
  'tool_call_id',
  'call_id',
  'file_id',
  'url',
  'uri',
  'fileUri',
  'file_uri',
  'media_type',
  'mimeType',
  'mime_type',
  'format',
  'detail',
  'ttl',
  'model',
  'user',
  'user_id',
  'metadata',
  'stop',
  'stop_sequences',
  'stopSequences',
  'service_tier',
  'languageId',
]);
/** A longer one is no name: it counts as words. */
const asideCharactersMax = 256;

/** A name, or a list of them. */
function isAside(member: string, value: unknown): boolean {
  if (!asideMembers.has(member)) return false;
  const isName = (one: unknown): boolean => typeof one === 'string' && one.length <= asideCharactersMax;
  return Array.isArray(value) ? value.length > 0 && value.every(isName) : isName(value);
}

type Take = (text: string) => void;
type TakeObject = (object: JsonObject) => void;

/**
 * Every text in a value, in order: words to one function, what surrounds them to the other. Not recursive: how deep a
 * request is nested is its caller's choice.
 */
function walk(
  value: unknown,
  place: Place | null,
  takeWords: Take | null,
  takeAside: Take | null,
  takeObject: TakeObject | null,
): void {
  const values: unknown[] = [value];
  const places: (Place | null)[] = [place];
  while (values.length > 0) {
    const next = values.pop();
    const at = places.pop() ?? null;
    if (typeof next === 'string') takeWords?.(next);
    else if (Array.isArray(next))
      for (let i = next.length - 1; i >= 0; i--) {
        values.push(next[i]);
        places.push(at);
      }
    else if (isObject(next)) {
      takeObject?.(next);
      const members = Object.keys(next);
      for (let i = members.length - 1; i >= 0; i--) {
        const name = members[i] ?? '';
        takeAside?.(unmarked(name));
        const below = at?.members.get(name) ?? null;
        const member = next[name];
        const read = typeof member === 'string' && below !== null ? readableAt(below, next, member) : member;
        if (isAside(name, read)) {
          for (const one of Array.isArray(read) ? (read as string[]) : [read as string]) takeAside?.(one);
          continue;
        }
        if (read === null) continue;
        values.push(read);
        places.push(below);
      }
    }
  }
}
