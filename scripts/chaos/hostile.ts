// The gateway under hostile callers and ill-behaved providers: heavy bodies, trickles, callers that read nothing,
// answers that are none. Everybody else is served all the while.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { chat, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';
import type { Behaviour } from '../local/providers/provider-server.ts';
import type { ChaosResult } from './delivery.ts';
import { pick, seededRandom, type Random } from './random.ts';

/** Calls of a hostile tenant at once. */
const hostileWorkers = 3;
/** No call of an honest tenant takes as long, whatever the others do. */
const hangMs = 20_000;
/** What ends a call that a provider or caller holds. */
const totalTimeoutMs = 3_000;

const repeated = (item: string, bytes: number): string =>
  Array(Math.floor(bytes / (item.length + 1)))
    .fill(item)
    .join(',');
const distinct = (bytes: number): string =>
  Array.from({ length: Math.floor(bytes / 12) }, (_, i) => `{"k${i}":1}`).join(',');
const megabytes = (share: number): number => 1e6 + share * 14e6;

/** Bodies of few bytes a value. */
const heavyItems = [
  '[]',
  '{}',
  '[[]]',
  '1',
  '1e99',
  '0.12345678901234567890',
  '""',
  '{"a":1}',
  'deep',
  'distinct',
  '\\"',
] as const;

function heavyList(item: (typeof heavyItems)[number], bytes: number): string {
  if (item === 'deep') return '['.repeat(bytes / 2) + ']'.repeat(bytes / 2);
  if (item === 'distinct') return `[${distinct(bytes)}]`;
  if (item === '\\"') return `"${'\\"'.repeat(bytes / 2)}"`;
  return `[${repeated(item, bytes)}]`;
}

/** Providers that answer what is no answer, or one that nobody can read at once. */
const illBehaved: Readonly<Record<string, () => Behaviour>> = {
  'another protocol': () => ({
    raw: 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nxx',
    endless: false,
  }),
  'another protocol, unnamed': () => ({ raw: 'HTTP/1.1 101 x\r\n\r\nxx', endless: false }),
  'early hints without end': () => ({
    raw: 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100),
    endless: true,
  }),
  'continue without end': () => ({ raw: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), endless: true }),
  'headers without end': () => ({ raw: `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(1_000)}\r\n`, endless: true }),
  'one event without end': () => ({
    raw: `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${'data: '.repeat(1_000)}`,
    endless: true,
  }),
  'a heavy answer': () => ({
    status: 200,
    body: `{"choices":[${repeated('[]', 14e6)}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`,
  }),
  'a deep answer': () => ({ status: 200, body: `{"choices":${'['.repeat(7e6)}` }),
  'an event of many lines': () => ({ bytes: Buffer.from(`${'data:\n'.repeat(1.5e6)}\n`), cuts: [] }),
};

/** How large a run is. */
export interface HostileChaosOptions {
  readonly seed: string;
  readonly loadMs: number;
  readonly say: (text: string) => void;
}

/**
 * Runs it: hostile tenants of each kind beside an honest one, then quiet, then the account. The same seed draws the
 * same acts.
 */
export async function hostileChaos({ seed, loadMs, say }: HostileChaosOptions): Promise<ChaosResult> {
  const gateway = await startGateway({
    env: { CODY_GATEWAY_UPSTREAM_TOTAL_TIMEOUT: `${totalTimeoutMs}ms`, CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT: '2s' },
  });
  try {
    const honest = await gateway.subscription({ limit: 1_000_000 });
    const tenants = await Promise.all(
      Array.from({ length: hostileWorkers }, () => gateway.subscription({ limit: 1_000_000 })),
    );
    const deaths: string[] = [];
    for (const { name, exited } of gateway.functions.values())
      void exited.then((code) => deaths.push(`${name} died (${code ?? 'a signal'})`));
    const faults: string[] = [];
    const statuses: Record<string, number> = {};
    const over = new AbortController();
    say(`seed ${seed}: hostile for ${loadMs / 1000} s …`);
    const served = serveHonestly(gateway, honest.token, over.signal, faults);
    const acts = tenants.map(({ token }, n) =>
      actAlong(gateway, token, seededRandom(`${seed}:${n}`), over.signal, statuses),
    );
    await sleep(loadMs);
    over.abort();
    await Promise.all(acts);
    say('quiet; every call has to end …');
    const standing = async (): Promise<number> => {
      const keys = await gateway.redisClient.keys('*:in-flight:*');
      return (await Promise.all(keys.map((key) => gateway.redisClient.zcard(key)))).reduce((sum, n) => sum + n, 0);
    };
    await eventually(standing, (calls) => calls === 0).catch(() => faults.push('calls never ended'));
    const calls = await served;
    if (deaths.length > 0)
      return { figures: { calls, faults: deaths.length + faults.length }, faults: [...faults, ...deaths] };
    const rows = await gateway.events(`name = 'CompletionsFinished'`);
    const traces = Map.groupBy(rows, ({ metadata }) => String(metadata['trace_id']));
    for (const [trace, of] of traces) if (of.length > 1) faults.push(`${of.length} rows of call ${trace}`);
    const honestRows = rows.filter(({ identifier, units }) => identifier === honest.id && units === 1).length;
    if (honestRows !== calls) faults.push(`${calls} honest calls were served, ${honestRows} charged`);
    for (const [what, times] of Object.entries(statuses))
      if (times === 0) faults.push(`${what}: none, so nothing is shown`);
    return { figures: { 'honest calls': calls, ...statuses, rows: rows.length, faults: faults.length }, faults };
  } finally {
    await gateway.stop();
  }
}

/** An ordinary call again and again: each must be served in time. @returns how many were */
async function serveHonestly(
  gateway: TestGateway,
  token: string,
  over: AbortSignal,
  faults: string[],
): Promise<number> {
  const base = gateway.functions.get('chat-completions')?.url ?? '';
  let calls = 0;
  while (!over.aborted) {
    try {
      // Anthropic's stand-in is never told to fail here: the honest calls go there.
      const response = await fetch(`${base}/v1/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({
          model: 'claude-3-haiku-20240307',
          max_tokens: 10,
          messages: [{ role: 'user', content: 'x'.repeat(300_000) }],
        }),
        signal: AbortSignal.timeout(hangMs),
      });
      await response.text();
      if (response.status === 200) calls++;
      else faults.push(`an honest call was answered with ${response.status}`);
    } catch (error) {
      faults.push(`an honest call failed: ${error instanceof Error ? error.name : 'unknown'}`);
    }
    await sleep(100);
  }
  return calls;
}

/** One hostile act after the other. */
async function actAlong(
  gateway: TestGateway,
  token: string,
  random: Random,
  over: AbortSignal,
  statuses: Record<string, number>,
): Promise<void> {
  const base = new URL(gateway.functions.get('chat-completions')?.url ?? '');
  const acts = {
    'heavy body': async () => {
      const body = `{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"x":${heavyList(pick(heavyItems, random()), megabytes(random()))}}`;
      await gateway.call('/v1/chat/completions', { token, headers: chat, body });
    },
    'ill-behaved provider': async () => {
      gateway.openai?.next(pick(Object.values(illBehaved), random())());
      await gateway.call('/v1/chat/completions', { token, headers: chat, body: openAiBody() });
    },
    'caller that does not read': () => {
      gateway.openai?.next({
        raw: `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${'x'.repeat(65_536)}`,
        endless: true,
      });
      return onSocket(base, token, JSON.stringify(openAiBody()), null, totalTimeoutMs * 2);
    },
    'body that trickles': () => onSocket(base, token, '{"model":"gpt-4o",', Math.floor(1e6 + random() * 30e6), 1_000),
  };
  for (const what of Object.keys(acts)) statuses[what] ??= 0;
  while (!over.aborted) {
    const [what, act] = pick(Object.entries(acts), random());
    // Whatever comes of it: an answer, a refusal, a closed connection.
    await act().catch(() => undefined);
    statuses[what] = (statuses[what] ?? 0) + 1;
  }
}

/** Sends what is given, and announces more where that is given; reads nothing, and leaves after its time. */
async function onSocket(
  base: URL,
  token: string,
  body: string,
  announced: number | null,
  forMs: number,
): Promise<void> {
  const socket = connect(Number(base.port), base.hostname);
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${announced ?? Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await sleep(forMs);
  socket.destroy();
}
