// Proves that exporting never costs a request anything: nothing without an endpoint, bounded and without a wait when
// the endpoint hangs or fails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createExporter } from './exporter.ts';
import type { InstrumentName } from './instruments.ts';
import { measure, measureInFlight } from './measure.ts';
import { createMeters } from './meters.ts';
import { exportHeaders, type Otlp } from './otlp.ts';
import { redact } from './redact.ts';
import type { SpanRecord, TraceFacts } from './span.ts';
import { createTelemetry } from './telemetry.ts';

const settings = { googleCloudProject: 'p', functionName: 'f', version: '1', otelEndpoint: 'http://127.0.0.1:1' };
const trace: TraceFacts = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentSpanId: null,
  links: [],
  sampled: true,
};
const span = (more: Partial<SpanRecord> = {}): SpanRecord => ({
  name: 'admit',
  kind: 'internal',
  startMs: 1_000,
  endMs: 1_250,
  base: {},
  attributes: {},
  failure: null,
  ...more,
});
/** Some 26 of them are a batch. */
const large = span({ attributes: { event: 'x'.repeat(10_000) } });

test('without an endpoint there is no exporter, and a step is just done', async () => {
  assert.equal(createExporter({ ...settings, otelEndpoint: null }, assert.fail), null);
  const scope = createTelemetry({ ...settings, otelEndpoint: null }, () => {}).open({});
  assert.equal(
    await scope.span(
      'admit',
      async () => 7,
      () => assert.fail(),
    ),
    7,
  );
  scope.mark('event', assert.fail);
  scope.past('attempt', 0, 1, null, assert.fail);
});

test('Google’s endpoint gets a token of this account and who pays, any other neither', async () => {
  const google = { ...settings, accessTokens: async () => 'token' };
  const paid = { authorization: 'Bearer token', 'x-goog-user-project': 'p' };
  assert.deepEqual(await exportHeaders('https://telemetry.googleapis.com', google)(), paid);
  assert.deepEqual(await exportHeaders('https://telemetry.googleapis.com.example.com', google)(), {});
  assert.deepEqual(await exportHeaders('http://127.0.0.1:1', google)(), {});
  assert.deepEqual(await exportHeaders('https://telemetry.googleapis.com', settings)(), {});
  const regional = 'https://telemetry.us-central1.rep.googleapis.com';
  const other = await exportHeaders(regional, { ...google, otelProject: 'q' })();
  assert.deepEqual(other, { ...paid, 'x-goog-user-project': 'q' });
});

test('an endpoint that hangs: taking stays bounded and a flush ends at its deadline', async () => {
  let sent = 0;
  const hanging: Otlp = {
    sendSpans: () => {
      sent++;
      return new Promise(() => {});
    },
    sendMetrics: () => new Promise(() => {}),
  };
  const exporter = createExporter(settings, assert.fail, { load: async () => hanging, now: () => 0 });
  const before = process.memoryUsage().external;
  // 200 MB of them.
  for (let n = 0; n < 20_000; n++) exporter?.take(trace, [large]);
  await exporter?.flush(20);
  for (let n = 0; n < 20; n++) exporter?.take(trace, [large]);
  await exporter?.flush(20);
  assert.equal(sent, 1);
  assert.ok(process.memoryUsage().external - before < 32 * 1024 * 1024);
});

test('an endpoint that fails is told once a minute, with how much was lost; what is kept is bounded', async () => {
  const warnings: string[] = [];
  let clockMs = 0;
  let received = 0;
  const failing: Otlp = {
    sendSpans: async ({ spans }) => {
      received += spans;
      throw new Error('away');
    },
    sendMetrics: async () => {},
  };
  const exporter = createExporter(settings, (message) => warnings.push(message), {
    load: async () => failing,
    now: () => clockMs,
  });
  for (let n = 0; n < 5_000; n++) exporter?.take(trace, [large]);
  await exporter?.flush(5_000);
  assert.ok(received > 500 && received < 1_000, `${received} were kept`);
  assert.equal(warnings.length, 1);
  clockMs = 61_000;
  exporter?.take(trace, [span()]);
  await exporter?.flush(5_000);
  assert.equal(warnings.length, 2);
  assert.match(warnings[1] ?? '', /5001 spans were dropped so far/);
});

test('an endpoint that takes them: a full batch goes at once, nothing is lost at any rate', async () => {
  const sizes: number[] = [];
  const otlp: Otlp = { sendSpans: async ({ spans }) => void sizes.push(spans), sendMetrics: async () => {} };
  const exporter = createExporter(settings, assert.fail, { load: async () => otlp, now: () => 0 });
  for (let n = 0; n < 10_000; n++) {
    exporter?.take(trace, [large]);
    if (n % 100 === 0) await new Promise(setImmediate);
  }
  assert.ok(sizes.length > 100);
  await exporter?.flush(5_000);
  assert.equal(
    sizes.reduce((sum, spans) => sum + spans, 0),
    10_000,
  );
});

test('policy: none exports no span but measures it; selective only what asks', async () => {
  let sent = 0;
  const measured: string[] = [];
  const otlp: Otlp = {
    sendSpans: async ({ spans }) => void (sent += spans),
    sendMetrics: async ({ series }) => void measured.push(...series.keys()),
  };
  const exporter = createExporter(settings, assert.fail, { load: async () => otlp, now: () => 0 });
  exporter?.take({ ...trace, sampled: false }, [span({ name: 'admit' })]);
  exporter?.take(trace, [span({ name: 'settle' })]);
  await exporter?.flush(5_000);
  assert.equal(sent, 1);
  assert.deepEqual(measured.toSorted(), [
    'cody-gateway.redis_latency',
    'gateway.admissions',
    'gateway.leases',
    'gateway.redis.duration',
  ]);
  const selective = createTelemetry({ ...settings, tracePolicy: 'selective' }, () => {});
  assert.equal(selective.open({}).sampled, false);
  assert.equal(selective.open({ 'x-sourcegraph-should-trace': 'true' }).sampled, true);
  assert.equal(selective.open({}, '/v1/x?trace=1').sampled, true);
  assert.equal(createTelemetry({ ...settings, tracePolicy: 'none' }, () => {}).open({}, '/?trace=1').sampled, false);
});

test('what a span is worth: by labels, in explicit buckets', () => {
  const meters = createMeters();
  const attributes = { decision: 'refused', reason: 'quota', limit: 5 };
  measure(meters, span({ attributes }));
  measure(meters, span({ attributes }));
  measure(meters, span({ failure: 'StoreUnavailable' }));
  measure(meters, span({ name: 'identify', failure: 'unauthorized' }));
  measureInFlight(meters, 1, { 'gen_ai.provider.name': 'openai', upstreamStatusCode: 200 });
  const found = (name: InstrumentName) =>
    [...(meters.series.get(name)?.values() ?? [])].map(({ labels, value, counts }) => ({ labels, value, counts }));
  assert.deepEqual(found('gateway.admissions'), [
    { labels: { decision: 'refused', reason: 'quota' }, value: 2, counts: [] },
    { labels: { decision: 'failed', reason: 'StoreUnavailable' }, value: 1, counts: [] },
  ]);
  const [redis] = found('gateway.redis.duration');
  assert.deepEqual(redis?.labels, { step: 'admit', outcome: 'answered' });
  // 0.25 s lies within the bucket that ends there.
  assert.deepEqual([redis?.value, redis?.counts], [0.5, [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]]);
  assert.deepEqual(found('gateway.actor_lookups')[0]?.labels, { outcome: 'unauthorized' });
  assert.deepEqual(found('gateway.upstream.in_flight')[0]?.labels, { 'gen_ai.provider.name': 'openai' });
});

test('the original gateway’s metrics beside ours, from the same measurements', () => {
  const meters = createMeters();
  measureInFlight(meters, 1, { 'gateway.provider': 'acme', 'gateway.feature': 'code_completions' });
  measureInFlight(meters, -1, { 'gateway.provider': 'acme', 'gateway.feature': 'chat_completions' });
  const call = { model: 'acme/large', 'gateway.feature': 'embeddings', own_ms: 3 };
  measure(meters, span({ kind: 'server', attributes: call }));
  measure(meters, span({ kind: 'server', attributes: { ...call, stream: true } }));
  measure(meters, span({ kind: 'server', attributes: { own_ms: 3 } }));
  measure(meters, span({}));
  measure(meters, span({ name: 'settle', failure: 'StoreUnavailable' }));
  const found = (name: InstrumentName) =>
    [...(meters.series.get(name)?.values() ?? [])].map(({ labels, value }) => [labels, value]);
  assert.deepEqual(found('cody-gateway.concurrent_upstream_requests'), [
    [{ provider: 'acme', feature: 'completions' }, 0],
  ]);
  assert.deepEqual(found('cody-gateway.latency_overhead'), [
    [{ provider: 'acme', feature: 'embeddings', stream: 'false' }, 3],
    [{ provider: 'acme', feature: 'embeddings', stream: 'true' }, 3],
  ]);
  assert.deepEqual(found('cody-gateway.redis_latency'), [
    [{ error: false, command: 'admit' }, 250],
    [{ error: true, command: 'settle' }, 250],
  ]);
});

test('series are bounded: what comes after the last one folds into one', () => {
  const meters = createMeters();
  for (let n = 0; n < 5_000; n++)
    meters.record('gateway.refusals', 1, meters.labelsOf({ reason: `r${n}` }, ['reason']));
  const series = [...(meters.series.get('gateway.refusals')?.values() ?? [])];
  assert.ok(series.length <= 2_001);
  assert.equal(
    series.reduce((sum, { value }) => sum + value, 0),
    5_000,
  );
  assert.ok(series.some(({ labels }) => labels['otel.metric.overflow'] === true));
});

test('without a project there is Prometheus’ text, of gauges and histograms too (promise 26)', async () => {
  const local = createTelemetry({ ...settings, googleCloudProject: null, otelEndpoint: null }, () => {});
  local.count('gateway.model_breaker', 1, { model: 'openai/gpt-4o' });
  local.count('gateway.overhead', 0.004, {});
  const text = await local.prometheus();
  assert.match(text ?? '', /^gateway_model_breaker\{.*model="openai\/gpt-4o".*\} 1$/m);
  assert.match(text ?? '', /^gateway_overhead(_seconds)?_bucket\{.*le="0.005".*\} 1$/m);
  assert.equal(createTelemetry({ ...settings, otelEndpoint: null }, () => {}).prometheus(), null);
});

test('texts of errors lose tokens, keys, passwords and quoted bodies', () => {
  const token = `sgd_${'0a'.repeat(32)}`;
  const text = redact(
    `for ${token}, Bearer abcdefghijklmnop, redis://:hunter2222@h:1, sk-ant-REDACTED1, Unexpected token 'h', "hello there" is not valid JSON`,
  );
  for (const secret of [token, 'abcdefghijklmnop', 'hunter2222', 'abcdefghijkl1', 'hello there'])
    assert.ok(!text.includes(secret), text);
});

test('promise 18: a start that fails and what nobody catches end the process, told in Error Reporting’s form', () => {
  const run = (code: string) => {
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: import.meta.dirname,
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
      timeout: 60_000,
    });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { status, report: lines.find((line) => String(line['@type']).endsWith('ReportedErrorEvent')) };
  };
  const noConfig = run("await import('../../../functions/limits/index.ts')");
  assert.equal(noConfig.status, 1);
  assert.match(String(noConfig.report?.['message']), /REDIS_ENDPOINT is not set/);
  assert.deepEqual(noConfig.report?.['serviceContext'], { service: 'limits', version: '' });
  const crash = run(
    "import { createTelemetry } from './telemetry.ts'; createTelemetry({ googleCloudProject: null, functionName: 'f', version: '2' }).reportCrashes(); setImmediate(() => { throw new Error('no ground'); });",
  );
  assert.notEqual(crash.status, 0);
  assert.match(String(crash.report?.['message']), /^Error: no ground\n +at /);
  assert.deepEqual([crash.report?.['severity'], crash.report?.['origin']], ['CRITICAL', 'uncaughtException']);
});
