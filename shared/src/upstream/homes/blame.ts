// Whose fault an unsuccessful answer is: the caller's, the provider's, or ours. What providers say of it is data
// (blame.json), by API, with its source.

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { oneLine, redact } from '../../telemetry/telemetry.ts';
import { errorDocument } from '../answer-json.ts';
import type { Blame, JsonObject } from '../call.ts';
import type { Api } from '../guarded-members.ts';
import { isObject } from '../request-body.ts';

/** What an operator has to mend. */
export const ourFaults: ReadonlySet<Blame> = new Set(['key', 'money', 'access']);

const pattern = v.pipe(
  v.string(),
  v.transform((text) => new RegExp(text, 'i')),
);
const rows = v.parse(
  v.array(
    v.strictObject({
      api: v.picklist(['anthropic', 'openai', 'google']),
      /** Any of them; absent: whatever the status is, also in an answer of 200. */
      status: v.optional(v.array(v.number())),
      /** Each that is there must match. Messages from their beginning: what callers wrote may be quoted further on. */
      type: v.optional(pattern),
      code: v.optional(pattern),
      message: v.optional(pattern),
      blame: v.picklist(['key', 'money', 'access', 'state']),
      source: v.string(),
      asOf: v.string(),
    }),
  ),
  JSON.parse(readFileSync(new URL('./blame.json', import.meta.url), 'utf8')),
);

/** A provider's words in the log. */
const saidCharactersMax = 500;

/** An answer's fault, and what the provider said, in one bounded line. */
export interface Judged {
  readonly blame: Blame;
  readonly said: string;
}

/**
 * Judges an unsuccessful answer.
 * @param status the provider's; of a failure that was told in a 200, 200
 * @param text its body or event, as much of it as was read
 * @param modelKnown the catalogue has this model at this home
 */
export function judge(api: Api, status: number, text: string, modelKnown: boolean): Judged {
  const answer = errorOf(errorDocument(text));
  const said = wordsOf(answer);
  const speaker = speakerOf(api, answer);
  for (const row of rows) if (row.api === speaker && matches(row, status, answer)) return { blame: row.blame, said };
  return { blame: status === 200 ? blameOfWords(answer) : blameOfStatus(status, modelKnown), said };
}

type Row = (typeof rows)[number];

/** The members of an API's error that say what is wrong: nothing else of a body reaches a log. */
function wordsOf(error: JsonObject | null): string {
  const words = [error?.['type'], error?.['code'], error?.['message']].filter((word) => typeof word === 'string');
  return redact(oneLine(words.join(': ').slice(0, saidCharactersMax)));
}

function matches({ status: statuses, type, code, message }: Row, status: number, error: JsonObject | null): boolean {
  if (statuses !== undefined && status !== 200 && !statuses.includes(status)) return false;
  const says = (member: string, wanted: RegExp | undefined): boolean =>
    wanted === undefined || (typeof error?.[member] === 'string' && wanted.test(error[member]));
  return says('type', type) && says('code', code) && says('message', message);
}

/** Google's front end writes errors in Google's shape, whoever made the model; OpenAI's two APIs write them alike. */
function speakerOf(api: Api, error: JsonObject | null): Row['api'] {
  if (typeof error?.['code'] === 'number' && typeof error['status'] === 'string') return 'google';
  return api === 'openai-responses' ? 'openai' : api;
}

/** OpenAI and Anthropic have it in `error`; a Responses stream in `response.error`. */
function errorOf(answer: JsonObject | null): JsonObject | null {
  if (answer === null) return null;
  const response = answer['response'];
  if (isObject(response) && isObject(response['error'])) return response['error'];
  return isObject(answer['error']) ? answer['error'] : answer;
}

function blameOfStatus(status: number, modelKnown: boolean): Blame {
  if (status === 401) return 'key';
  if (status === 402) return 'money';
  if (status === 403) return 'access';
  if (status === 404) return modelKnown ? 'access' : 'caller';
  if (status === 429 || status === 503 || status === 529) return 'overload';
  if (status === 408 || (status >= 500 && status !== 501)) return 'failed';
  return 'caller';
}

/** An error in a 200 has no status of its own: its type, code or Google's number stands for it. */
function blameOfWords(error: JsonObject | null): Blame {
  const { type, code, status } = error ?? {};
  if (typeof code === 'number' && code >= 400) return blameOfStatus(code, false);
  const word = [type, code, status]
    .filter((value) => typeof value === 'string')
    .join(' ')
    .toLowerCase();
  if (/overloaded|rate_limit|too_many_requests|unavailable|resource_exhausted|slow_down/.test(word)) return 'overload';
  if (/authentication/.test(word)) return 'key';
  if (/permission/.test(word)) return 'access';
  if (/invalid|not_found|content|policy|too_large|context_length|bad_request/.test(word)) return 'caller';
  return 'failed';
}
