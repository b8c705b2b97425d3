// One call over several homes, on real sockets: what moves to the next home and what does not, what the caller gets of
// it, and what others hear.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SurfaceName } from '../reading.test/reader.ts';
import { answered, instanceOf, refusing, startHome, streaming, type Asked, type Handle } from './homes.test/fleet.ts';
import { randomOf } from './homes.test/home.ts';

const event = (data: object | string, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const typed = (data: { type: string } & Record<string, unknown>): string => event(data, data.type);
const delta = (content: object): string => event({ choices: [{ index: 0, delta: content, finish_reason: null }] });

interface Spoken {
  readonly surface: SurfaceName;
  readonly provider: string;
  readonly model: string;
  readonly prologue: readonly string[];
  readonly words: readonly string[];
  readonly failure: string;
}

/** Of each dialect: what comes before the first word, an answer, and how a failure is told. */
const dialects: readonly Spoken[] = [
  {
    surface: 'anthropic-messages',
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    prologue: [typed({ type: 'message_start', message: { usage: { input_tokens: 1 } } }), typed({ type: 'ping' })],
    words: [
      typed({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
      typed({ type: 'message_stop' }),
    ],
    failure: typed({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
  },
  {
    surface: 'openai-chat',
    provider: 'openai',
    model: 'gpt-4o',
    prologue: [delta({ role: 'assistant', content: '' })],
    words: [delta({ content: 'Hi' }), event('[DONE]')],
    failure: event({ error: { message: 'The server had an error', type: 'server_error', code: null } }),
  },
  {
    surface: 'google',
    provider: 'google',
    model: 'gemini-2.5-flash',
    prologue: [],
    words: [event({ candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] })],
    failure: event({ error: { code: 503, status: 'UNAVAILABLE', message: 'overloaded' } }),
  },
];

for (const { surface, provider, model, prologue, words, failure } of dialects)
  describe(`a stream in ${surface}`, () => {
    const ask: Asked = { surface, model, stream: true };
    const whole = [...prologue, ...words].join('');
    const failing: [name: string, handle: Handle][] = [
      ['that fails at once', streaming([failure])],
      ['that fails after its prologue', streaming([...prologue, failure])],
      ...(prologue.length === 0
        ? []
        : ([
            ['that breaks off after its prologue', streaming(prologue, 'cut')],
            ['that ends after its prologue', streaming(prologue)],
          ] as [string, Handle][])),
      ['that fails at once under another label', streaming([failure], 'end', 'application/json')],
      ['that is refused', refusing(529)],
      ['whose connection is reset', (response) => void response.socket?.resetAndDestroy()],
    ];
    for (const [name, handle] of failing)
      test(`${name} goes on at the next home, and the caller gets nothing but that one’s bytes`, async (t) => {
        const [a, b] = [await startHome(t, handle), await startHome(t, streaming([...prologue, ...words]))];
        const { status, text, home, attempts } = await instanceOf([a, b], { provider }).ask(ask);
        assert.deepEqual([status, text, home], [200, whole, 'b']);
        assert.deepEqual([attempts.map((one) => one.home), a.count, b.count], [['a', 'b'], 1, 1]);
      });

    test('that has said a word is its home’s, whatever becomes of it', async (t) => {
      const said = [...prologue, ...words.slice(0, -1), ...(words.length === 1 ? words : []), failure];
      const [a, b] = [await startHome(t, streaming(said)), await startHome(t, answered)];
      const { text, home } = await instanceOf([a, b], { provider }).ask(ask);
      assert.deepEqual([text, home, b.count], [said.join(''), 'a', 0]);
    });

    test('that says nothing after its headers has its home for good after a second', async (t) => {
      const a = await startHome(t, (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(prologue.join('') || ': wait\n\n');
        setTimeout(() => response.end(failure), 1_300);
      });
      const b = await startHome(t, answered);
      const { text, home } = await instanceOf([a, b], { provider }).ask(ask);
      assert.deepEqual([text.endsWith(failure), home, b.count], [true, 'a', 0]);
    });

    test('that fails at every home is told in the last one’s own words', async (t) => {
      const homes = [await startHome(t, streaming([failure])), await startHome(t, streaming([...prologue, failure]))];
      const { status, text } = await instanceOf(homes, { provider }).ask(ask);
      assert.deepEqual([status, text], [200, [...prologue, failure].join('')]);
    });
  });

describe('what moves', () => {
  for (const status of [408, 429, 500, 502, 503, 504, 529])
    test(`${status}, streamed or not`, async (t) => {
      const [a, b] = [await startHome(t, refusing(status)), await startHome(t, answered)];
      const instance = instanceOf([a, b]);
      for (const stream of [false, true]) assert.equal((await instance.ask({ stream })).home, 'b');
    });

  for (const status of [400, 413, 422, 501])
    test(`not ${status}: the provider’s own words`, async (t) => {
      const [a, b] = [await startHome(t, refusing(status, 'theirs')), await startHome(t, answered)];
      const { text, home } = await instanceOf([a, b]).ask();
      assert.deepEqual([text, home, b.count], ['theirs', 'a', 0]);
    });

  test('a home that can’t be reached', async (t) => {
    const b = await startHome(t, answered);
    const { home, attempts } = await instanceOf([{ url: 'http://127.0.0.1:9' }, b]).ask();
    assert.deepEqual([home, attempts[0]?.failure, attempts[0]?.mayBeBilled], ['b', 'unreachable', false]);
  });

  test('not an unstreamed call that left whole and has no answer: it may be billed', async (t) => {
    const reset: Handle = (response) => void response.socket?.resetAndDestroy();
    const [a, b] = [await startHome(t, reset), await startHome(t, answered)];
    const { error, attempts } = await instanceOf([a, b]).ask();
    assert.deepEqual([error?.kind, b.count], ['upstream-unreachable', 0]);
    assert.deepEqual([attempts[0]?.failure, attempts[0]?.mayBeBilled], ['lost', true]);
  });

  test('a stream whose home is silent for as long as that home may be; an unstreamed answer is waited for', async (t) => {
    const slow: Handle = (response) => void setTimeout(() => response.end('{"id":"slow"}'), 600);
    const [a, b] = [await startHome(t, slow), await startHome(t, answered)];
    const instance = instanceOf([a, b], { rows: [{ headersTimeoutMs: 200 }] });
    const streamed = await instance.ask({ stream: true });
    assert.deepEqual(
      [streamed.home, streamed.attempts[0]?.failure, streamed.attempts[0]?.mayBeBilled],
      ['b', 'silent', true],
    );
    assert.equal((await instance.ask()).home, 'a');
  });

  test('at most three attempts', async (t) => {
    const homes = await Promise.all([1, 2, 3, 4].map(() => startHome(t, refusing(503, 'theirs'))));
    const { status, text, attempts } = await instanceOf(homes).ask();
    assert.deepEqual(
      [status, text, attempts.length, homes.map(({ count }) => count)],
      [503, 'theirs', 3, [1, 1, 1, 0]],
    );
  });

  test('not when the caller left', async (t) => {
    const leaving = new AbortController();
    const reason = new DOMException('left', 'AbortError');
    const a = await startHome(t, (response) => {
      leaving.abort(reason);
      response.writeHead(503).end();
    });
    const b = await startHome(t, answered);
    const { error } = await instanceOf([a, b]).ask({ signal: leaving.signal });
    assert.deepEqual([error === (reason as unknown), b.count], [true, 0]);
  });

  test('not past the call’s own deadline', async (t) => {
    const [a, b] = [await startHome(t, () => undefined), await startHome(t, answered)];
    const { error } = await instanceOf([a, b]).ask({ stream: true, timeoutMs: 100 });
    assert.deepEqual([error?.kind, b.count], ['upstream-timeout', 0]);
  });

  test('a failure told in a whole answer of 200', async (t) => {
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const [a, b] = [await startHome(t, refusing(200, overloaded)), await startHome(t, answered)];
    const { home, attempts } = await instanceOf([a, b]).ask();
    assert.deepEqual([home, attempts[0]?.failure, attempts[0]?.status], ['b', 'overload', 200]);
  });
});

describe('with one home', () => {
  const once = (first: Handle): Handle => {
    let calls = 0;
    return (...args) => (calls++ === 0 ? first(...args) : answered(...args));
  };

  test('what passes by itself is tried once more', async (t) => {
    for (const first of [refusing(529), refusing(500), refusing(429), refusing(503, '', { 'retry-after': '0' })]) {
      const a = await startHome(t, once(first));
      const { status, attempts } = await instanceOf([a]).ask();
      assert.deepEqual([status, a.count, attempts.map(({ failure }) => failure === null)], [200, 2, [false, true]]);
    }
    const dead = await startHome(t, refusing(503));
    assert.equal((await instanceOf([dead]).ask()).status, 503);
    assert.equal(dead.count, 2);
  });

  test('not where the provider asks for more time, in seconds or as a date, or says that it is in vain', async (t) => {
    const later = new Date(Date.now() + 3_600_000).toUTCString();
    for (const headers of [{ 'retry-after': '17' }, { 'retry-after': later }, { 'x-should-retry': 'false' }]) {
      const a = await startHome(t, once(refusing(503, 'theirs', headers)));
      const { status, text, answer } = await instanceOf([a]).ask();
      assert.deepEqual([status, text, a.count], [503, 'theirs', 1]);
      if ('retry-after' in headers) assert.equal(answer?.retryAfter, headers['retry-after']);
    }
  });

  test('nor where the wait stands in a header of ms, or in the body alone; the home has its rest', async (t) => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }];
    const body = JSON.stringify({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'quota', details } });
    for (const [first, told] of [
      [refusing(429, body), '35'],
      [refusing(429, `[${body}]`), '35'],
      [refusing(503, 'theirs', { 'retry-after-ms': '9500' }), '10'],
    ] as const) {
      const a = await startHome(t, once(first));
      const { status, answer } = await instanceOf([a]).ask();
      assert.deepEqual([status, answer?.retryAfter, a.count], [503, told, 1]);
    }
    const soon = await startHome(t, once(refusing(503, '', { 'retry-after-ms': '20' })));
    assert.equal((await instanceOf([soon]).ask()).status, 200);
  });

  test('not what is refused for good', async (t) => {
    for (const status of [400, 401, 403, 404, 413]) {
      const a = await startHome(t, refusing(status));
      await instanceOf([a]).ask();
      assert.equal(a.count, 1, String(status));
    }
  });
});

describe('state that only its maker can read', () => {
  const body = {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'messages.1.content.0: Invalid `signature` in `thinking` block' },
  };

  test('goes to the next group, once each, and is no failure of the home', async (t) => {
    const homes = await Promise.all([1, 2, 3].map((i) => startHome(t, i === 3 ? answered : refusing(400, body))));
    const rows = [{ state: 'one' }, { state: 'one' }, { state: 'two' }];
    const instance = instanceOf(homes, { rows });
    for (let i = 0; i < 8; i++) assert.equal((await instance.ask()).home, 'c');
    assert.deepEqual(
      homes.map(({ count }) => count),
      [8, 0, 8],
    );
  });

  test('that nobody can read is the provider’s own 400', async (t) => {
    const homes = await Promise.all([1, 2].map(() => startHome(t, refusing(400, body))));
    const { status, text } = await instanceOf(homes).ask();
    assert.deepEqual([status, text, homes.map(({ count }) => count)], [400, JSON.stringify(body), [1, 1]]);
  });
});

describe('health', () => {
  test('one actor’s bad prompts shut nothing for another, and shut the model for himself', async (t) => {
    const evil: Handle = (response, body, request) =>
      (body.includes('evil') ? refusing(500, '', { 'retry-after': '60' }) : answered)(response, body, request);
    const a = await startHome(t, evil);
    const instance = instanceOf([a]);
    const bad: Asked = { actor: 'bad', body: { messages: [{ role: 'user', content: 'evil' }] } };
    for (let i = 0; i < 5; i++) assert.equal((await instance.ask(bad)).status, 500);
    const { error } = await instance.ask(bad);
    assert.deepEqual(
      [error?.kind, error?.message, error?.retryAfterSeconds],
      ['model-unavailable', 'model anthropic/claude-haiku-4-5 is currently unavailable', 60],
    );
    assert.equal((await instance.ask({ actor: 'victim' })).status, 200);
  });

  test('a gateway with one actor shuts a dead home: three calls, then nothing until a probe', async () => {
    const instance = instanceOf([{ url: 'http://127.0.0.1:9' }]);
    let attempts = 0;
    for (let i = 0; i < 10; i++) attempts += (await instance.ask()).attempts.length;
    assert.ok(attempts <= 3, `${attempts}`);
    assert.equal((await instance.ask()).error?.kind, 'model-unavailable');
  });

  test('by seed: homes that fail, lie, hang and come back; no caller sees it as long as one of them is well', async (t) => {
    for (let seed = 1; seed <= 3; seed++) {
      const random = randomOf(seed);
      const spoken = dialects[0] as Spoken;
      const whole = [...spoken.prologue, ...spoken.words];
      const bad: Handle[] = [
        refusing(529),
        refusing(500),
        streaming([spoken.failure]),
        streaming(spoken.prologue, 'cut'),
        (response) => void response.socket?.resetAndDestroy(),
        () => undefined,
        refusing(401),
      ];
      const unwell: Handle = (...args) => {
        const handle = random() < 0.5 ? streaming(whole) : bad[Math.floor(random() * bad.length)];
        handle?.(...args);
      };
      const homes = [await startHome(t, unwell), await startHome(t, unwell), await startHome(t, streaming(whole))];
      const instance = instanceOf(homes, {
        rows: [{ headersTimeoutMs: 100 }, { headersTimeoutMs: 100 }],
        // However busy the machine is.
        holdMs: 60_000,
      });
      const outcomes = await Promise.all(
        Array.from({ length: 60 }, (_, i) => instance.ask({ stream: true, actor: `a${i % 4}` })),
      );
      for (const { status, text, attempts, error } of outcomes)
        assert.deepEqual(
          [status, text],
          [200, whole.join('')],
          `seed ${seed}: ${error?.message} ${JSON.stringify(attempts)}`,
        );
    }
  });
});
