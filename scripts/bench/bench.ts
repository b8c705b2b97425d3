// `npm run bench`: what the gateway adds, as differences and ratios within one run. Everything on: auth, lease, outbox, log line. Not a test.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createSubscription, openDirectory } from '@cody-gateway/shared/auth';
import { localProject, startCloud, type LocalCloud } from '../local/cloud.ts';
import type { Order, Outcome } from './load.ts';
import { answerDelayMs, benchKey, chunkDelayMs, streamChunks } from './provider-process.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
/** A quick run is for looking, its tail figures mean little. */
const scale = values.quick === true ? 0.2 : 1;
const streams = 256;
/** A gap of this many chunk times is a stall. */
const stallChunks = 15;

const providers = await ready('provider-process.ts');
const generator = await ready('load.ts');
const cloud = await startCloud({
  functions: ['chat-completions'],
  keys: { openai: benchKey },
  env: {
    CODY_GATEWAY_OPENAI_BASE_URL: providers.message.answers,
    CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '100000',
    CODY_GATEWAY_REDIS_BUDGET: '5s',
  },
});
const streamCloud = await startCloud({
  functions: ['chat-completions'],
  keys: { openai: benchKey },
  env: {
    CODY_GATEWAY_OPENAI_BASE_URL: providers.message.streams,
    CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '100000',
    CODY_GATEWAY_REDIS_BUDGET: '5s',
  },
});
const bareRelay = await ready('bare-relay-process.ts', providers.message.answers, cloud.redis.url);
try {
  await main();
} finally {
  bareRelay.child.kill();
  providers.child.kill();
  generator.child.kill();
  await Promise.all([cloud.stop(), streamCloud.stop()]);
}
process.exit(0);

async function main(): Promise<void> {
  // Deliveries are another function's work: the tasks are created, and wait.
  for (const { tasks } of [cloud, streamCloud]) tasks.pause();
  const through = await orderFor(cloud, false);
  const direct: Order = {
    ...through,
    url: `${providers.message.answers}/v1/chat/completions`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${benchKey}` },
  };
  // Code is compiled while it runs: nothing counts before it is warm.
  await load({ ...through, concurrency: 32, requests: 4_000 * scale });
  await load({ ...direct, concurrency: 32, requests: 1_000 * scale });

  const bare: Order = { ...direct, url: `${bareRelay.message.url}/v1/chat/completions` };
  await load({ ...bare, concurrency: 32, requests: 4_000 * scale });

  const added = [];
  for (const concurrency of [1, 16, 64]) added.push(await compare(direct, through, bare, concurrency));

  const flood = await load({ ...through, concurrency: 128, requests: Math.round(24_000 * scale) });
  const bareFlood = await load({ ...bare, concurrency: 128, requests: Math.round(24_000 * scale) });

  const streamed = await orderFor(streamCloud, true);
  await load({ ...streamed, concurrency: 32, requests: 64 });
  const directStreams = await load({
    ...streamed,
    url: `${providers.message.streams}/v1/chat/completions`,
    headers: direct.headers,
    concurrency: streams,
    requests: streams,
  });
  const gatewayStreams = await load({ ...streamed, concurrency: streams, requests: streams });
  const perStream = gatewayStreams.events / Math.max(1, gatewayStreams.latenciesMs.length);

  const result = {
    added,
    requestsPerSecond: { gateway: perSecond(flood), bareRelay: perSecond(bareFlood) },
    floodFailed: flood.failed,
    streams: {
      opened: streams,
      whole: gatewayStreams.latenciesMs.length,
      eventsEach: perStream,
      eventsExpected: streamChunks + 3,
      longestGapMs: { direct: round(directStreams.longestGapMs), gateway: round(gatewayStreams.longestGapMs) },
      stalled: gatewayStreams.longestGapMs > stallChunks * chunkDelayMs,
    },
    memoryMiB: { answers: memoryMiB(cloud), streams: memoryMiB(streamCloud) },
  };
  if (values.json === true) console.log(JSON.stringify(result, null, 2));
  else print(result);
}

/** Direct, through the gateway and through the bare relay in turns, so that what the machine does meanwhile hits all. */
async function compare(direct: Order, through: Order, bare: Order, concurrency: number): Promise<object> {
  const turns = 10;
  const requests = Math.ceil((concurrency === 1 ? 60 : 20 * concurrency) * scale);
  const latencies = { direct: [] as number[], through: [] as number[], bare: [] as number[] };
  for (let turn = 0; turn < turns; turn++) {
    latencies.direct.push(...(await load({ ...direct, concurrency, requests })).latenciesMs);
    latencies.through.push(...(await load({ ...through, concurrency, requests })).latenciesMs);
    latencies.bare.push(...(await load({ ...bare, concurrency, requests })).latenciesMs);
  }
  const at = (p: number): { direct: number; through: number; bare: number } => ({
    direct: percentile(latencies.direct, p),
    through: percentile(latencies.through, p),
    bare: percentile(latencies.bare, p),
  });
  const [p50, p99] = [at(50), at(99)];
  return {
    concurrency,
    requests: latencies.through.length,
    directP50: round(p50.direct),
    addedP50: round(p50.through - p50.direct),
    addedP99: round(p99.through - p99.direct),
    bareAddedP50: round(p50.bare - p50.direct),
    bareAddedP99: round(p99.bare - p99.direct),
  };
}

function perSecond({ latenciesMs, elapsedMs }: Outcome): number {
  return Math.round(latenciesMs.length / (elapsedMs / 1000));
}

async function orderFor(target: LocalCloud, stream: boolean): Promise<Order> {
  const directory = openDirectory({ firestoreEmulatorHost: target.firestore.host, googleCloudProject: localProject });
  const limits = { chat_completions: { limit: 1_000_000_000, intervalSeconds: 86_400, allowedModels: ['*'] } };
  const { token } = await createSubscription(directory, { name: 'bench', limits });
  await directory.close();
  const url = target.functions.get('chat-completions')?.url ?? '';
  const body = JSON.stringify({
    model: 'gpt-4o',
    stream,
    messages: [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'word '.repeat(150) },
    ],
  });
  return {
    url: `${url}/v1/chat/completions`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
    concurrency: 1,
    requests: 1,
  };
}

async function load(order: Order): Promise<Outcome> {
  const reply = once(generator.child, 'message') as Promise<[Outcome]>;
  generator.child.send(order);
  return (await reply)[0];
}

/** What a process of the benchmark says first: its addresses, each those that it has. */
interface Started {
  readonly answers: string;
  readonly streams: string;
  readonly url: string;
}

async function ready(file: string, ...args: string[]): Promise<{ child: ChildProcess; message: Started }> {
  const child = fork(path.join(import.meta.dirname, file), args);
  const [message] = (await once(child, 'message')) as [Started];
  return { child, message };
}

function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

function memoryMiB({ functions }: LocalCloud): number | null {
  const pid = functions.get('chat-completions')?.child.pid;
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
  } catch {
    return null;
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

function print({
  added,
  requestsPerSecond,
  floodFailed,
  streams: s,
  memoryMiB: memory,
}: {
  added: object[];
  requestsPerSecond: { gateway: number; bareRelay: number };
  floodFailed: number;
  streams: {
    opened: number;
    whole: number;
    eventsEach: number;
    eventsExpected: number;
    longestGapMs: { direct: number; gateway: number };
    stalled: boolean;
  };
  memoryMiB: object;
}): void {
  console.log(
    `\nAdded by the gateway to a provider that takes ${answerDelayMs} ms (ms, direct and through it in turns;\n“bare”: node:http that only relays, with two Redis trips, in the same turns):`,
  );
  console.table(added);
  console.log(
    `Requests a second of one process (128 at once): ${requestsPerSecond.gateway}, of the bare relay ${requestsPerSecond.bareRelay}${floodFailed > 0 ? `, ${floodFailed} FAILED` : ''}`,
  );
  console.log(
    `Streams of ${streamChunks} chunks ${chunkDelayMs} ms apart: ${s.whole} of ${s.opened} whole, ${s.eventsEach} of ${s.eventsExpected} events each, longest gap ${s.longestGapMs.gateway} ms (direct ${s.longestGapMs.direct} ms)${s.stalled ? ', STALLED' : ''}`,
  );
  console.log('Resident memory of the gateway process (MiB):', memory);
}
