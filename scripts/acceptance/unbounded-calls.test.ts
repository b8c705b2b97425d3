// A hard budget and what nobody can bound, on a whole gateway: tools that a provider runs itself and models without a
// price, in every dialect. What is held for such a call while it runs, what is taken out with a warning, what is
// refused in the caller's dialect before anything is sent, and what a configured ceiling makes of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setBudget } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { localProject } from '../local/cloud.ts';
import { eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';
import { messageIn, sdkFunctions as functions, sdkRoutes, type SdkRoute } from './sdk-routes.ts';

/** Allowed by a row, and no list has a price of them. */
const nobodyKnows = {
  anthropic: 'claude-of-tomorrow',
  openai: 'gpt-of-tomorrow',
  google: 'gemini-of-tomorrow',
} as const;
const nobodysVector = 'openai/a-vector-of-tomorrow';
const ceilingNanoUsd = 250_000_000;
const providers = ['anthropic', 'openai', 'google'].map((id) => ({ id, allow: ['*'] }));
const stated = { allowed: true, source: 'a test', asOf: '2026-01-01' };
const models = [
  ...Object.entries(nobodyKnows).map(([provider, name]) => ({ id: `${provider}/${name}`, ...stated })),
  { id: nobodysVector, features: ['embeddings'], dimensions: 1536, dialects: ['openai-embeddings'], ...stated },
];
const env = {
  CODY_GATEWAY_CATALOGUE: JSON.stringify({ providers, models }),
  CODY_GATEWAY_RESPONSES_SERVER_TOOLS: 'web_search,code_interpreter',
};
const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];

let gateway: TestGateway;
let documents: Documents;
before(async () => {
  gateway = await startGateway({ functions, env });
  documents = documentsOf(gateway);
});
after(async () => {
  await documents.close();
  await gateway.stop();
});

const documentsOf = (of: TestGateway): Documents =>
  openDocuments({ firestoreEmulatorHost: of.firestore.host, googleCloudProject: localProject });

async function budgeted(hard: boolean, of = gateway, at = documents): Promise<{ id: string; token: string }> {
  const limit = { limit: 1_000_000, intervalSeconds: 86_400, allowedModels: ['*'] };
  const limits = { chat_completions: limit, code_completions: limit, embeddings: limit };
  const one = await of.subscription(null, { limits });
  await setBudget(at, null, one.id, 'subscription', { limitUsd: '1000', window: 'month', hard }, author);
  return one;
}

/** Settled and held, nano-dollars. */
async function tally(id: string, of = gateway): Promise<readonly [settled: number, held: number]> {
  const [key = ''] = await of.redisClient.keys(`*:budget:subscription:*${id}`);
  const [text = '0 0'] = Object.values(await of.redisClient.hgetall(key));
  const [used = 0, held = 0] = text.split(' ', 2).map(Number);
  return [used - held, held];
}

const routeOf = (name: string): SdkRoute => sdkRoutes.find((one) => one.name === name) ?? assert.fail(name);
const [chat, text, responses, anthropic, gemini, embeddings] = [
  routeOf('OpenAI chat'),
  routeOf('OpenAI text completions'),
  routeOf('Responses'),
  routeOf('Anthropic messages'),
  routeOf('Gemini'),
  routeOf('embeddings'),
];

/** What a route is asked: its own request, and members beside. A model is named in the body or in the address. */
function asked(route: SdkRoute, more: Readonly<Record<string, unknown>>): { path: string; body: unknown } {
  const body = { ...(JSON.parse(`${route.ask}}`) as object), ...more };
  const { model } = more;
  if (route.provider !== 'google' || typeof model !== 'string') return { path: route.path, body };
  return { path: route.path.replace(route.model, model), body: { ...body, model: undefined } };
}

const providerOf = ({ provider }: SdkRoute, of = gateway) => of[provider] ?? assert.fail('no stand-in');

/** What is held while the provider has the call. */
async function heldBy(route: SdkRoute, more: Readonly<Record<string, unknown>>): Promise<number> {
  const { id, token } = await budgeted(true);
  const { path, body } = asked(route, more);
  const provider = providerOf(route);
  const sent = provider.requests.length;
  provider.next({ hang: 'headers' });
  const leaving = new AbortController();
  const call = gateway.call(path, { token, body, headers: route.headers, signal: leaving.signal }).catch(() => null);
  await eventually(() => provider.requests.length > sent, Boolean).catch(async (error: unknown) => {
    provider.forget();
    throw new Error(`it was not sent: ${(await call)?.text ?? ''}`, { cause: error });
  });
  const [, held] = await tally(id);
  leaving.abort();
  await call;
  await eventually(
    () => tally(id),
    ([, left]) => left === 0,
  );
  return held;
}

const search = { type: 'web_search_20250305', name: 'web_search' };
const container = { type: 'code_interpreter', container: { type: 'auto' } };
const declared = { type: 'function', name: 'f', parameters: {} };

/** Dollars that the uses of a tool cost beside its tokens. */
const bounded: readonly (readonly [route: SdkRoute, more: Readonly<Record<string, unknown>>, fees: number])[] = [
  [anthropic, { tools: [{ ...search, max_uses: 5 }] }, 0.05],
  [responses, { model: 'gpt-5.5', max_tool_calls: 4, tools: [{ type: 'web_search' }] }, 0.04],
  [responses, { model: 'gpt-5.5', max_tool_calls: 2, tools: [container] }, 0.06],
  [gemini, { model: 'gemini-2.5-flash', tools: [{ googleSearch: {} }] }, 0.035],
];

for (const [route, more, fees] of bounded)
  test(`${route.name}, ${JSON.stringify(more['tools'])}: its bound is held while it runs, fees included`, async () => {
    const { tools: _tools, ...without } = more;
    const [plain, held] = [await heldBy(route, without), await heldBy(route, more)];
    assert.ok(plain > 0);
    assert.ok(held >= plain + fees * 1e9, `${held} beside ${plain}`);
  });

const unbounded: readonly (readonly [route: SdkRoute, more: Readonly<Record<string, unknown>>, why: RegExp])[] = [
  [anthropic, { tools: [search] }, /the tool web_search_20250305 runs at the provider, .*: give it max_uses/],
  [anthropic, { tools: [{ type: 'code_execution_20250825', name: 'c' }] }, /code_execution_20250825 .*: leave it out/],
  [chat, { model: 'gpt-4o-search-preview', max_tokens: 10 }, /searches of its own accord, .*: name another model/],
  [chat, { web_search_options: {} }, /"web_search_options" makes the provider search, .*: leave it out/],
  [responses, { model: 'gpt-5.5', tools: [{ type: 'web_search' }] }, /web_search .*: give max_tool_calls/],
  [
    responses,
    {
      model: 'gpt-5.5',
      max_tool_calls: 1,
      tools: [{ ...container, container: { type: 'auto', memory_limit: '16g' } }],
    },
    /code_interpreter .*: leave its memory_limit out/,
  ],
  [gemini, { model: 'gemini-3.5-flash', tools: [{ googleSearch: {} }] }, /googlesearch .*: leave it out/],
  [gemini, { tools: [{ codeExecution: {} }] }, /codeexecution .*: leave it out/],
  ...[chat, text, responses, anthropic, gemini].map(
    (route) => [route, { model: nobodyKnows[route.provider], max_tokens: 10 }, /-of-tomorrow has no price/] as const,
  ),
  [embeddings, { model: nobodysVector }, /a-vector-of-tomorrow has no price/],
];

for (const [route, more, why] of unbounded)
  test(`${route.name}, ${JSON.stringify(more)}: refused under a hard budget, and nothing is sent; a soft one lets it pass`, async () => {
    const { path, body } = asked(route, more);
    const provider = providerOf(route);
    const sent = provider.requests.length;
    const { id, token } = await budgeted(true);
    const refused = await gateway.call(path, { token, body, headers: route.headers });
    assert.equal(refused.status, 400, refused.text);
    const message = route === embeddings ? refused.text : messageIn(route, refused.text);
    assert.match(message, /a budget in dollars holds for this subscription, and nobody can say what this call costs/);
    assert.match(message, why);
    assert.equal(provider.requests.length, sent);
    assert.deepEqual(await tally(id), [0, 0]);
    const soft = await budgeted(false);
    await gateway.call(path, { token: soft.token, body, headers: route.headers });
    assert.equal(provider.requests.length, sent + 1, 'a soft budget refuses nothing');
  });

test('Responses: a tool that the operator does not allow is taken out with a warning, and the call is bound without it', async () => {
  const { token } = await budgeted(true);
  const more = {
    model: 'gpt-5.5',
    tools: [declared, { type: 'mcp', server_label: 's', server_url: 'https://a.example' }],
  };
  const answer = await gateway.call(responses.path, { token, ...asked(responses, more), headers: responses.headers });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('warning') ?? '', /tools: mcp left out: .*CODY_GATEWAY_RESPONSES_SERVER_TOOLS/);
  const sent = JSON.parse(providerOf(responses).requests.at(-1)?.body ?? '{}') as { tools: unknown };
  assert.deepEqual(sent.tools, [declared]);
  assert.equal(await heldBy(responses, more), await heldBy(responses, { ...more, tools: [declared] }));
});

test('with a ceiling such calls are held and charged at it, whatever they cost, and their rows say so', async () => {
  const other = await startGateway({ functions, env: { ...env, CODY_GATEWAY_UNPRICED_CEILING_USD: '0.25' } });
  const at = documentsOf(other);
  try {
    for (const route of [chat, text, responses, anthropic, gemini, embeddings]) {
      const { id, token } = await budgeted(true, other, at);
      const named = route === embeddings ? nobodysVector : nobodyKnows[route.provider];
      const { path, body } = asked(route, { model: named, max_tokens: 10 });
      const { status, text: said } = await other.call(path, { token, body, headers: route.headers });
      assert.equal(status, 200, `${route.name}: ${said}`);
      assert.deepEqual(await tally(id, other), [ceilingNanoUsd, 0], route.name);
      const [row, ...more] = await other.events(`identifier = '${id}'`);
      assert.equal(more.length, 0);
      const { budget_nano_usd: kept } = row as unknown as { budget_nano_usd: unknown };
      assert.deepEqual([row?.cost_nano_usd, Number(kept)], [null, ceilingNanoUsd], route.name);
      assert.deepEqual(row?.metadata['unpriced_dimensions'], ['price'], route.name);
    }
  } finally {
    await at.close();
    await other.stop();
  }
});
