// Proves that exporting never costs a request anything: nothing without an endpoint, bounded and without a wait when the endpoint hangs or fails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createExporter } from './exporter.ts';
import { inFlight, measure } from './instruments.ts';
import type { Otlp } from './otlp.ts';
import { redact } from './redact.ts';
import type { SpanRecord } from './span.ts';
import { createTelemetry } from './telemetry.ts';

const settings = { googleCloudProject: 'p', functionName: 'f', version: '1', otelEndpoint: 'http://127.0.0.1:1' };
const span = (more: Partial<SpanRecord> = {}): SpanRecord => ({
  name: 'admit',
  kind: 'internal',
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentSpanId: null,
  links: [],
  startMs: 1_000,
  endMs: 1_250,
  attributes: {},
  failure: null,
  ...more,
});

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
});

test('an endpoint that hangs: taking stays bounded and a flush ends at its deadline', async () => {
  const sent: number[] = [];
  const hanging: Otlp = {
    record: () => {},
    sendSpans: (records) => {
      sent.push(records.length);
      return new Promise(() => {});
    },
    sendMetrics: () => new Promise(() => {}),
  };
  const exporter = createExporter(settings, assert.fail, { load: async () => hanging, now: () => 0 });
  for (let n = 0; n < 10_000; n++) exporter?.take(span(), true);
  await exporter?.flush(20);
  for (let n = 0; n < 10_000; n++) exporter?.take(span(), true);
  await exporter?.flush(20);
  assert.deepEqual(sent, [512]);
});

test('an endpoint that fails is told once a minute, and what is kept is bounded', async () => {
  const warnings: string[] = [];
  let clockMs = 0;
  let received = 0;
  const failing: Otlp = {
    record: () => {},
    sendSpans: async (records) => {
      received += records.length;
      throw new Error('away');
    },
    sendMetrics: async () => {},
  };
  const exporter = createExporter(settings, (message) => warnings.push(message), {
    load: async () => failing,
    now: () => clockMs,
  });
  for (let n = 0; n < 5_000; n++) exporter?.take(span(), true);
  await exporter?.flush(5_000);
  assert.equal(received, 4_096);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /904 spans were dropped/);
  clockMs = 61_000;
  exporter?.take(span(), true);
  await exporter?.flush(5_000);
  assert.equal(warnings.length, 2);
});

test('policy: none exports no span but measures it; selective only what asks', async () => {
  const names: string[] = [];
  let measured = 0;
  const otlp: Otlp = {
    record: (measurements) => {
      measured += measurements.length;
    },
    sendSpans: async (records) => void names.push(...records.map(({ name }) => name)),
    sendMetrics: async () => {},
  };
  const exporter = createExporter(settings, assert.fail, { load: async () => otlp, now: () => 0 });
  exporter?.take(span({ name: 'admit' }), false);
  exporter?.take(span({ name: 'settle' }), true);
  await exporter?.flush(5_000);
  assert.deepEqual(names, ['settle']);
  assert.equal(measured, 4);
  const selective = createTelemetry({ ...settings, tracePolicy: 'selective' }, () => {});
  assert.equal(selective.open({}).sampled, false);
  assert.equal(selective.open({ 'x-sourcegraph-should-trace': 'true' }).sampled, true);
  assert.equal(selective.open({}, '/v1/x?trace=1').sampled, true);
  assert.equal(createTelemetry({ ...settings, tracePolicy: 'none' }, () => {}).open({}, '/?trace=1').sampled, false);
});

test('what a span is worth', () => {
  const attributes = { decision: 'refused', reason: 'quota' };
  assert.deepEqual(measure(span({ attributes })), [
    { name: 'gateway.redis.duration', value: 0.25, attributes: { step: 'admit' } },
    { name: 'gateway.admissions', value: 1, attributes },
  ]);
  assert.deepEqual(measure(span({ name: 'identify', failure: 'unauthorized' }))[0]?.attributes, {
    outcome: 'unauthorized',
  });
  assert.deepEqual(inFlight(1, { 'gen_ai.provider.name': 'openai', upstreamStatusCode: 200 }).attributes, {
    'gen_ai.provider.name': 'openai',
  });
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
