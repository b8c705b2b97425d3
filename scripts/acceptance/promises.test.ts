// Walks what the operations handbook promises on errors, alerts, metrics and traces
// (shared/COMPATIBILITY.md#handbook-promises, numbers 15 to 39) one by one: one gateway with some traffic behind it,
// and what its OTLP and Sentry endpoints, its log and its Terraform say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { crashLine } from '@cody-gateway/shared/telemetry';
import { diagnosticsSecret } from '../local/cloud.ts';
import type { SeenSpan } from '../local/google/otlp.ts';
import { anthropicBody, chat, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

const route = '/v1/completions/anthropic-messages';
const callerTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';
const googleTrace = '105445aa7843bc8bf206b12000100000';
const terraform = (file: string): string =>
  readFileSync(path.resolve(import.meta.dirname, '../../terraform', file), 'utf8');
const alerts = terraform('modules/monitoring/alerts.tf');

let gateway: TestGateway;
/** What was asked and answered. */
const asked: Record<
  'served' | 'last' | 'refused' | 'limited' | 'google',
  Awaited<ReturnType<TestGateway['call']>>
> = {} as never;
let subscriptionId = '';

before(async () => {
  gateway = await startGateway();
  const { id, token } = await gateway.subscription({ limit: 2 });
  subscriptionId = id;
  const ask = (headers: Record<string, string>, stream = false, bearer = token) =>
    gateway.call(route, { token: bearer, headers: { ...chat, ...headers }, body: anthropicBody({ stream }) });
  asked.served = await ask({ traceparent: `00-${callerTrace}-${callerSpan}-00` }, true);
  // The webhook is away for a while: an error of a function that nobody waits for.
  gateway.slack.fail(500);
  asked.last = await ask({});
  asked.refused = await ask({});
  const other = await gateway.subscription({ limit: 100 });
  gateway.anthropic?.next({ status: 429, headers: { 'request-id': 'req_429' }, body: '{"error":"slow down"}' }, 2);
  asked.limited = await ask({}, false, other.token);
  asked.google = await ask({ 'x-cloud-trace-context': `${googleTrace}/1;o=1` }, false, other.token);
  await eventually(
    () => gateway.observability.errors.some(({ tags }) => tagOf(tags, 'function') === 'deliver-notifications'),
    Boolean,
  );
  gateway.slack.fail(null);
  const post = (name: string, body: string) =>
    fetch(gateway.functions.get(name)?.url ?? '', { method: 'POST', body }).then((answer) => answer.text());
  await post('deliver-events', 'not a task');
  await post('sweep-leases', '');
  await post('sync-subscriptions', '');
  await eventually(
    () => roots('deliver-notifications').some(({ attributes }) => attributes['notice_sent'] === true),
    Boolean,
  );
  await eventually(
    () => spansOf(googleTrace).length > 0 && roots('sweep-leases').length > 0 && roots('sync-subscriptions').length > 0,
    Boolean,
  );
});
after(() => gateway.stop());

const tagOf = (tags: unknown, name: string): unknown => (tags as Record<string, unknown> | undefined)?.[name];
const spansOf = (traceId: string | null): SeenSpan[] =>
  gateway.observability.spans.filter((span) => span.traceId === traceId && span.service === 'chat-completions');
const spanOf = (answer: { headers: Headers }, name: string): SeenSpan => {
  const found = spansOf(answer.headers.get('x-trace')).find(
    (span) => span.name === name || (name === 'root' && span.kind === 2) || (name === 'call' && span.kind === 3),
  );
  assert.ok(found !== undefined, `no span ${name}`);
  return found;
};
const roots = (service: string): SeenSpan[] =>
  gateway.observability.spans.filter((span) => span.kind === 2 && span.service === service);
const reportOf = (answer: { headers: Headers }): Record<string, unknown> | undefined =>
  gateway.observability.errors.find(({ tags }) => tagOf(tags, 'trace_id') === answer.headers.get('x-trace'));
const metricsNamed = (name: string) => gateway.observability.metrics.filter((metric) => metric.name === name);

const metricsUrl = (): string => `${gateway.functions.get('chat-completions')?.url ?? ''}/metrics`;
const prometheus = async (): Promise<string> =>
  (await fetch(metricsUrl(), { headers: { authorization: `Bearer ${diagnosticsSecret}` } })).text();

/** Number, what is promised, and how it is seen to be kept. */
const promises: readonly (readonly [number: number, promise: string, kept: () => void | Promise<void>])[] = [
  [
    15,
    'Sentry gets error lines that carry an error, and no other',
    () => {
      const { errors } = gateway.observability;
      const background = errors.find(({ tags }) => tagOf(tags, 'function') === 'deliver-notifications');
      assert.match(JSON.stringify(background?.['exception']), /webhook/);
      assert.ok(gateway.lines.some(({ severity, dead_letter: id }) => severity === 'ERROR' && id !== undefined));
      assert.doesNotMatch(JSON.stringify(errors), /dead letter/);
    },
  ],
  [
    16,
    'Sentry gets the details of a 5xx: a provider’s 429 told as 503',
    () => {
      assert.equal(asked.limited.status, 503);
      const details =
        (reportOf(asked.limited)?.['contexts'] as Record<string, Record<string, unknown>> | undefined)?.[
          'request details'
        ] ?? {};
      const { status, path: at, feature, model, upstream_status: upstream } = details;
      assert.deepEqual(
        [status, at, feature, model, upstream],
        [503, route, 'chat_completions', 'anthropic/claude-3-haiku-20240307', 429],
      );
      assert.match(String(details['actor']), /^[0-9a-f-]{36}$/);
      assert.match(JSON.stringify(details['upstream_headers']), /req_429/);
      assert.doesNotMatch(JSON.stringify(details), /slow down/);
    },
  ],
  [
    17,
    'a Sentry project for each environment, with environment and release',
    () => {
      const { environment, release } = reportOf(asked.limited) ?? {};
      assert.deepEqual([environment, release], ['dev', '0.0.0+dev']);
      for (const env of ['prod', 'dev'])
        assert.match(terraform(`envs/${env}/main.tf`), new RegExp(`projects/cody-gateway-${env}/`));
    },
  ],
  [
    18,
    'a crash is an event of Error Reporting (its exit code: exporter.test.ts); failed starts are counted',
    () => {
      const settings = { googleCloudProject: null, functionName: 'limits', version: '1' };
      assert.match(crashLine(settings, new Error('no ground'), 'start'), /v1beta1\.ReportedErrorEvent/);
      assert.match(terraform('modules/monitoring/log-lines.json'), /no available instance/);
    },
  ],
  [
    19,
    'log lines and Sentry’s events have trace and span id',
    () => {
      const [traceId, spanId] = ['x-trace', 'x-span'].map((name) => asked.limited.headers.get(name));
      const lines = gateway.lines.filter(
        (line) => line['logging.googleapis.com/trace'] === `projects/local-cloud/traces/${traceId}`,
      );
      assert.ok(lines.some(({ event }) => event === 'request_completed'));
      assert.ok(lines.every((line) => line['logging.googleapis.com/spanId'] === spanId));
      assert.ok(lines.every((line) => line['logging.googleapis.com/trace_sampled'] === true));
      assert.equal(tagOf(reportOf(asked.limited)?.['tags'], 'span_id'), spanId);
    },
  ],
  [
    20,
    'alerts on the health of Cloud Run',
    () => alertsNamed('startup-latency', 'container-cpu', 'container-memory', 'instance-count', 'request-latency'),
  ],
  [
    21,
    'alerts on the health of Redis',
    () => alertsNamed('redis-memory', 'redis-cpu', 'redis-failover', 'redis-connections', 'redis-rejections'),
  ],
  [
    22,
    'alerts that grew out of it',
    () =>
      alertsNamed(
        'pending-requests',
        'instance-precondition-failed',
        'external-uptime',
        'response-codes',
        'server-errors',
      ),
  ],
  [
    23,
    'one Slack channel for both environments, OpsGenie where it is configured',
    () => {
      assert.match(terraform('modules/monitoring/variables.tf'), /default\s+= "#alerts-cody-gateway"/);
      assert.match(
        terraform('modules/monitoring/main.tf'),
        /"opsgenie" \{\s+count\s+= var\.opsgenie_url == null \? 0 : 1/,
      );
    },
  ],
  [
    24,
    'what is set up by hand is written down',
    () => {
      assert.match(terraform('README.md'), /\*\*Sentry\*\*.*issue alert/);
      assert.match(terraform('envs/prod/outputs.tf'), /Error Reporting/);
    },
  ],
  [25, 'links to the dashboards that Google brings', () => assert.match(terraform('envs/prod/outputs.tf'), /links/)],
  [
    26,
    'metrics are pushed, and can be asked for in Prometheus’ format (on shutdown: observability.test.ts)',
    async () => {
      await eventually(() => metricsNamed('gateway.overhead').length, Boolean);
      const text = await prometheus();
      for (const name of ['gateway_overhead_bucket', 'gateway_time_to_first_byte_bucket', 'gateway_admissions_total'])
        assert.match(text, new RegExp(`^${name}\\{`, 'm'));
      assert.match(text, /^gen_ai_client_operation_time_to_first_chunk_bucket\{.*le="0.001"/m);
      assert.equal((await fetch(metricsUrl())).status, 401);
    },
  ],
  [
    27,
    'concurrent upstream requests, by provider, feature and model',
    async () => {
      const line = (await prometheus()).split('\n').find((text) => text.startsWith('gateway_upstream_in_flight{'));
      assert.match(line ?? '', /gen_ai_provider_name="anthropic",gen_ai_request_model="claude-3-haiku-20240307"/);
      assert.match(line ?? '', /gateway_feature="chat_completions".* 0$/);
      // And as the original gateway calls them.
      const text = await prometheus();
      assert.match(
        text,
        /^cody_gateway_concurrent_upstream_requests\{.*provider="anthropic",feature="completions".* 0$/m,
      );
      assert.match(
        text,
        /^cody_gateway_latency_overhead_bucket\{.*provider="anthropic",feature="completions",stream=/m,
      );
      assert.match(text, /^cody_gateway_redis_latency_bucket\{.*error="false",command="admit"/m);
    },
  ],
  [
    28,
    'a dashboard with them, in both environments',
    () => {
      assert.match(terraform('modules/monitoring/dashboard.json.tftpl'), /cody_gateway\/own_ms/);
      for (const env of ['prod', 'dev']) assert.match(terraform(`envs/${env}/main.tf`), /modules\/gateway"/);
    },
  ],
  [
    29,
    'each function exports its traces, all by default',
    () => {
      for (const service of ['chat-completions', 'deliver-events', 'deliver-notifications', 'sweep-leases'])
        assert.ok(roots(service).length > 0, service);
    },
  ],
  [
    30,
    'a span link to the caller’s trace',
    () => assert.deepEqual(spanOf(asked.served, 'root').links, [{ traceId: callerTrace, spanId: callerSpan }]),
  ],
  [
    31,
    'Google’s own traces are explained, and joined where the caller sent none',
    () => {
      assert.match(terraform('README.md'), /AppServer/);
      assert.equal(asked.google.headers.get('x-trace'), googleTrace);
      assert.equal(spanOf(asked.google, 'root').parentSpanId, '0000000000000001');
    },
  ],
  [
    32,
    'every incoming context is the parent, sampled whatever its flag says',
    () => {
      assert.equal(asked.served.headers.get('x-trace'), callerTrace);
      assert.equal(spanOf(asked.served, 'root').parentSpanId, callerSpan);
    },
  ],
  [
    33,
    'trace and span id in every answer',
    async () => {
      const answers = await Promise.all([
        gateway.call('/-/__version', { token: null }),
        gateway.call('/nothing/here'),
        gateway.call(route, { token: 'slk_unknown', headers: chat, body: anthropicBody() }),
        gateway.call('/v1/limits', { token: null }),
      ]);
      for (const { headers } of [...answers, ...Object.values(asked)]) {
        assert.match(headers.get('x-trace') ?? '', /^[0-9a-f]{32}$/);
        assert.match(headers.get('x-span') ?? '', /^[0-9a-f]{16}$/);
        assert.equal(headers.get('x-trace-span'), headers.get('x-span'));
      }
    },
  ],
  [
    34,
    'what the limiter saw and decided, and why',
    () => {
      const admitted = spanOf(asked.last, 'admit').attributes;
      const { limit, remaining, decision, 'used.before': usedBefore, 'used.after': usedAfter } = admitted;
      assert.deepEqual([limit, usedBefore, usedAfter, remaining, decision], [2, 1, 2, 0, 'admitted']);
      assert.equal(admitted['interval.seconds'], 86_400);
      assert.match(String(admitted['reset']), /^\d{4}-/);
      const refused = spanOf(asked.refused, 'admit').attributes;
      assert.deepEqual([refused['decision'], refused['reason'], refused['limit']], ['refused', 'quota', 2]);
    },
  ],
  [
    35,
    'what happened at the provider',
    () => {
      const { attributes, failed } = spanOf(asked.served, 'call');
      assert.equal(spanOf(asked.served, 'call').name, 'chat claude-3-haiku-20240307');
      assert.equal(attributes['server.address'], '127.0.0.1');
      assert.ok(Number(attributes['gen_ai.response.time_to_first_chunk']) > 0);
      assert.ok(
        Number(attributes['gen_ai.usage.input_tokens']) > 0 && Number(attributes['gen_ai.usage.output_tokens']) > 0,
      );
      assert.equal(failed, false);
      const limited = spanOf(asked.limited, 'call');
      assert.deepEqual(
        [limited.failed, limited.attributes['upstreamStatusCode'], limited.attributes['resolvedStatusCode']],
        [true, 429, 503],
      );
      assert.ok(Number(limited.attributes['retry_after']) > 0);
    },
  ],
  [
    36,
    'the event as it stands in BigQuery',
    async () => {
      const [row] = await gateway.events(`identifier = '${subscriptionId}' AND name = 'CompletionsFinished'`);
      const told = JSON.parse(String(spanOf(asked.served, 'event').attributes['event'])) as Record<string, unknown>;
      for (const name of [
        'event_id',
        'name',
        'source',
        'identifier',
        'metadata',
        'units',
        'quota_window',
        'quota_units',
        'tokens',
      ] as const)
        assert.deepEqual(told[name], row?.[name as keyof typeof row], name);
    },
  ],
  [
    37,
    'whether a notice was due, and whether it was sent',
    () => {
      assert.deepEqual(
        [spanOf(asked.last, 'notice').attributes['threshold'], spanOf(asked.last, 'notice').attributes['outcome']],
        [100, 'due'],
      );
      const notices = gateway.observability.spans.filter(
        ({ name, service }) => name === 'notice' && service === 'deliver-notifications',
      );
      // The webhook was away first.
      assert.ok(notices.some(({ failed }) => failed));
      assert.ok(notices.some(({ attributes }) => attributes['threshold'] === 100 && attributes['outcome'] === 'sent'));
    },
  ],
  [
    38,
    'the attributes that operators filter by',
    () => {
      const { attributes } = spanOf(asked.limited, 'root');
      const { matched_source: source, upstreamStatusCode, resolvedStatusCode } = attributes;
      assert.deepEqual([source, upstreamStatusCode, resolvedStatusCode], ['dotcom-product-subscriptions', 429, 503]);
      assert.match(String(attributes['actor.id']), /^[0-9a-f-]{36}$/);
      const actor = spanOf(asked.limited, 'identify').attributes;
      assert.equal(actor['actor.accessEnabled'], true);
      assert.match(String(actor['actor.rateLimits']), /"chat_completions":\{"limit":100/);
    },
  ],
  [
    39,
    'background work has traces of its own, linked to the requests it is for',
    async () => {
      const isFor = (service: string, { headers }: { headers: Headers }) =>
        roots(service).some(({ links }) => links.some(({ spanId }) => spanId === headers.get('x-span')));
      await eventually(() => isFor('deliver-events', asked.served), Boolean);
      await eventually(() => isFor('deliver-notifications', asked.last), Boolean);
      const reportsSweep = () =>
        roots('sweep-leases').some(({ attributes }) => /"orphaned"/.test(String(attributes['sweep'])));
      await eventually(reportsSweep, Boolean);
      const syncs = () =>
        gateway.observability.spans.some(
          ({ name, service }) => name.startsWith('sync.') && service === 'sync-subscriptions',
        );
      await eventually(syncs, Boolean);
    },
  ],
];

function alertsNamed(...names: readonly string[]): void {
  for (const name of names) {
    assert.match(alerts, new RegExp(`^ +${name} += `, 'm'), name);
    assert.ok(terraform(`runbooks/${name}.md`).length > 100, name);
  }
}

test('none is left out', () => {
  assert.deepEqual(
    promises.map(([number]) => number),
    Array.from({ length: 39 - 15 + 1 }, (_, n) => 15 + n),
  );
});

for (const [number, promise, kept] of promises) test(`promise ${number}: ${promise}`, kept);
