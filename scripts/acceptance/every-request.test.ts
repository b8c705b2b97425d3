// What holds of a request whatever dialect it is in: how it may be written, what of it reaches the provider, and in
// whose words what is wrong with it is told.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';
import { messageIn, sdkCaller, sdkFunctions, wholeRoutes, type SdkRoute } from './sdk-routes.ts';

let gateway: TestGateway;
let token: string;
const bytesMax = 64 * 1024;
before(async () => {
  gateway = await startGateway({
    functions: [...sdkFunctions, 'diagnostics'],
    env: { CODY_GATEWAY_BODY_BYTES_MAX: String(bytesMax) },
  });
  ({ token } = await sdkCaller(gateway));
});
after(() => gateway.stop());

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function send(
  { path, headers }: SdkRoute,
  body: string | Uint8Array<ArrayBuffer>,
  more: Record<string, string> = {},
  method = 'POST',
): Promise<Answered> {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers, ...more },
    ...(method === 'POST' && { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const sentBy = ({ provider }: SdkRoute): string => gateway[provider]?.requests.at(-1)?.body ?? '';

/** Refused in the dialect of the route, under an id that its SDK reads. */
function assertRefused(route: SdkRoute, answer: Answered, status: number, message: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(messageIn(route, answer.text), message);
  assert.match(answer.headers.get(route.idHeader) ?? '', /^[0-9a-f]{32}$/);
}

for (const route of wholeRoutes) {
  test(`${route.name}: a byte-order mark in front is read over`, async () => {
    const answer = await send(route, `\ufeff${route.ask}}`);
    assert.equal(answer.status, 200, answer.text);
    assert.notEqual(answer.headers.get(route.idHeader) ?? answer.headers.get('x-trace'), null);
    assert.ok(!sentBy(route).includes('\ufeff'));
  });

  test(`${route.name}: what is not UTF-8 is refused with its place`, async () => {
    const bytes = Buffer.from(`${route.ask},"x":"\u00ff"}`, 'latin1');
    const place = bytes.indexOf(0xff);
    const answer = await send(route, new Uint8Array(bytes));
    assertRefused(route, answer, 400, new RegExp(`UTF-8.*\\b${place}\\b`));
  });

  test(`${route.name}: members keep their order, whatever their names look like`, async () => {
    const odd = '{"b":1,"10":{"z":1,"7":2},"2":[{"1":1,"0":2}],"a":0}';
    const answer = await send(route, `${route.ask},"7":1,"x":${odd}}`);
    assert.equal(answer.status, 200, answer.text);
    // What the embeddings of a request are asked with is written anew: only its own members count.
    if (route.name !== 'embeddings') assert.ok(sentBy(route).includes(`"7":1,"x":${odd}`), sentBy(route));
  });

  test(`${route.name}: too large, compressed, another method, another path: refused in its own words`, async () => {
    assertRefused(
      route,
      await send(route, `${route.ask},"x":"${'x'.repeat(bytesMax)}"}`),
      413,
      /larger than 65536 bytes/,
    );
    const zipped = await send(route, new Uint8Array(gzipSync(`${route.ask}}`)), { 'content-encoding': 'gzip' });
    assertRefused(route, zipped, 415, /content-encoding gzip is not supported/);
    assertRefused(route, await send(route, '{'), 400, /failed to parse request body/);
    const other = await send(route, '', {}, 'DELETE');
    if (other.status === 405) assert.equal(other.headers.get('allow'), 'POST');
    else assert.equal(other.status, 404);
    assertRefused(route, other, other.status, /DELETE .*is not served/);
    const below = route.provider === 'google' ? '/v1beta/nothing/of/the/kind' : `/v1/nothing/of/the/kind`;
    assertRefused(route, await send({ ...route, path: below }, '{}'), 404, /is not served/);
    const asked = await send(route, '', {}, 'OPTIONS');
    assert.deepEqual([asked.status, asked.text, asked.headers.get('allow')], [204, '', 'POST, OPTIONS']);
  });

  test(`${route.name}: who expects to be told to go on is told so; HTTP/1.0 is answered whole`, async () => {
    const body = `${route.ask}}`;
    const head = [`authorization: Bearer ${token}`, `content-length: ${Buffer.byteLength(body)}`];
    for (const [name, value] of Object.entries(route.headers)) head.push(`${name}: ${value}`);
    const first = `POST ${route.path} HTTP/1.1\r\nhost: x\r\n${head.join('\r\n')}`;
    const seen = await rawly(route, [`${first}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n`, body]);
    assert.match(seen, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    const old = await rawly(route, [`POST ${route.path} HTTP/1.0\r\n${head.join('\r\n')}\r\n\r\n${body}`]);
    assert.match(old, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(old.slice(0, old.indexOf('\r\n\r\n')), /transfer-encoding/i);
    assert.doesNotThrow(() => JSON.parse(old.slice(old.indexOf('\r\n\r\n'))) as unknown);
  });
}

/** The function that has the route. */
const functionOf = ({ path, feature }: SdkRoute): string => {
  if (path === '/v1/responses') return 'responses';
  if (path.startsWith('/v1beta/')) return 'generate-content';
  return feature === 'chat_completions' ? 'chat-completions' : feature === 'embeddings' ? feature : 'code-completions';
};

/** All that comes back on a connection until it is closed. @param parts of a request; each waits for a first answer */
async function rawly(route: SdkRoute, parts: readonly string[]): Promise<string> {
  const { port } = new URL(gateway.functions.get(functionOf(route))?.url ?? '');
  const socket = net.connect(Number(port), '127.0.0.1');
  let seen = '';
  socket.setEncoding('utf8').on('data', (text: string) => (seen += text));
  const closed = once(socket, 'close');
  for (const part of parts) {
    socket.write(part);
    if (part !== parts.at(-1)) await once(socket, 'data');
  }
  await closed;
  return seen;
}

/** What a member becomes: not sent, or sent as this; and what the caller is told of it. */
interface Changed {
  readonly members: string;
  readonly sent: Readonly<Record<string, unknown>>;
  readonly told: RegExp;
}
const dropped = (name: string): RegExp => new RegExp(`"${name}: left out`);
const ofAll: readonly Changed[] = [
  { members: '"service_tier":"priority"', sent: { service_tier: undefined }, told: dropped('service_tier') },
];
const ofChat: readonly Changed[] = [
  ...ofAll,
  { members: '"n":3', sent: { n: 1 }, told: /"n: 1 in its place/ },
  {
    members: '"store":true,"metadata":{"team":"a"}',
    sent: { store: undefined, metadata: undefined },
    told: /"store: left out.*"metadata: left out/,
  },
];
const changes: Readonly<Record<string, readonly Changed[]>> = {
  'OpenAI chat': ofChat,
  'OpenAI text completions': ofChat,
  Responses: [
    ...ofAll,
    {
      members: '"store":true,"metadata":{"team":"a"}',
      sent: { store: false, metadata: { team: 'a' } },
      told: /"store: nothing is kept/,
    },
  ],
  'Anthropic messages': [
    ...ofAll,
    { members: '"store":true', sent: { store: undefined }, told: dropped('store') },
    { members: '"n":3', sent: { n: 1 }, told: /"n: 1 in its place/ },
  ],
  Gemini: [
    ...ofAll,
    { members: '"store":true', sent: { store: undefined }, told: dropped('store') },
    {
      members: '"generationConfig":{"candidateCount":3}',
      sent: { generationConfig: { candidateCount: 1 } },
      told: /candidateCount: 1 in its place/,
    },
  ],
};

for (const route of wholeRoutes.filter(({ name }) => name in changes))
  test(`${route.name}: what is left out or changed is told, what goes together goes together`, async () => {
    for (const { members, sent, told } of changes[route.name] ?? []) {
      const { status, headers, text } = await send(route, `${route.ask},${members}}`);
      assert.equal(status, 200, text);
      assert.match(headers.get('warning') ?? '', told, members);
      const body = JSON.parse(sentBy(route)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(sent)) assert.deepEqual(body[name], value, `${members}: ${name}`);
    }
    const { headers } = await send(route, `${route.ask}}`);
    assert.equal(headers.get('warning'), null, 'nothing to tell');
  });

test('the name of a caller’s user is within its provider’s bound, however long it is, and tells users apart', async () => {
  for (const [name, member, of] of [
    ['Anthropic messages', (user: string) => `"metadata":{"user_id":"${user}"}`, 'metadata'],
    ['OpenAI chat', (user: string) => `"user":"${user}"`, 'user'],
    ['OpenAI text completions', (user: string) => `"user":"${user}"`, 'user'],
    ['Responses', (user: string) => `"user":"${user}"`, 'user'],
  ] as const) {
    const route = wholeRoutes.find((one) => one.name === name) ?? assert.fail();
    const names: string[] = [];
    for (const end of ['a', 'b']) {
      const { status, headers } = await send(route, `${route.ask},${member('u'.repeat(600) + end)}}`);
      assert.equal(status, 200);
      assert.match(headers.get('warning') ?? '', /the name that the gateway has for you in front/);
      const body = JSON.parse(sentBy(route)) as { user?: string; metadata?: { user_id: string } };
      names.push((of === 'user' ? body.user : body.metadata?.user_id) ?? '');
    }
    assert.ok(
      names.every(({ length }) => length > 0 && length <= 256),
      name,
    );
    assert.notEqual(names[0], names[1]);
  }
});

test('a prompt that stands beside the conversation stays, whatever the conversation begins with', async () => {
  const directive = '{"role":"system","content":[],"output_config":{"effort":"low"}}';
  const user = '{"role":"user","content":"say ok"}';
  const system = '[{"type":"text","text":"Be brief","cache_control":{"type":"ephemeral"}}]';
  const prompt = '{"role":"system","content":"Another"}';
  const content = '{"role":"user","parts":[{"text":"say ok"}]}';
  for (const [name, members] of [
    [
      'Anthropic messages',
      `"model":"claude-haiku-4-5","max_tokens":9,"system":${system},"messages":[${directive},${user}]`,
    ],
    [
      'Anthropic messages',
      `"model":"claude-haiku-4-5","max_tokens":9,"system":${system},"messages":[${prompt},${user}]`,
    ],
    ['Anthropic messages', `"model":"claude-haiku-4-5","max_tokens":9,"messages":[${directive},${user}]`],
    [
      'OpenAI chat',
      `"model":"gpt-4o","messages":[{"role":"developer","content":[]},{"role":"system","content":""},${user}]`,
    ],
    ['Responses', `"model":"gpt-4o","instructions":"Be brief","input":[{"role":"system","content":[]},${user}]`],
    [
      'Gemini',
      `"systemInstruction":{"parts":[{"text":"Be brief"}]},"contents":[{"role":"user","parts":[]},${content}]`,
    ],
  ] as const) {
    const route = wholeRoutes.find((one) => one.name === name) ?? assert.fail();
    const { status, text } = await send(route, `{${members}}`);
    assert.equal(status, 200, text);
    const sent = JSON.parse(sentBy(route)) as Record<string, unknown>;
    for (const [member, value] of Object.entries(JSON.parse(`{${members}}`) as Record<string, unknown>))
      if (member !== 'model') assert.deepEqual(sent[member], value, `${name}: ${member}`);
    assert.equal('system' in sent, members.includes('"system":'));
  }
});

test('a length beyond that of 2023 is the provider’s to judge, in every dialect', async () => {
  for (const [name, members, sent] of [
    ['OpenAI chat', '"max_completion_tokens":128000', '"max_completion_tokens":128000'],
    ['OpenAI chat', '"max_tokens":64000', '"max_tokens":64000'],
    ['OpenAI text completions', '"max_tokens":64000', '"max_tokens":64000'],
    ['Responses', '"max_output_tokens":128000', '"max_output_tokens":128000'],
    ['Anthropic messages', '"max_tokens":64000', '"max_tokens":64000'],
    ['Gemini', '"generationConfig":{"maxOutputTokens":65536}', '"maxOutputTokens":65536'],
  ] as const) {
    const route = wholeRoutes.find((one) => one.name === name) ?? assert.fail();
    const { status, text, headers } = await send(route, `${route.ask},${members}}`);
    assert.deepEqual([status, headers.get('warning')], [200, null], text);
    assert.ok(sentBy(route).includes(sent), name);
  }
});
