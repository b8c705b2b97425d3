// Vectors about attribution, over HTTP: who may ask, what is asked of Sourcegraph.com, what comes back, what is
// charged.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['attribution', 'chat-completions', 'limits', 'deliver-events', 'diagnostics'],
  });
});
after(() => gateway.stop());

const ask = (token: string, body: unknown = { snippet: 'x := 1', limit: 2 }) =>
  gateway.call('/v1/attribution', { token, body });
const error = (text: string): string => `${JSON.stringify({ error: text })}\n`;

test('completions #7, actors #17: a subscription whose access is off may search for attribution, and nothing else', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  await gateway.write(`subscriptions/${id}`, { accessEnabled: false });
  assert.equal((await ask(token)).status, 200);
  const refused = await gateway.call('/v1/completions/anthropic-messages', {
    token,
    headers: chat,
    body: anthropicBody(),
  });
  assert.deepEqual([refused.status, refused.text], [403, error('Cody Gateway access not enabled')]);
  assert.equal((await gateway.call('/v1/limits', { token })).status, 403);
});

test('actors #15: a made-up token gets no further the second time than the first', async () => {
  const unknownToken = `slk_${'e'.repeat(64)}`;
  const searches = gateway.sourcegraph.searches.length;
  for (const answer of [await ask(unknownToken), await ask(unknownToken)]) assert.equal(answer.status, 401);
  const nobody = await gateway.call('/v1/attribution', { token: null, body: { snippet: 's' } });
  assert.equal(nobody.status, 403);
  assert.equal(gateway.sourcegraph.searches.length, searches);
});

test('actors #66: at most four are asked for, whatever is said; what is found is told as instances read it', async () => {
  const { token } = await gateway.subscription({ limit: 10 });
  for (const limit of [0, 100, -1, undefined]) assert.equal((await ask(token, { snippet: 's', limit })).status, 200);
  assert.deepEqual(
    gateway.sourcegraph.searches.slice(-4),
    Array.from({ length: 4 }, () => ({ snippet: 's', first: 4 })),
  );
  const answer = await ask(token);
  assert.deepEqual(
    [gateway.sourcegraph.searches.at(-1)?.first, answer.headers.get('content-type')],
    [2, 'application/json'],
  );
  assert.equal(answer.text, '{"Repositories":[{"name":"github.com/a/b"}],"totalCount":1,"limitHit":true}\n');
  assert.match(answer.headers.get('ratelimit') ?? '', /^"attribution";r=\d+;t=\d+$/);
});

test('actors #70: none found', async () => {
  const { token } = await gateway.subscription({ limit: 10 });
  const before = gateway.sourcegraph.found;
  gateway.sourcegraph.found = { totalCount: 0, limitHit: false, names: [] };
  assert.equal((await ask(token)).text, '{"Repositories":null}\n');
  gateway.sourcegraph.found = before;
});

test('actors #67: users of Sourcegraph.com are refused', async () => {
  const token = `sgd_${'7'.repeat(64)}`;
  const limit = { limit: 2, intervalSeconds: 86_400, allowedModels: ['*'] };
  await gateway.write('users/77', { name: 'somebody', accessEnabled: true, limits: { chat_completions: limit } });
  await gateway.write(`tokens/${createHash('sha256').update(token).digest('hex')}`, { actor: 'users/77' });
  const answer = await ask(token);
  assert.deepEqual([answer.status, answer.text], [401, error('only available for enterprise product subscriptions')]);
});

test('actors #69: a Sourcegraph.com that fails is a 502 that costs nothing; a search that succeeds is one unit and one event', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  for (const [status, body, why] of [
    [500, 'secret detail', 'unexpected status 500'],
    [200, 'no json', 'an answer that is no JSON'],
    [200, '{"data":{"snippetAttribution":null}}', 'an answer of another shape'],
    [200, JSON.stringify('x'.repeat(100_000)), 'an answer that is too large'],
  ] as const) {
    gateway.sourcegraph.failNext('SnippetAttribution', status, body);
    const answer = await ask(token);
    assert.deepEqual(
      [answer.status, answer.text],
      [502, error(`fetching SnippetAttribution from sourcegraph.com: ${why}`)],
    );
    assert.ok(Number(answer.headers.get('retry-after')) > 3);
  }
  assert.equal((await ask(token)).status, 200);
  const events = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    events.map(({ name, feature, units, metadata }) => [name, feature, units, metadata['resolved_status_code']]),
    [502, 502, 502, 502, 200].map((status) => ['AttributionFinished', 'attribution', status === 200 ? 1 : 0, status]),
  );
  assert.ok(!JSON.stringify(events).includes('x := 1'), 'the snippet is nobody else’s');
});

test('bad requests, and a snippet over the size', async () => {
  const { token } = await gateway.subscription({ limit: 10 });
  for (const [body, text] of [
    ['', 'failed to parse request body: EOF'],
    [{ limit: 1 }, 'failed to parse request body: "snippet" must be a string'],
    [{ snippet: 's', limit: 1.5 }, 'failed to parse request body: "limit" must be a whole number'],
  ] as const) {
    const answer = await ask(token, body);
    assert.deepEqual([answer.status, answer.text], [400, error(text)]);
  }
  assert.equal((await ask(token, { snippet: 's'.repeat(300 * 1024) })).status, 413);
});

test('actors #68: switched off it says so; and each subscription has its limit a day', async (t) => {
  const off = await startGateway({
    functions: ['attribution', 'diagnostics'],
    env: { CODY_GATEWAY_ENABLE_ATTRIBUTION_SEARCH: 'false' },
  });
  t.after(() => off.stop());
  const answer = await off.call('/v1/attribution', { body: { snippet: 's' } });
  assert.deepEqual([answer.status, answer.text], [503, error('attribution search not enabled')]);

  const small = await startGateway({
    functions: ['attribution', 'diagnostics'],
    env: { CODY_GATEWAY_ATTRIBUTION_PER_DAY: '2' },
  });
  t.after(() => small.stop());
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await small.call('/v1/attribution', { body: { snippet: 's' } })).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});
