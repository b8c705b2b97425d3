// The numbered cases of the wire (README.md) against the running gateway, each by its number. Where we decided
// otherwise than the original gateway, the row says so.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import {
  anthropicBody,
  chat,
  eventually,
  openAiBody,
  startGateway,
  type CallInit,
  type TestGateway,
} from '../local/test-gateway.ts';
import { diagnosticsSecret } from '../local/cloud.ts';

let gateway: TestGateway;
before(async () => {
  // Vector 11 is of a gateway whose operator sets the original's cap.
  gateway = await startGateway({ env: { CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE: '4000' } });
});
after(() => gateway.stop());

const messages = '/v1/completions/anthropic-messages';
const openai = '/v1/completions/openai';
const json = (text: string): unknown => JSON.parse(text);
const error = (message: string): string => `${JSON.stringify({ error: message })}\n`;
const send = (init: CallInit = {}, route = messages) =>
  gateway.call(route, { headers: chat, body: route === messages ? anthropicBody() : openAiBody(), ...init });
const sentToAnthropic = (): Record<string, unknown> =>
  json(gateway.anthropic?.requests.at(-1)?.body ?? '') as Record<string, unknown>;
const sentToOpenAi = (): Record<string, unknown> =>
  json(gateway.openai?.requests.at(-1)?.body ?? '') as Record<string, unknown>;
const sgd = (digit: string): string => `sgd_${digit.repeat(64)}`;
const slk = (digit: string): string => `slk_${digit.repeat(64)}`;

/**
 * An answer with that status and body, and what holds for every answer: trace headers, JSON type, a retry-after on 429
 * and 5xx.
 */
function expectError(
  answer: { status: number; headers: Headers; text: string },
  status: number,
  message: string,
): void {
  assert.equal(answer.text, error(message));
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.match(answer.headers.get('x-trace') ?? '', /^[0-9a-f]{32}$/);
  if (status === 429 || status >= 500) assert.notEqual(answer.headers.get('retry-after'), null);
}

/** The one event of a fresh subscription. */
async function onlyEvent(id: string) {
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.equal(rows.length, 1, JSON.stringify(rows));
  return rows[0] as NonNullable<(typeof rows)[0]>;
}

/** By specification and number. */
const rows: Readonly<Record<'completions' | 'actors', Readonly<Record<number, () => Promise<void>>>>> = {
  completions: {
    1: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      expectError(await send({ token, headers: {} }), 400, 'X-Sourcegraph-Feature header is required');
      assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
    },
    2: async () =>
      expectError(
        await send({ headers: { 'x-sourcegraph-feature': 'embeddings' } }),
        400,
        'invalid value for X-Sourcegraph-Feature',
      ),
    3: async () =>
      assert.equal((await send({ headers: { 'x-sourcegraph-feature': ' chat_completions ' } })).status, 200),
    4: async () => {
      const { token } = await gateway.subscription(null);
      expectError(await send({ token }), 403, 'no access to feature chat_completions');
    },
    6: async () =>
      expectError(
        await send({ token: null, headers: { ...chat, authorization: 'token x' } }),
        400,
        'invalid token type token',
      ),
    9: async () => expectError(await send({ body: '' }), 400, 'failed to parse request body: EOF'),
    10: async () =>
      expectError(
        await send({ body: { model: 'claude-3-haiku-20240307', max_tokens: 10 } }),
        400,
        'request body must contain "messages" field',
      ),
    11: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      expectError(
        await send({ token, body: anthropicBody({ max_tokens: 4001 }) }),
        400,
        'max_tokens exceeds maximum allowed value of 4000: 4001',
      );
      assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
    },
    14: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      const text = (role: string, content: string) => ({ role, content: [{ type: 'text', text: content }] });
      const body = {
        model: 'anthropic/claude-3-haiku-20240307',
        max_tokens: 10,
        system: 'x',
        metadata: { user_id: 'evil' },
        messages: [text('system', 'A'), text('user', 'B')],
      };
      assert.equal((await send({ token, headers: { ...chat, 'x-sourcegraph-actor-uid': '42' }, body })).status, 200);
      assert.deepEqual(sentToAnthropic(), {
        model: 'claude-3-haiku-20240307',
        max_tokens: 10,
        system: 'A',
        metadata: { user_id: `${id}:42` },
        messages: [text('user', 'B')],
      });
      const headers = gateway.anthropic?.requests.at(-1)?.headers;
      assert.equal(headers?.['anthropic-version'], '2023-06-01');
      assert.equal(headers['authorization'], undefined);
    },
    // Decided: a stream asks with stream_options.include_usage; the caller's own stream_options passes.
    16: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      await send(
        { token, headers: { ...chat, 'x-sourcegraph-actor-uid': '42' }, body: openAiBody({ n: 5, user: 'x' }) },
        openai,
      );
      assert.deepEqual(sentToOpenAi(), { ...openAiBody(), n: 1, user: `${id}:42` });
      await send({ token, body: openAiBody({ stream: true, stream_options: { include_obfuscation: false } }) }, openai);
      assert.deepEqual(sentToOpenAi()['stream_options'], { include_obfuscation: false, include_usage: true });
    },
    23: async () => {
      const { token } = await gateway.subscription({ limit: 10, allowedModels: ['*', 'anthropic/claude-2'] });
      expectError(
        await send({ token, body: anthropicBody({ model: 'claude-2.1' }) }),
        400,
        'model "anthropic/claude-2.1" is not allowed, allowed: [anthropic/claude-2]',
      );
      assert.equal(
        (await send({ token, body: anthropicBody({ model: 'CLAUDE-2' }) })).headers.get('x-cody-resolved-model'),
        'anthropic/claude-2',
      );
    },
    // Anonymous callers, the other half of the row, come with their source.
    5: async () => expectError(await send({ token: null }), 403, 'Cody Gateway access not enabled'),
    // Of the providers that are built.
    25: async () => {
      for (const [route, provider, seconds] of [
        [messages, gateway.anthropic, '2'],
        [openai, gateway.openai, '30'],
      ] as const) {
        const { id, token } = await gateway.subscription({ limit: 10 });
        provider?.next({ status: 429, body: '{"theirs":true}' }, 2);
        const answer = await send({ token, body: route === messages ? anthropicBody() : openAiBody() }, route);
        assert.deepEqual(
          [answer.status, answer.headers.get('retry-after'), answer.text],
          [503, seconds, '{"theirs":true}'],
        );
        const { metadata, quota_units } = await onlyEvent(id);
        assert.deepEqual(
          [metadata['upstream_status_code'], metadata['resolved_status_code'], quota_units],
          [429, 503, 0],
        );
      }
    },
    26: async () => {
      gateway.openai?.next({ status: 429, headers: { 'retry-after': '17' }, body: '{"theirs":1}' });
      const answer = await send({}, openai);
      assert.deepEqual([answer.status, answer.headers.get('retry-after'), answer.text], [503, '17', '{"theirs":1}']);
    },
    27: async () => {
      gateway.openai?.next({ status: 503, body: 'x' }, 2);
      const answer = await send({}, openai);
      assert.deepEqual([answer.status, answer.headers.get('retry-after'), answer.text], [503, '30', 'x']);
    },
    // Decided: 401 becomes 502 without the provider's body; headers by allow-list.
    28: async () => {
      for (const [status, resolved, body] of [
        [400, 400, 'their words'],
        [529, 529, 'their words'],
        [401, 502, null],
      ] as const) {
        const { id, token } = await gateway.subscription({ limit: 10 });
        gateway.anthropic?.next(
          { status, headers: { 'set-cookie': 'a=1', 'request-id': 'r' }, body: 'their words' },
          // One that may pass is tried once more.
          status === 529 ? 2 : 1,
        );
        const answer = await send({ token });
        assert.equal(answer.status, resolved);
        if (body !== null)
          assert.deepEqual(
            [answer.text, answer.headers.get('request-id'), answer.headers.get('set-cookie')],
            [body, 'r', null],
          );
        else assert.doesNotMatch(answer.text, /their words/);
        const { metadata, units, quota_units } = await onlyEvent(id);
        assert.deepEqual(
          [
            metadata['upstream_status_code'],
            metadata['resolved_status_code'],
            metadata['prompt_token_count'],
            units,
            quota_units,
          ],
          [status, resolved, 0, 0, 0],
        );
      }
    },
    // Decided: three deadlines; the caller's own 50 ms still give 504.
    29: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      gateway.anthropic?.next({ hang: 'headers' });
      expectError(
        await send({ token, headers: { ...chat, 'x-timeout-ms': '50' } }),
        504,
        'request to upstream provider anthropic timed out',
      );
      const { metadata } = await onlyEvent(id);
      assert.deepEqual([metadata['upstream_status_code'], metadata['resolved_status_code']], [-1, 504]);
    },
    30: async () => {
      assert.equal((await send({ headers: { ...chat, 'x-timeout-ms': 'abc' } })).status, 200);
      await eventually(
        () => gateway.lines.some(({ message }) => message === 'X-Timeout-Ms is not a positive integer and was ignored'),
        Boolean,
      );
    },
    32: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      gateway.anthropic?.next({ hang: 'headers' });
      const leaving = new AbortController();
      const seen = gateway.anthropic?.requests.length ?? 0;
      const call = send({ token, signal: leaving.signal });
      await eventually(
        () => gateway.anthropic?.requests.length ?? 0,
        (now) => now > seen,
      );
      leaving.abort();
      await assert.rejects(call);
      const [row] = await eventually(
        () => gateway.events(`identifier = '${id}'`),
        (found) => found.length > 0,
      );
      assert.deepEqual(
        [
          row?.metadata['upstream_status_code'],
          row?.metadata['resolved_status_code'],
          row?.metadata['cancelled'],
          row?.units,
        ],
        [-1, -1, true, 0],
      );
      const limits = await gateway.call('/v1/limits', { token });
      assert.equal((json(limits.text) as { chat_completions: { usage: number } }).chat_completions.usage, 0);
    },
    // Decided: by allow-list: the request id passes, cookies do not.
    33: async () => {
      const { headers } = await send({}, openai);
      assert.equal(headers.get('x-request-id'), 'req_local');
      assert.equal(headers.get('openai-processing-ms'), '12');
      for (const name of ['set-cookie', 'openai-organization', 'x-ratelimit-remaining-tokens'])
        assert.equal(headers.get(name), null, name);
    },
    34: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      const usage = { prompt_tokens: 427, completion_tokens: 12 };
      const delta = 'data: {"choices":[{"delta":{"content":"hi"}}],"usage":null}\n\n';
      const chunk = `data: ${JSON.stringify({ choices: [], usage })}\n\n`;
      gateway.openai?.next({ bytes: Buffer.from(`${delta}${chunk}data: [DONE]\n\n`), cuts: [] });
      assert.equal(
        (await send({ token, body: openAiBody({ stream: true }) }, openai)).text,
        `${delta}data: [DONE]\n\n`,
      );
      gateway.openai?.next({ bytes: Buffer.from(`${delta}${chunk}data: [DONE]\n\n`), cuts: [] });
      const asked = openAiBody({ stream: true, stream_options: { include_usage: true } });
      assert.equal((await send({ token, body: asked }, openai)).text, `${delta}${chunk}data: [DONE]\n\n`);
      gateway.openai?.next({ bytes: Buffer.from(`${delta}data: [DONE]\n\n`), cuts: [] });
      await send({ token, body: openAiBody({ stream: true }) }, openai);
      const counts = (await gateway.events(`identifier = '${id}'`)).map(({ metadata }) => [
        metadata['prompt_token_count'],
        metadata['completion_token_count'],
        metadata['completion_character_count'],
      ]);
      assert.deepEqual(counts, [
        [427, 12, 2],
        [427, 12, 2],
        [undefined, undefined, 2],
      ]);
    },
    35: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      const body = '{"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":12,"completion_tokens":9}}';
      gateway.openai?.next({ status: 200, body });
      assert.equal((await send({ token }, openai)).text, body);
      const { metadata, tokens } = await onlyEvent(id);
      assert.deepEqual(
        [
          metadata['prompt_token_count'],
          metadata['completion_token_count'],
          metadata['completion_character_count'],
          tokens,
        ],
        [12, 9, 5, 21],
      );
    },
    39: async () => {
      for (const newline of ['\n', '\r\n']) {
        const { id, token } = await gateway.subscription({ limit: 10 });
        const event = (type: string, data: object): string =>
          `event: ${type}${newline}data: ${JSON.stringify({ type, ...data })}${newline}${newline}`;
        const stream = [
          event('message_start', { message: { usage: { input_tokens: 10, output_tokens: 1 } } }),
          ...['He', 'llo'].map((text) =>
            event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
          ),
          event('message_delta', { delta: {}, usage: { output_tokens: 2 } }),
          event('message_stop', {}),
        ].join('');
        gateway.anthropic?.next({ bytes: Buffer.from(stream), cuts: [] });
        assert.equal((await send({ token, body: anthropicBody({ stream: true }) })).text, stream);
        const { metadata } = await onlyEvent(id);
        assert.deepEqual(
          [metadata['prompt_token_count'], metadata['completion_token_count'], metadata['completion_character_count']],
          [10, 2, 5],
        );
      }
    },
    53: async () => {
      const { id, token } = await gateway.subscription({ limit: 2 });
      await Promise.all([send({ token }), send({ token })]);
      const answer = await send({ token });
      const expiry = new Date(answer.headers.get('retry-after') ?? '');
      assert.match(answer.headers.get('retry-after') ?? '', /GMT$/);
      assert.ok(expiry.getTime() > Date.now() + 86_000_000);
      const goTime = `${expiry.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
      assert.deepEqual(
        [answer.status, answer.text],
        [429, `you have exceeded the rate limit of 2 requests. Retry after ${goTime}\n`],
      );
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
      assert.deepEqual(
        [answer.headers.get('x-ratelimit-limit'), answer.headers.get('x-ratelimit-remaining')],
        ['2', '0'],
      );
      const [refusal] = await gateway.events(`identifier = '${id}' AND name = 'RateLimited'`);
      assert.deepEqual(
        [
          refusal?.metadata['cause'],
          refusal?.metadata['error'],
          refusal?.metadata['limit'],
          refusal?.metadata['feature'],
        ],
        ['quota', 'rate limit exceeded', 2, 'chat_completions'],
      );
      assert.ok(Math.abs(Date.parse(String(refusal?.metadata['retry_after'])) - expiry.getTime()) <= 1000);
    },
    55: async () => {
      const { token } = await gateway.subscription({ limit: 10 });
      const usage = async (): Promise<number> =>
        (json((await gateway.call('/v1/limits', { token })).text) as { chat_completions: { usage: number } })
          .chat_completions.usage;
      const answer = await send({ token });
      assert.equal(await usage(), 1);
      gateway.anthropic?.next({ status: 400, body: '{}' });
      await send({ token });
      assert.equal(await usage(), 1);
      // Decided: the 200 carries rate-limit headers.
      assert.equal(answer.headers.get('ratelimit-policy'), '"chat_completions";q=10;w=86400');
      assert.equal(answer.headers.get('ratelimit'), '"chat_completions";r=9;t=86400');
      assert.deepEqual(
        ['limit', 'remaining', 'reset'].map((name) => answer.headers.get(`x-ratelimit-${name}-requests`)),
        ['10', '9', '86400s'],
      );
    },
    // Decided: a feature without a limit is left out.
    56: async () => {
      const { token } = await gateway.subscription({ limit: 10 });
      const answer = await gateway.call('/v1/limits', { token });
      assert.equal(
        answer.text,
        `{"chat_completions":{"limit":10,"interval":"24h0m0s","usage":0,"allowedModels":["*"]}}\n`,
      );
      assert.equal(answer.headers.get('content-type'), 'application/json');
    },
    58: async () => {
      assert.equal((await gateway.call('/-/__version', { token: null })).text, '0.0.0+dev');
      const nope = await gateway.call('/-/nope', { token: null });
      assert.deepEqual([nope.status, nope.text], [404, '']);
    },
    // Decided: the caller's trace is continued.
    60: async () => {
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const { headers } = await gateway.call('/v1/limits', {
        headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      });
      assert.equal(headers.get('x-trace'), traceId);
      assert.notEqual(headers.get('x-span'), '00f067aa0ba902b7');
      assert.equal(headers.get('x-trace-span'), headers.get('x-span'));
    },
  },
  actors: {
    1: async () => {
      expectError(await gateway.call('/v1/limits', { token: null }), 403, 'Cody Gateway access not enabled');
      const [event] = await gateway.events("name = 'AccessDenied' AND identifier = 'anonymous'");
      assert.equal(event?.source, 'anonymous');
    },
    3: async () =>
      expectError(
        await gateway.call('/v1/limits', { token: null, headers: { authorization: 'Bearer' } }),
        400,
        'token type missing in Authorization header',
      ),
    4: async () =>
      expectError(
        await gateway.call('/v1/limits', { token: null, headers: { authorization: 'Basic abc' } }),
        400,
        'invalid token type Basic',
      ),
    5: async () =>
      assert.equal(
        (await gateway.call('/v1/limits', { token: null, headers: { authorization: `bEaReR ${gateway.token}` } }))
          .status,
        200,
      ),
    6: async () =>
      expectError(
        await gateway.call('/v1/limits', { token: 'abc' }),
        401,
        'token not from source: no source found for token',
      ),
    // Decided: a malformed token is 401, always.
    7: async () =>
      expectError(
        await gateway.call('/v1/limits', { token: 'slk_12' }),
        401,
        'dotcom-product-subscriptions: invalid token format',
      ),
    8: async () =>
      expectError(await gateway.call('/v1/limits', { token: 'sgd_12' }), 401, 'dotcom-user: invalid token format'),
    10: async () =>
      assert.equal((await gateway.call('/v1/limits', { token: gateway.token.replace('slk_', 'sgs_') })).status, 200),
    13: async () => {
      expectError(
        await gateway.call('/v1/limits', { token: slk('1') }),
        401,
        'dotcom-product-subscriptions: failed to validate access token: access token denied: associated product subscription not found',
      );
      const [event] = await gateway.events("name = 'Unauthorized' AND source = 'dotcom-product-subscriptions'");
      assert.deepEqual(
        [event?.identifier, event?.metadata['reason']],
        ['unknown', 'associated product subscription not found'],
      );
    },
    // Decided: 401 again, never 403.
    14: async () => {
      const first = await gateway.call('/v1/limits', { token: slk('2') });
      const second = await gateway.call('/v1/limits', { token: slk('2') });
      assert.deepEqual([first.status, second.status], [401, 401]);
    },
    18: async () => {
      expectError(
        await gateway.call('/v1/limits', { token: sgd('3') }),
        401,
        'dotcom-user: failed to validate access token: access token denied: associated dotcom user not found',
      );
      const [event] = await gateway.events("name = 'Unauthorized' AND source = 'dotcom-user'");
      assert.equal(event?.metadata['reason'], 'associated dotcom user not found');
    },
    26: async () => rows.completions[25]?.(),
    // Decided: admitted after the body and the model are known, so neither quota nor burst is touched.
    27: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      expectError(await send({ token, body: '{' }), 400, 'failed to parse request body: invalid JSON at byte 1');
      assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
    },
    28: async () => {
      const { id, token } = await gateway.subscription({ limit: 10, allowedModels: ['anthropic/claude-2'] });
      expectError(
        await send({ token, body: anthropicBody({ model: 'claude-9' }) }),
        400,
        'model "anthropic/claude-9" is not allowed, allowed: [anthropic/claude-2]',
      );
      assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
    },
    32: async () => {
      const { id, token } = await gateway.subscription({ limit: 0 });
      expectError(await send({ token }), 403, 'no access to feature chat_completions');
      assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
    },
    // Decided: a limit of exactly 1 is a ban.
    33: async () => {
      const { id, token } = await gateway.subscription({ limit: 1 });
      expectError(await send({ token }), 403, 'completions access has not been granted');
      const { name, metadata } = await onlyEvent(id);
      assert.deepEqual(
        [name, metadata['error'], metadata['cause'], metadata['feature']],
        ['RateLimited', 'completions access has not been granted', 'quota', 'chat_completions'],
      );
    },
    34: async () => {
      const { token } = await gateway.subscription({ limit: 100, intervalSeconds: 2_592_000 });
      assert.equal((await send({ token })).status, 200);
    },
    35: async () =>
      expectError(
        await send({ headers: { 'x-sourcegraph-feature': ' ' } }),
        400,
        'X-Sourcegraph-Feature header is required',
      ),
    36: async () =>
      expectError(
        await send({ headers: { 'x-sourcegraph-feature': 'foo' } }),
        400,
        'invalid value for X-Sourcegraph-Feature',
      ),
    39: async () => {
      const { id, token } = await gateway.subscription({ limit: 10 });
      gateway.anthropic?.next({ hang: 'body' });
      const leaving = new AbortController();
      const response = await fetch(`${gateway.url}${messages}`, {
        method: 'POST',
        headers: { ...chat, authorization: `Bearer ${token}` },
        body: JSON.stringify(anthropicBody({ stream: true })),
        signal: leaving.signal,
      });
      await response.body?.getReader().read();
      leaving.abort();
      const [row] = await eventually(
        () => gateway.events(`identifier = '${id}'`),
        (found) => found.length > 0,
      );
      assert.deepEqual(
        [row?.units, row?.quota_units, row?.metadata['cancelled'], row?.metadata['resolved_status_code']],
        [1, 1, true, 200],
      );
    },
    42: async () => {
      const answer = await gateway.call('/v1/limits', {
        token: (
          await gateway.subscription(
            { limit: 5 },
            {
              limits: {
                chat_completions: { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] },
                code_completions: { limit: 10_000, intervalSeconds: 86_400, allowedModels: ['*'] },
                embeddings: { limit: 6_666_666, intervalSeconds: 86_400, allowedModels: ['*'] },
              },
            },
          )
        ).token,
      });
      const limits = json(answer.text) as Record<string, { usage: number; expiry?: string }>;
      assert.deepEqual(Object.keys(limits), ['chat_completions', 'code_completions', 'embeddings']);
      for (const { usage, expiry } of Object.values(limits)) assert.deepEqual([usage, expiry], [0, undefined]);
    },
    43: async () => {
      const { token } = await gateway.subscription({ limit: 500 });
      await send({ token });
      const { chat_completions } = json((await gateway.call('/v1/limits', { token })).text) as {
        chat_completions: { usage: number; expiry: string };
      };
      assert.equal(chat_completions.usage, 1);
      assert.match(chat_completions.expiry, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.ok(Date.parse(chat_completions.expiry) > Date.now());
    },
    // Decided: 200 without that feature; 403 only when none is left.
    44: async () => {
      const { token } = await gateway.subscription({ limit: 5 });
      assert.deepEqual(Object.keys(json((await gateway.call('/v1/limits', { token })).text) as object), [
        'chat_completions',
      ]);
      expectError(
        await gateway.call('/v1/limits', { token: (await gateway.subscription(null)).token }),
        403,
        'no access to feature code_completions',
      );
    },
    45: async () => {
      const { token } = await gateway.subscription({ limit: 5, intervalSeconds: 2_147_483_647 });
      const { chat_completions } = json((await gateway.call('/v1/limits', { token })).text) as {
        chat_completions: { interval: string };
      };
      assert.equal(chat_completions.interval, '596523h14m7s');
    },
    71: async () => assert.equal((await gateway.call('/-/__version', { token: null })).status, 200),
    72: async () => {
      const health = (authorization?: string) =>
        gateway.call('/-/healthz', { token: null, ...(authorization !== undefined && { headers: { authorization } }) });
      const good = await health(`Bearer ${diagnosticsSecret}`);
      assert.deepEqual([good.status, good.text], [200, 'healthz: ok']);
      for (const wrong of [await health('Bearer wrong'), await health()])
        assert.deepEqual([wrong.status, wrong.text], [401, '']);
      expectError(await health('Basic x'), 400, 'invalid token type Basic');
    },
    74: async () => {
      const answer = await gateway.call('/v1/nope');
      assert.deepEqual(
        [answer.status, answer.text, answer.headers.get('content-type'), answer.headers.get('x-content-type-options')],
        [404, '404 page not found\n', 'text/plain; charset=utf-8', 'nosniff'],
      );
    },
  },
};

/** Proven in another file, which names them as `<specification> #<number>`. */
const elsewhere: Readonly<Record<'completions' | 'actors', Readonly<Record<number, string>>>> = {
  completions: {
    7: 'scripts/vectors/attribution.test.ts',
    8: 'scripts/acceptance/outage.test.ts',
    12: 'scripts/vectors/providers.test.ts',
    13: 'scripts/vectors/providers.test.ts',
    15: 'scripts/vectors/providers.test.ts',
    17: 'shared/src/upstream/virtual-models.test.ts',
    18: 'shared/src/upstream/virtual-models.test.ts',
    19: 'scripts/vectors/providers.test.ts',
    20: 'scripts/vectors/providers.test.ts',
    21: 'scripts/vectors/providers.test.ts',
    22: 'scripts/vectors/providers.test.ts',
    24: 'scripts/vectors/providers.test.ts',
    36: 'scripts/vectors/providers.test.ts',
    37: 'scripts/vectors/providers.test.ts',
    38: 'scripts/vectors/providers.test.ts',
    40: 'scripts/vectors/providers.test.ts',
    31: 'scripts/acceptance/outage.test.ts',
    41: 'shared/src/upstream/flagging.test.ts',
    42: 'shared/src/upstream/flagging.test.ts',
    43: 'scripts/vectors/flagging.test.ts',
    44: 'shared/src/upstream/flagging.test.ts',
    45: 'shared/src/upstream/flagging.test.ts',
    46: 'shared/src/upstream/flagging.test.ts',
    47: 'shared/src/upstream/flagging.test.ts',
    48: 'shared/src/upstream/flagging.test.ts',
    49: 'scripts/vectors/flagging.test.ts',
    50: 'shared/src/upstream/homes/outcomes.test.ts',
    51: 'shared/src/upstream/homes/outcomes.test.ts',
    52: 'scripts/vectors/flagging.test.ts',
    54: 'scripts/acceptance/outage.test.ts',
    57: 'scripts/acceptance/outage.test.ts',
    59: 'scripts/vectors/flagging.test.ts',
  },
  actors: {
    2: 'scripts/vectors/identity.test.ts',
    9: 'scripts/vectors/identity.test.ts',
    19: 'scripts/vectors/identity.test.ts',
    47: 'scripts/vectors/identity.test.ts',
    49: 'scripts/vectors/identity.test.ts',
    50: 'scripts/vectors/identity.test.ts',
    51: 'scripts/vectors/identity.test.ts',
    52: 'scripts/vectors/identity.test.ts',
    11: 'shared/src/auth/look-up.test.ts',
    12: 'shared/src/auth/look-up.test.ts',
    20: 'shared/src/auth/look-up.test.ts',
    46: 'shared/src/auth/look-up.test.ts',
    48: 'shared/src/auth/look-up.test.ts',
    86: 'shared/src/directory/sync/sync.test.ts',
    87: 'shared/src/directory/sync/sync.test.ts',
    88: 'shared/src/directory/sync/sync.test.ts',
    15: 'scripts/vectors/attribution.test.ts',
    16: 'scripts/acceptance/outage.test.ts',
    17: 'scripts/vectors/attribution.test.ts',
    53: 'scripts/vectors/embeddings.test.ts',
    54: 'scripts/vectors/embeddings.test.ts',
    55: 'scripts/vectors/embeddings.test.ts',
    56: 'scripts/vectors/embeddings.test.ts',
    57: 'scripts/vectors/embeddings.test.ts',
    58: 'scripts/vectors/embeddings.test.ts',
    59: 'scripts/vectors/embeddings.test.ts',
    60: 'scripts/vectors/embeddings.test.ts',
    61: 'scripts/vectors/embeddings.test.ts',
    62: 'scripts/vectors/embeddings.test.ts',
    63: 'scripts/vectors/embeddings.test.ts',
    64: 'scripts/vectors/embeddings.test.ts',
    65: 'scripts/vectors/embeddings.test.ts',
    66: 'scripts/vectors/attribution.test.ts',
    67: 'scripts/vectors/attribution.test.ts',
    68: 'scripts/vectors/attribution.test.ts',
    69: 'scripts/vectors/attribution.test.ts',
    70: 'scripts/vectors/attribution.test.ts',
    21: 'shared/src/limiter/limiter.test.ts',
    22: 'shared/src/limiter/limiter.test.ts',
    23: 'shared/src/limiter/limiter.test.ts',
    24: 'shared/src/limiter/limiter.test.ts',
    25: 'shared/src/limiter/limiter.test.ts',
    29: 'shared/src/serve/sweep.test.ts',
    30: 'shared/src/limiter/limiter.test.ts',
    31: 'shared/src/limiter/limiter.test.ts',
    37: 'scripts/acceptance/outage.test.ts',
    38: 'scripts/acceptance/redis-outage.test.ts',
    40: 'shared/src/limiter/limiter.test.ts',
    41: 'shared/src/limiter/limiter.test.ts',
    73: 'scripts/acceptance/outage.test.ts',
    75: 'scripts/acceptance/notices.test.ts',
    76: 'scripts/acceptance/notices.test.ts',
    77: 'scripts/acceptance/notices.test.ts',
    78: 'scripts/acceptance/notices.test.ts',
    79: 'scripts/acceptance/notices.test.ts',
    80: 'scripts/acceptance/notices.test.ts',
    81: 'scripts/acceptance/notices.test.ts',
    82: 'scripts/acceptance/notices.test.ts',
    83: 'scripts/acceptance/delivery.test.ts',
    84: 'scripts/acceptance/delivery.test.ts',
    85: 'scripts/acceptance/delivery.test.ts',
  },
};

/** Not built yet, or the better part of the row is not. */
const pending: Readonly<Record<'completions' | 'actors', readonly number[]>> = {
  completions: [],
  actors: [],
};

for (const specification of ['completions', 'actors'] as const) {
  for (const [number, run] of Object.entries(rows[specification])) test(`${specification} #${number}`, run);

  test(`every vector of ${specification} is here, elsewhere or pending, and once`, () => {
    const numbers = [...Object.keys(rows[specification]), ...Object.keys(elsewhere[specification])]
      .map(Number)
      .concat(pending[specification]);
    const count = specification === 'completions' ? 60 : 88;
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i + 1),
    );
    for (const [number, file] of Object.entries(elsewhere[specification])) {
      const text = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
      assert.match(
        text,
        new RegExp(`${specification} (#\\d+, )*#${number}\\b`),
        `${file} names ${specification} #${number}`,
      );
    }
  });
}
