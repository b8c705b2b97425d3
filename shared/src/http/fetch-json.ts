// One call of ours to somebody's JSON API: a deadline, a bound on the answer, failures in words that may be shown. Not
// for providers (upstream/send.ts).

import type { IncomingMessage } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import { parseExactNumbers } from './exact-numbers.ts';
import { parseInTurns } from './json-in-turns.ts';
import { post } from './post.ts';
import { Pieces } from './text.ts';

/**
 * The longest list that a source gives weighs a tenth of it: 10,000 subscriptions. As lists and objects it would take
 * 150 MB.
 */
const weightMax = 8_000_000;

/** A call. */
export interface JsonRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Posted, these texts one behind the other; null: a GET. */
  readonly body: string | readonly string[] | null;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
  /**
   * Whether numbers of the answer that a double may not hold come as `JSON.rawJSON` objects; otherwise they are
   * rounded.
   */
  readonly exactNumbers?: boolean;
  /** Ends the call early; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** An answer, whatever its status. */
export interface JsonAnswer {
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly body: unknown;
}

/** Why there is no answer: never an address, a header or anything that was sent. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
}

/** Sends it; follows no redirect. @throws FetchFailed; the signal's reason */
export async function fetchJson({
  url,
  headers,
  body,
  timeoutMs,
  answerBytesMax,
  exactNumbers = false,
  signal,
}: JsonRequest): Promise<JsonAnswer> {
  signal?.throwIfAborted();
  const address = new URL(url);
  const sent = post(
    {
      secure: address.protocol === 'https:',
      options: { ...urlToHttpOptions(address), method: body === null ? 'GET' : 'POST' },
      headers: Object.entries({
        host: address.host,
        ...(body !== null && { 'content-type': 'application/json' }),
        'accept-encoding': 'identity',
        ...headers,
      }).flat(),
    },
    ...(typeof body === 'string' ? [body] : (body ?? [''])),
  );
  const ended: { reason: Error | null } = { reason: null };
  const end = (reason: Error): void => {
    ended.reason ??= reason;
    sent.end(reason);
  };
  const deadline = setTimeout(() => end(new FetchFailed('no answer in time')), timeoutMs);
  const leave = (): void => end(signal?.reason as Error);
  signal?.addEventListener('abort', leave, { once: true });
  try {
    const answer = await sent.answer;
    return { status: answer.statusCode ?? 0, body: await asJson(await readText(answer, answerBytesMax), exactNumbers) };
  } catch (error) {
    if (ended.reason !== null) throw ended.reason;
    if (error instanceof FetchFailed) throw error;
    throw new FetchFailed('connection failed', { cause: error });
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', leave);
  }
}

async function readText(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const pieces = new Pieces();
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    pieces.push(chunk);
    if (pieces.bytes > bytesMax) throw new FetchFailed('an answer that is too large');
  }
  return pieces.text();
}

async function asJson(text: string, exactNumbers: boolean): Promise<unknown> {
  try {
    return await parseInTurns(text, { weightMax, ...(exactNumbers && { parse: parseExactNumbers }) });
  } catch (error) {
    if (error instanceof RangeError) throw new FetchFailed('an answer of too many values');
    return undefined;
  }
}
