// What goes to the provider, written once: its JSON without the model, which each home spells in its own way. Not what
// is in it (the dialects).

import { unmarked } from '../http/http.ts';
import type { JsonObject, Reading } from './call.ts';
import type { Api } from './guarded-members.ts';
import { LargeBody } from './large-body.ts';
import { malformed } from './request-body.ts';
import { promptSize, schemaMembers } from './usage/prompt-size.ts';

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
  const large = bytes > textBytesMax ? new LargeBody(members, bytes) : null;
  try {
    const target = large ?? new TextBody();
    const { modelAt, schemaBytes } = write(members, target);
    large?.restore();
    const size = promptSize(members, api, schemaBytes);
    return { body: target.whole(), ...(modelAt > 1 && { modelAt }), promptSize: size };
  } catch (error) {
    if (error instanceof RangeError) throw malformed('it is nested too deeply');
    throw error;
  } finally {
    large?.restore();
  }
}

/** Takes JSON piece by piece. */
interface Target {
  /** The place behind what was taken, in units of the whole. */
  at(): number;
  add(json: string): void;
  /** Bytes taken since that place. */
  bytesSince(at: number): number;
  /** Whether a list is better written element by element. */
  readonly inPieces: boolean;
  whole(): string | Buffer;
}

class TextBody implements Target {
  readonly inPieces = false;
  #text = '';

  at(): number {
    return this.#text.length;
  }

  add(json: string): void {
    this.#text += json;
  }

  bytesSince(at: number): number {
    return Buffer.byteLength(this.#text.slice(at));
  }

  whole(): string {
    return this.#text;
  }
}

/** @returns the place where the model stood, 1 or 0 for in front */
function write(members: JsonObject, target: Target): { modelAt: number; schemaBytes: number } {
  let [modelAt, schemaBytes] = [0, 0];
  target.add('{');
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (name === 'model') modelAt = target.at();
    else if (value !== undefined) {
      target.add(`${target.at() > 1 ? ',' : ''}${jsonOf(name)}:`);
      const at = target.at();
      if (target.inPieces && Array.isArray(value)) addList(value, target);
      else target.add(jsonOf(value));
      if (schemaMembers.includes(name)) schemaBytes += target.bytesSince(at);
    }
  }
  target.add('}');
  return { modelAt, schemaBytes };
}

function addList(list: readonly unknown[], target: Target): void {
  target.add('[');
  list.forEach((item, i) => target.add(i === 0 ? jsonOf(item) : `,${jsonOf(item)}`));
  target.add(']');
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
