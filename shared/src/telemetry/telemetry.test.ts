import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTelemetry } from './telemetry.ts';

const settings = { googleCloudProject: 'p', functionName: 'f', version: '1' };
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';

test('the caller’s W3C context is continued with a span of our own (completions #60)', () => {
  const scope = createTelemetry(settings, () => {}).open({ traceparent: `00-${traceId}-${parentId}-00` });
  assert.equal(scope.traceId, traceId);
  assert.equal(scope.parentSpanId, parentId);
  assert.match(scope.spanId, /^[0-9a-f]{16}$/);
  assert.notEqual(scope.spanId, parentId);
  assert.deepEqual(scope.headers, { 'x-trace': traceId, 'x-span': scope.spanId, 'x-trace-span': scope.spanId });
});

test('a malformed context begins a new trace, Google’s header is the second choice', () => {
  const telemetry = createTelemetry(settings, () => {});
  for (const bad of [
    '',
    'x',
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `ff-${traceId}-${parentId}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
  ]) {
    const scope = telemetry.open({ traceparent: bad });
    assert.match(scope.traceId, /^[0-9a-f]{32}$/);
    assert.notEqual(scope.traceId, traceId);
    assert.equal(scope.parentSpanId, null);
  }
  const google = telemetry.open({ 'x-cloud-trace-context': `${traceId}/${BigInt(`0x${parentId}`)};o=1` });
  assert.equal(google.traceId, traceId);
  assert.equal(google.parentSpanId, parentId);
});

test('a request has one line, with the members Cloud Logging lifts out', () => {
  const lines: string[] = [];
  const scope = createTelemetry(settings, (line) => lines.push(line)).open({});
  scope.annotate({ actor: 'a', model: 'first' });
  scope.annotate({ model: 'second' });
  scope.close('INFO', 'done', { status: 200 });
  scope.close('INFO', 'again', {});
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.ok((lines[0] ?? '').endsWith('\n'));
  assert.deepEqual(
    [line['severity'], line['message'], line['actor'], line['model'], line['status']],
    ['INFO', 'done', 'a', 'second', 200],
  );
  assert.equal(line['logging.googleapis.com/trace'], `projects/p/traces/${scope.traceId}`);
  assert.equal(line['logging.googleapis.com/spanId'], scope.spanId);
});

test('an error’s stack and its causes are written, its properties are not', () => {
  const lines: string[] = [];
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { body: 'a prompt' });
  createTelemetry(settings, (line) => lines.push(line)).log('ERROR', 'it broke', {}, error);
  assert.match(lines[0] ?? '', /outer[^]*Caused by: Error: inner/);
  assert.doesNotMatch(lines[0] ?? '', /a prompt/);
});
