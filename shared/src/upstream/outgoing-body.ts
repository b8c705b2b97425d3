// What goes to the provider, written once: its JSON without the model, which each home spells in its own way. Not what
// is in it (the dialects).

import { unmarked } from '../http/http.ts';
import type { JsonObject, Reading } from './call.ts';
import type { Api } from './guarded-members.ts';
import { LargeBody } from './large-body.ts';
import { malformed, withoutMembers } from './request-body.ts';
import { promptSize } from './usage/prompt-size.ts';

/**
 * Up to so many bytes of a request its JSON is a text. A larger one lies outside V8's heap, which has no room for it:
 * there a text takes two bytes a letter as soon as one of its letters needs them.
 */
const textBytesMax = 1024 * 1024;

/** A request that waits for its home's spelling of the model, and what estimates need to know of it. */
export type BodyWithoutModel = Pick<Reading, 'body' | 'modelAt' | 'promptSize'>;

/**
 * The JSON of a request without its model, which `withModel` puts back in its place: members stay in the order in which
 * they came.
 * @param bytes of the request as it came, 0 for a small one
 * @throws Refusal `bad-request` for a body that is nested deeper than can be written again: JSON.parse takes any
 * depth, JSON.stringify some thousand levels
 */
export function bodyOf(members: JsonObject, api: Api, bytes = 0): BodyWithoutModel {
  try {
    const { body, modelAt } = bytes > textBytesMax ? writtenLarge(members, bytes) : written(members);
    return { body, ...(modelAt > 1 && { modelAt }), promptSize: promptSize(members, api) };
  } catch (error) {
    if (error instanceof RangeError) throw malformed('it is nested too deeply');
    throw error;
  }
}

/** What is written, and the place where the model stood in it: 1 or 0 for in front. */
interface Written {
  readonly body: string | Buffer;
  readonly modelAt: number;
}

/** In one piece where the model comes first: a text that is put together is copied once more when it is read. */
function written(members: JsonObject): Written {
  const names = Object.keys(members);
  const at = names.indexOf('model');
  if (at <= 0) return { body: jsonOf(withoutMembers(members, 'model')), modelAt: 0 };
  const part = (some: readonly string[]): string =>
    jsonOf(Object.fromEntries(some.map((name) => [name, members[name]])));
  const front = part(names.slice(0, at)).slice(0, -1);
  const back = part(names.slice(at + 1)).slice(1);
  return { body: `${front}${front === '{' || back === '}' ? '' : ','}${back}`, modelAt: front.length };
}

/** Member by member, and lists element by element. */
function writtenLarge(members: JsonObject, bytes: number): Written {
  const body = new LargeBody(members, bytes);
  try {
    let modelAt = 0;
    body.add('{');
    for (const name of Object.keys(members)) {
      const value = members[name];
      if (name === 'model') modelAt = body.at();
      else if (value !== undefined) {
        body.add(`${body.at() > 1 ? ',' : ''}${jsonOf(name)}:`);
        if (Array.isArray(value)) addList(value, body);
        else body.add(jsonOf(value));
      }
    }
    body.add('}');
    return { body: body.whole(), modelAt };
  } finally {
    body.restore();
  }
}

function addList(list: readonly unknown[], body: LargeBody): void {
  body.add('[');
  list.forEach((item, i) => body.add(i === 0 ? jsonOf(item) : `,${jsonOf(item)}`));
  body.add(']');
}

function jsonOf(value: unknown): string {
  return unmarked(JSON.stringify(value));
}

/** Pieces that are one JSON behind each other. */
export function withModel({ body, modelAt }: Pick<Reading, 'body' | 'modelAt'>, model: string): (string | Buffer)[] {
  const written = `"model":${JSON.stringify(model)}`;
  if (typeof body === 'string') {
    if (modelAt !== undefined) return [`${body.slice(0, modelAt)},${written}`, body.slice(modelAt)];
    return [`{${written}${body === '{}' ? '' : ','}`, body.slice(1)];
  }
  if (modelAt !== undefined) return [body.subarray(0, modelAt), `,${written}`, body.subarray(modelAt)];
  return [`{${written}${body.length === 2 ? '' : ','}`, body.subarray(1)];
}
