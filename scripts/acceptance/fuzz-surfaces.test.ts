// What fuzz.test.ts does to chat, for every other surface: requests and answers that were right, changed anywhere, are
// answered in the dialect's shape, with one row or none; nothing dies, and no prompt gets into a log.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import fc from '../test/draws.ts';
import type { Behaviour } from '../local/providers/provider-server.ts';
import { eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';
import { bytesOf, changed, cuts, type Json } from './fuzz/changed.ts';
import { canary, surfaces, type Surface } from './fuzz/surfaces.ts';

const runsEach = 60;
/** For a hang, not for slowness. */
const callTimeoutMs = 30_000;
const limit = { limit: 10_000_000, intervalSeconds: 86_400, allowedModels: ['*'] };

let gateway: TestGateway;
let token = '';
let id = '';
before(async () => {
  gateway = await startGateway({
    functions: [...new Set(surfaces.map((surface) => surface.function))],
    env: {
      // Rules that look at every text.
      CODY_GATEWAY_OPENAI_BLOCKED_PROMPT_PATTERNS: 'never there',
      CODY_GATEWAY_GOOGLE_BLOCKED_PROMPT_PATTERNS: 'never there',
      CODY_GATEWAY_UPSTREAM_HEADERS_TIMEOUT: '2s',
      CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT: '2s',
    },
  });
  ({ id, token } = await gateway.subscription(null, { limits: { chat_completions: limit, embeddings: limit } }));
});
after(() => gateway.stop());

const agent = new http.Agent({ keepAlive: true });
after(() => agent.destroy());

interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** @throws after `callTimeoutMs`, and where the connection breaks without an answer */
function send(surface: Surface, body: Buffer, at: readonly number[]): Promise<Got> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no end within ${callTimeoutMs} ms`)), callTimeoutMs);
    const url = new URL(surface.path, gateway.functions.get(surface.function)?.url);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
      response.on('close', () => {
        clearTimeout(timer);
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.on('error', reject);
    const write = async (): Promise<void> => {
      let from = 0;
      for (const to of [...at.filter((cut) => cut < body.length), body.length]) {
        request.write(body.subarray(from, to));
        await new Promise((turn) => setImmediate(turn));
        from = to;
      }
      request.end();
    };
    write().catch(reject);
  });
}

const textOf = (parts: readonly Json[], stream: boolean): string =>
  stream
    ? parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join('')
    : parts.map((part) => JSON.stringify(part)).join('');

/** What the provider does: its own canned answer, one that was changed, one of another status, a break. */
const behaviourOf = ({ answer, stream }: Surface): fc.Arbitrary<Behaviour | null> => {
  const parts = changed(answer).map((value) => textOf(Array.isArray(value) ? (value as Json[]) : [value], stream));
  const type = { 'content-type': stream ? 'text/event-stream' : 'application/json' };
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(null) },
    {
      weight: 5,
      arbitrary: fc
        .tuple(parts.chain(bytesOf), cuts)
        .map(([bytes, at]) => ({ bytes, cuts: at.filter((cut) => cut < bytes.length), headers: type })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(201, 299, 301, 400, 401, 404, 418, 429, 500, 529, 599, 600, 999), parts)
        .map(([status, body]) => ({ status, body })),
    },
    { weight: 1, arbitrary: fc.nat(300).map((cutAfterBytes) => ({ cutAfterBytes })) },
  );
};

/** A refusal of ours, as its clients read it. */
function assertRefusal({ refusal }: Surface, { status, headers, text }: Got): void {
  // A deadline, a missing feature and what nobody could deliver have a text of their own.
  if (headers['content-type']?.startsWith('application/json') !== true) return assert.match(text, /\S/);
  const { error } = JSON.parse(text) as { error: unknown };
  if (refusal === 'cody') return assert.equal(typeof error, 'string', text);
  const { message, type, code, status: word } = error as Record<string, unknown>;
  assert.equal(typeof message, 'string', text);
  if (refusal === 'openai') assert.equal(typeof type, 'string', text);
  else assert.deepEqual([code, typeof word], [status, 'string'], text);
}

const traces = new Set<string>();

for (const surface of surfaces)
  test(surface.name, async () => {
    const { provider: ask } = surface;
    const standIn = ask?.(gateway) ?? null;
    const body = changed(surface.body).chain((value) => bytesOf(JSON.stringify(value)));
    const right = await send(surface, Buffer.from(JSON.stringify(surface.body)), []);
    assert.equal(right.status, 200, right.text);
    const behaviour = standIn === null ? fc.constant(null) : behaviourOf(surface);
    await fc.assert(
      fc.asyncProperty(body, cuts, behaviour, async (bytes, at, does) => {
        const seen = standIn?.requests.length ?? 0;
        // As often as a home is asked again.
        if (does !== null) standIn?.next(does, 6);
        const got = await send(surface, bytes, at);
        standIn?.forget();
        const { status, text } = got;
        const trace = got.headers['x-trace'];
        if (typeof trace === 'string') traces.add(trace);
        const asked = (standIn?.requests.length ?? 0) !== seen;
        if (status === 500) assert.ok(does !== null && 'status' in does && does.status === 500, text);
        if (status < 400 || asked) return;
        assert.doesNotMatch(text, new RegExp(canary), 'a refusal does not quote the prompt');
        assertRefusal(surface, got);
      }),
      { numRuns: runsEach },
    );
    const { url, child } = gateway.functions.get(surface.function) ?? assert.fail();
    assert.equal(child.exitCode ?? child.signalCode, null);
    assert.equal((await fetch(`${url}/-/__version`)).status, 200);
  });

test('each of these requests has one row or none, each its line, and no line a prompt or an unowned fault', async () => {
  await eventually(
    () => gateway.lines.filter((line) => line['event'] === 'request_completed').length,
    (count) => count >= Math.min(traces.size, 1_000),
  );
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.ok(rows.length > runsEach, `${rows.length} rows`);
  const ended = rows.filter(({ name }) => name === 'CompletionsFinished' || name === 'EmbeddingsFinished');
  const byTrace = Map.groupBy(ended, ({ metadata }) => metadata['trace_id']);
  for (const [trace, own] of byTrace) assert.equal(own.length, 1, `${own.length} rows of ${String(trace)}`);
  for (const line of gateway.lines.map((one) => JSON.stringify(one))) {
    assert.doesNotMatch(line, new RegExp(canary));
    assert.doesNotMatch(line, /unhandled|uncaught/i);
    assert.doesNotMatch(line, /"refusal":"internal"/);
  }
});
