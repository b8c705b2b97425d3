// The tags of one call, by which a customer's own people share its cost: what callers already send for that, bounded,
// and never a text. Not the tags of a subscription, which its source states.

import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '../upstream/upstream.ts';

/** `X-Cody-Tags: team=search, project=alpha`. */
const header = 'x-cody-tags';

/** Members in which the SDKs of a dialect take such pairs. Anthropic's has room for a user alone, which is no tag. */
const members: Readonly<Partial<Record<Call['dialect'], string>>> = {
  'openai-chat': 'metadata',
  'openai-text': 'metadata',
  'openai-responses': 'metadata',
  'gemini-generate': 'labels',
};

const tagsMax = 10;
/** Words and not texts: a blank is in no tag, so no sentence of a prompt is one. */
const isName = (name: string): boolean => /^[A-Za-z0-9][\w.-]{0,39}$/.test(name);
const isValue = (value: string): boolean => /^[\w.:@/+-]{1,64}$/.test(value);
const bounds = `at most ${tagsMax} are, of a name of 40 and a value of 64 letters, digits and _.:@/+-`;
/** Of a header that is longer the rest is not looked at. */
const headerCharactersMax = 4_000;

/** What the ledger has of them. */
export interface CallTags {
  /** `name=value`, of each name the first: the header's before the body's. */
  readonly tags: readonly string[];
  /** What of them was not kept, in words for the caller; null: nothing. */
  readonly warning: string | null;
}

const none: CallTags = { tags: [], warning: null };

/**
 * @param body as the caller sent it; absent: the header alone counts
 * @param dialect of the body
 */
export function callTagsOf(headers: IncomingHttpHeaders, body?: unknown, dialect?: Call['dialect']): CallTags {
  const stated = headers[header];
  const member = dialect === undefined ? undefined : members[dialect];
  const pairs = member === undefined ? null : (body as Readonly<Record<string, unknown>> | null)?.[member];
  if (stated === undefined && !isObject(pairs)) return none;
  const kept = new Map<string, string>();
  let left = 0;
  const take = (name: string, value: unknown): void => {
    if (kept.has(name)) return;
    if (kept.size < tagsMax && typeof value === 'string' && isName(name) && isValue(value)) kept.set(name, value);
    else left++;
  };
  if (typeof stated === 'string')
    for (const pair of stated.slice(0, headerCharactersMax).split(',')) {
      const at = pair.indexOf('=');
      if (pair.trim() !== '') take(pair.slice(0, Math.max(0, at)).trim(), pair.slice(at + 1).trim());
    }
  if (isObject(pairs)) for (const name in pairs) take(name, pairs[name]);
  const warning = left === 0 ? null : `tags: ${left} of this call are not in its record: ${bounds}`;
  return { tags: [...kept].map(([name, value]) => `${name}=${value}`), warning };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
