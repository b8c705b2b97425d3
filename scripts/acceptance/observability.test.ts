// Proves the handbook's promises on traces, metrics and errors against the built functions, with a real OTLP and
// envelope receiver: what is told, and what never is.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SeenSpan } from '../local/google/otlp.ts';
import { failures } from '../local/providers/failures.ts';
import type { Behaviour } from '../local/providers/provider-server.ts';
import { anthropicBody, chat, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

const path = '/v1/completions/anthropic-messages';
const callerTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';

/** The spans of a trace, once its root is there. */
async function trace(traceId: string): Promise<Map<string, SeenSpan>> {
  const { spans } = gateway.observability;
  const own = await eventually(
    () => spans.filter((span) => span.traceId === traceId && span.service === 'chat-completions'),
    (found) => found.some(({ kind }) => kind === 2),
  );
  return new Map(own.map((span) => [span.kind === 2 ? 'root' : span.kind === 3 ? 'call' : span.name, span]));
}

test('promises 29-38: one trace a request, the caller’s context as parent and link, each step with what operators filter on', async () => {
  const { id, token } = await gateway.subscription({ limit: 50 });
  const answer = await gateway.call(path, {
    token,
    headers: { ...chat, traceparent: `00-${callerTrace}-${callerSpan}-00` },
    body: anthropicBody({ stream: true }),
  });
  assert.equal(answer.status, 200);
  const spans = await trace(callerTrace);
  const root = spans.get('root');
  assert.equal(root?.parentSpanId, callerSpan);
  assert.deepEqual(root.links, [{ traceId: callerTrace, spanId: callerSpan }]);
  assert.equal(root.spanId, answer.headers.get('x-span'));
  assert.equal(answer.headers.get('x-trace'), callerTrace);
  const of = (name: string): Readonly<Record<string, unknown>> => spans.get(name)?.attributes ?? {};
  for (const [name, span] of spans) if (name !== 'root') assert.equal(span.parentSpanId, root.spanId, name);
  assert.equal(root.attributes['actor.id'], id);
  assert.equal(root.attributes['matched_source'], 'dotcom-product-subscriptions');
  assert.equal(root.attributes['upstreamStatusCode'], 200);
  assert.equal(root.attributes['resolvedStatusCode'], 200);
  assert.equal(of('identify')['actor.accessEnabled'], true);
  assert.match(String(of('identify')['actor.rateLimits']), /chat_completions/);
  const { decision, limit, remaining } = of('admit');
  assert.deepEqual([decision, limit, remaining], ['admitted', 50, 49]);
  assert.deepEqual([of('admit')['used.before'], of('admit')['used.after']], [0, 1]);
  assert.equal(of('call')['gen_ai.provider.name'], 'anthropic');
  assert.equal(of('call')['gen_ai.request.model'], 'claude-3-haiku-20240307');
  assert.ok(Number(of('call')['gen_ai.usage.output_tokens']) > 0);
  assert.ok(Number(of('call')['gateway.upstream.time_to_headers']) > 0);
  assert.equal(of('settle')['lease'], 'settled');
  const row = JSON.parse(String(of('event')['event'])) as Record<string, unknown>;
  assert.deepEqual([row['name'], row['identifier'], row['quota_units']], ['CompletionsFinished', id, 1]);
  // Nothing of the caller's trace goes to a provider.
  assert.doesNotMatch(JSON.stringify(gateway.anthropic?.requests.at(-1)), new RegExp(`${callerTrace}|traceparent`));
});

test('a span for each attempt where one failed: home, status, kind of failure, time, whether it may be billed; else none', async () => {
  const { anthropic } = gateway;
  assert.ok(anthropic);
  const attemptsOf = async (failure: Behaviour | null): Promise<readonly SeenSpan[]> => {
    const { token } = await gateway.subscription({ limit: 5 });
    if (failure !== null) anthropic.next(failure, 1);
    const answer = await gateway.call(path, { token, headers: chat, body: anthropicBody({ stream: true }) });
    assert.equal(answer.status, 200, answer.text);
    const traceId = answer.headers.get('x-trace') ?? '';
    const call = (await trace(traceId)).get('call');
    assert.ok(call);
    const attempts = gateway.observability.spans.filter((span) => span.traceId === traceId && span.name === 'attempt');
    for (const { startMs, endMs } of attempts)
      assert.ok(call.startMs <= startMs && startMs <= endMs && endMs <= call.endMs, 'within the call');
    return attempts.toSorted((a, b) => a.startMs - b.startMs);
  };
  const home = 'anthropic-api';
  const served = {
    'gateway.home': home,
    'gateway.attempt': 2,
    'http.response.status_code': 200,
  };
  const told = (spans: readonly SeenSpan[]): unknown[] =>
    spans.map(({ failed, attributes, kind }) => [kind, failed, { ...attributes }]);
  assert.deepEqual(told(await attemptsOf(null)), []);
  const overloaded = {
    'gateway.home': home,
    'gateway.attempt': 1,
    'http.response.status_code': 529,
    'error.type': 'overload',
  };
  assert.deepEqual(told(await attemptsOf(failures.anthropic.overloaded)), [
    [1, true, overloaded],
    [1, false, served],
  ]);
  const cut = {
    'gateway.home': home,
    'gateway.attempt': 1,
    'gateway.attempt.may_be_billed': true,
    'http.response.status_code': 200,
    'error.type': 'cut',
  };
  assert.deepEqual(told(await attemptsOf({ cutAfterBytes: 0 })), [
    [1, true, cut],
    [1, false, served],
  ]);
});

test('a request’s span has its route for a name, and never what its caller wrote', async () => {
  const written = 'sk-as-a-path';
  const paths = [
    `/v1/models/${written}`,
    `/v1/models/openai%2F${written}`,
    `/${written}`,
    `/v1/completions/${written}?key=${written}`,
    `/v1//chat/completions/${written}`,
    `/v1/models/%E2%80%AE%0A${written}`,
  ];
  const url = gateway.functions.get('chat-completions')?.url ?? '';
  const traceIds: string[] = [];
  for (const odd of paths) {
    const answer = await fetch(`${url}${odd}`, { headers: { authorization: 'Bearer none' } });
    await answer.text();
    traceIds.push(answer.headers.get('x-trace') ?? '');
  }
  for (const [n, traceId] of traceIds.entries()) {
    const root = (await trace(traceId)).get('root');
    assert.ok(root !== undefined, paths[n]);
    assert.match(root.name, /^[\w/*{}+-]*$/, `${root.name} of ${paths[n]}`);
  }
  const names = gateway.observability.spans.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => name.includes(written)),
    [],
  );
});

test('a refusal’s trace tells its reason; metrics count it, with explicit buckets', async () => {
  const { token } = await gateway.subscription({ limit: 2 });
  const ask = () => gateway.call(path, { token, headers: chat, body: anthropicBody() });
  await ask();
  await ask();
  const refused = await ask();
  assert.equal(refused.status, 429);
  const spans = await trace(refused.headers.get('x-trace') ?? '');
  assert.equal(spans.get('admit')?.attributes['decision'], 'refused');
  const { reason } = spans.get('admit')?.attributes ?? {};
  assert.ok(reason === 'quota' || reason === 'burst');
  assert.match(String(spans.get('event')?.attributes['event']), /RateLimited/);
  // SIGTERM flushes metrics too (promise 26).
  await gateway.functions.get('chat-completions')?.stop();
  const { metrics } = gateway.observability;
  const found = (name: string) =>
    metrics.filter((metric) => metric.name === name && metric.service === 'chat-completions');
  assert.ok(found('gateway.admissions').some(({ attributes }) => attributes['reason'] === reason));
  for (const name of [
    'gateway.overhead',
    'http.server.request.duration',
    'gateway.redis.duration',
    'gen_ai.client.operation.duration',
    'gateway.upstream.time_to_headers',
    'gen_ai.client.token.usage',
  ])
    assert.ok(
      found(name).some(({ value, bounds }) => value > 0 && bounds.length >= 10),
      name,
    );
  for (const name of ['gateway.leases', 'gateway.events', 'gateway.actor_lookups', 'gateway.refusals'])
    assert.ok(
      found(name).some(({ value }) => value > 0),
      name,
    );
  // Counted outside any request, when a batch is acknowledged; goes out with a later push.
  await eventually(
    () => found('gateway.outbox'),
    (series) => series.some(({ value, attributes }) => value > 0 && attributes['state'] === 'sent'),
  );
  // Promise 27: it went up with each call and down again.
  assert.equal(found('gateway.upstream.in_flight').at(-1)?.value, 0);
});
