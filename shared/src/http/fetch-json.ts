// One call of ours to somebody's JSON API: a deadline, a bound on the answer, failures in words that may be told. Not for providers (upstream/transport.ts).

/** A call. */
export interface JsonRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
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

/** Posts it; follows no redirect. @throws FetchFailed; the signal's reason */
export async function fetchJson({
  url,
  headers,
  body,
  timeoutMs,
  answerBytesMax,
  signal,
}: JsonRequest): Promise<JsonAnswer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      redirect: 'error',
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    return { status: response.status, body: asJson(await textOf(response, answerBytesMax)) };
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (error instanceof FetchFailed) throw error;
    throw new FetchFailed(deadline.aborted ? 'no answer in time' : 'connection failed', { cause: error });
  }
}

async function textOf(response: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new FetchFailed('an answer that is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
