// The relay over real sockets: the provider's bytes reach the caller whatever the pieces, and each way to end is told
// apart.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { loadCompression } from '../http/http.ts';
import type { Answer, Meter } from '../upstream/upstream.ts';
import { relay, type Relayed } from './relay.ts';

const chunk = (text: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content: text } }], usage: null })}\n\n`;
const usageChunk = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } })}\n\n`;
const done = 'data: [DONE]\n\n';

/** Reads what OpenAI's meter reads, and hides the usage chunk: the relay is what is tested here. */
function meterOf(): Meter {
  const seen = { inputTokens: null as number | null, finished: false, failed: false };
  let whole = '';
  const take = (text: string): void => {
    const tokens = /"prompt_tokens":(\d+)/.exec(text)?.[1];
    if (tokens !== undefined) seen.inputTokens = Number(tokens);
  };
  return {
    event: ({ data }) => {
      if (data === '[DONE]') seen.finished = true;
      if (data?.startsWith('{"error"') === true) seen.failed = true;
      take(data ?? '');
      return data?.includes('"choices":[]') !== true;
    },
    body: (piece) => take((whole += piece.toString('utf8'))),
    finished: () => seen.finished,
    failed: () => seen.failed,
    usage: () => ({
      inputTokens: seen.inputTokens,
      outputTokens: null,
      cacheReadTokens: null,
      cacheWriteTokens: null,
      reasoningTokens: null,
      completionCharacters: null,
    }),
    report: () => ({ parts: [], whole: null, answered: null, told: 'nothing' }),
    written: () => whole.length,
  };
}

/** An answer whose body comes in these pieces, then ends, or breaks off with the error. */
function answerOf(pieces: readonly (string | Buffer)[], sse: boolean, error: Error | null = null): Answer {
  return {
    status: 200,
    callerStatus: 200,
    retryAfter: null,
    refusal: null,
    home: 'openai-api',
    sentMs: 0,
    headersMs: 1,
    headers: {},
    arrayStream: false,
    sse,
    body: (async function* () {
      for (const piece of pieces) {
        await new Promise(setImmediate);
        yield Buffer.from(piece as string);
      }
      if (error !== null) throw error;
    })(),
    meter: meterOf(),
    onEnded: () => undefined,
    abort: () => undefined,
  };
}

/** Relays to a real caller and says what it got, and how the relay ended. */
async function relayed(t: TestContext, answer: Answer): Promise<Relayed & { body: string }> {
  let outcome: Relayed | null = null;
  const server = createServer((_request, response) => {
    const left = new AbortController();
    const begin = (): null => {
      if (!response.headersSent) response.writeHead(200);
      return null;
    };
    relay(answer, response, begin, left.signal).then(
      (result) => {
        outcome = result;
        response.end(result.last);
      },
      (error: unknown) => response.destroy(error as Error),
    );
  }).listen(0);
  t.after(() => server.close());
  const request = get({ port: (server.address() as AddressInfo).port, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const pieces = await response.toArray();
  assert.ok(outcome !== null);
  return { ...(outcome as Relayed), body: Buffer.concat(pieces).toString('utf8') };
}

test('a stream cut at every byte reaches the caller whole but for the usage that was asked for on our account', async (t) => {
  const stream = Buffer.from(`${chunk('Hé')}${chunk('llo')}${usageChunk}${done}`);
  const wanted = `${chunk('Hé')}${chunk('llo')}${done}`;
  for (let cut = 0; cut <= stream.length; cut++) {
    const answer = answerOf([stream.subarray(0, cut), stream.subarray(cut)], true);
    const { end, body } = await relayed(t, answer);
    assert.deepEqual([end, body], ['whole', wanted], `cut at ${cut}`);
    assert.equal(answer.meter.usage().inputTokens, 7);
  }
});

test('a stream without its end mark was cut, and half an event is not relayed: it may be the hidden one', async (t) => {
  for (const [pieces, body] of [
    [[chunk('a'), usageChunk.slice(0, -2)], chunk('a')],
    [[chunk('a')], chunk('a')],
    [[chunk('a'), 'data: {"cho'], chunk('a')],
  ] as const) {
    const result = await relayed(t, answerOf(pieces, true));
    assert.deepEqual([result.end, result.body], ['cut', body]);
  }
});

test('a provider that breaks off is a cut with its error', async (t) => {
  const error = new Error('reset');
  const result = await relayed(t, answerOf([chunk('a')], true, error));
  assert.deepEqual([result.end, result.error, result.body], ['cut', error, chunk('a')]);
});

test('the provider’s own error in a stream is known, so that none of ours follows', async (t) => {
  const answer = answerOf([chunk('a'), 'data: {"error":{"message":"overloaded"}}\n\n'], true);
  const result = await relayed(t, answer);
  assert.equal(result.end, 'cut');
  assert.equal(answer.meter.failed(), true);
  assert.match(result.body, /overloaded/);
});

test('of a whole answer the last piece waits for the end of the call', async (t) => {
  const answer = answerOf(['{"choices":[],', '"usage":{"prompt_tokens":5}}'], false);
  const result = await relayed(t, answer);
  assert.deepEqual([result.end, result.last?.toString()], ['whole', '"usage":{"prompt_tokens":5}}']);
  assert.equal(result.body, '{"choices":[],"usage":{"prompt_tokens":5}}');
  assert.equal(answer.meter.usage().inputTokens, 5);
});

for (const [how, gzip] of [
  ['as it is', null],
  ['as gzip', new (await loadCompression()).GzipFrames()],
] as const) {
  test(`a caller that takes nothing is waited for until the call is ended, and no longer: ${how}`, async (t) => {
    const deadline = new Error('a deadline passed');
    let over = false;
    const endless = (async function* () {
      for (;;) {
        await new Promise(setImmediate);
        // As an answer breaks off when its deadline passes.
        if (over) throw deadline;
        yield Buffer.from(chunk(randomBytes(48 * 1024).toString('base64')));
      }
    })();
    let wake: (() => void) | null = null;
    const answer: Answer = { ...answerOf([], true), body: endless, onEnded: (listener) => void (wake = listener) };
    const server = createServer().listen(0);
    t.after(() => server.closeAllConnections());
    t.after(() => server.close());
    const request = get({ port: (server.address() as AddressInfo).port, agent: false });
    request.on('error', () => undefined).on('response', (incoming) => incoming.pause());
    const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    response.writeHead(200);
    const relaying = relay(answer, response, () => gzip, new AbortController().signal);
    while (wake === null) await new Promise(setImmediate);
    over = true;
    (wake as () => void)();
    const { end, error } = await relaying;
    assert.deepEqual([end, error], ['cut', deadline]);
    assert.deepEqual([wake, response.listenerCount('drain')], [null, 0], 'nothing waits any more');
  });

  test(`a caller that left aborts the provider’s call, also while it was too slow to take a piece: ${how}`, async (t) => {
    let aborted = 0;
    const endless = (async function* () {
      for (;;) {
        await new Promise(setImmediate);
        yield Buffer.from(chunk(randomBytes(48 * 1024).toString('base64')));
      }
    })();
    const answer: Answer = { ...answerOf([], true), body: endless, abort: () => void aborted++ };
    const left = new AbortController();
    const server = createServer().listen(0);
    t.after(() => server.close());
    const request = get({ port: (server.address() as AddressInfo).port, agent: false });
    request.on('error', () => undefined);
    const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    response.once('close', () => left.abort());
    response.writeHead(200);
    const relaying = relay(answer, response, () => gzip, left.signal);
    const [incoming] = (await once(request, 'response')) as [IncomingMessage];
    // Nothing is read: the buffers fill, the relay waits for `drain`, and then the caller is gone.
    while (!response.writableNeedDrain) await new Promise(setImmediate);
    incoming.destroy();
    assert.equal((await relaying).end, 'left');
    assert.equal(aborted, 1);
  });
}

for (const [what, pieces] of Object.entries({
  'an end mark that no blank line follows': [chunk('a'), 'data: [DONE]\n'],
  'an end mark without a line end': [chunk('a'), 'data: [DO', 'NE]'],
}))
  test(`${what} is one, and passes as it came`, async (t) => {
    const { end, body } = await relayed(t, answerOf(pieces, true));
    assert.deepEqual([end, body], ['whole', pieces.join('')]);
  });

test('a last event that is not for the caller stays away without its blank line too', async (t) => {
  const answer = answerOf([chunk('a'), done, usageChunk.trimEnd()], true);
  const { end, body } = await relayed(t, answer);
  assert.deepEqual([end, body, answer.meter.usage().inputTokens], ['whole', chunk('a') + done, 7]);
});

test('half an event is of no use', async (t) => {
  const { end, body } = await relayed(t, answerOf([chunk('a'), chunk('b').slice(0, 20)], true));
  assert.deepEqual([end, body], ['cut', chunk('a')]);
});
