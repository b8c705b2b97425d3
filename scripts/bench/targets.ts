// Who is measured: the provider itself, the gateway, a peer, and two relays that do nothing else. Each in a process of
// its own.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createSubscription } from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';
import { localProject, startCloud } from '../local/cloud.ts';
import { memoryEnv } from '../functions/function-files.ts';
import { spawnTied } from '../local/process/child-lifetime.ts';
import { startFunction } from '../local/process/function-process.ts';
import { freePort } from '../local/process/port.ts';
import { startLiteLlm } from './litellm.ts';
import type { Order, Outcome } from './load.ts';
import {
  benchKey,
  chunkDelayMs,
  type ProviderAddresses,
  type ProviderPace,
  type StreamPace,
} from './provider-process.ts';

const portkeyProgram = path.resolve(
  import.meta.dirname,
  '../../node_modules/@portkey-ai/gateway/build/start-server.js',
);
const startTimeoutMs = 30_000;

/** Something that answers `POST /v1/chat/completions`. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Where its probe answers (probe.ts); null where it has none. */
  readonly probe: string | null;
}

/** What runs during a benchmark. */
export interface Rig {
  readonly provider: Target;
  readonly gateway: Target;
  readonly peer: Target;
  /** LiteLLM, where it was asked for. */
  readonly litellm: Target | null;
  readonly frameworkRelay: Target;
  readonly bareRelay: Target;
  /** Runs an order in the generator's process. */
  load(order: Order): Promise<Outcome>;
  /** Runs one in a second generator, beside the first. */
  loadBeside(order: Order): Promise<Outcome>;
  /** Text chunks of the streams that the provider answers from now on, and the time between two, 20 ms by default. */
  setChunks(chunks: number, delayMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** What a section has of its own. */
export interface RigOptions {
  /** Whether gateway and relays tell what they spend: where no clock is compared. */
  readonly probed?: boolean;
  /** Variables of the gateway. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes each line that the gateway writes. */
  readonly onLine?: (line: string) => void;
  /** Whether LiteLLM runs too: installed from PyPI below .local/clients the first time. */
  readonly litellm?: boolean;
}

export async function startRig(
  pace: ProviderPace,
  { probed = false, env = {}, onLine, litellm = false }: RigOptions = {},
): Promise<Rig> {
  const closers: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  const started = async (
    file: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ child: ChildProcess; said: Said }> => {
    const child = fork(path.join(import.meta.dirname, file), args, {
      env: { ...process.env, ...env },
      // Typed arrays stay what they are.
      serialization: 'advanced',
    });
    closers.push(() => child.kill());
    const [said] = (await once(child, 'message')) as [Said];
    return { child, said };
  };
  try {
    const provider = await started('provider-process.ts');
    const providerUrl = provider.said.urls[pace];
    const probes = { gateway: await probeOf(probed), framework: await probeOf(probed), bare: await probeOf(probed) };
    const generators = [await started('load.ts'), await started('load.ts')] as const;
    const cloud = await startCloud({
      functions: ['chat-completions'],
      keys: { openai: benchKey },
      env: {
        CODY_GATEWAY_OPENAI_BASE_URL: providerUrl,
        CODY_GATEWAY_OTEL_ENDPOINT: provider.said.otlpUrl,
        CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '100000',
        CODY_GATEWAY_REDIS_BUDGET: '5s',
        // As deployed: the local cloud tells everything of every call.
        CODY_GATEWAY_SUCCESS_SAMPLE_PERCENT: '10',
        ...probes.gateway.env,
        ...env,
      },
      ...(onLine !== undefined && { onLine: (_name, line) => onLine(line) }),
    });
    closers.push(() => cloud.stop());
    // Deliveries are another function's work: the tasks are created, and wait.
    cloud.tasks.pause();
    const gateway = cloud.functions.get('chat-completions');
    if (gateway === undefined) throw new Error('chat-completions did not start');
    // Everybody has the gateway's memory.
    const { memoryMiB } = gateway.start;
    const bare = await started('bare-relay-process.ts', [providerUrl, cloud.redis.url], {
      ...probes.bare.env,
      ...memoryEnv(memoryMiB, probes.bare.env['NODE_OPTIONS']),
    });
    const framework = await startFunction({
      name: 'framework-relay',
      dir: path.join(import.meta.dirname, 'framework-relay'),
      port: await freePort(),
      memoryMiB,
      env: { PROVIDER_URL: providerUrl, ...probes.framework.env },
      onLine: () => undefined,
    });
    closers.push(() => framework.child.kill('SIGKILL'));
    const peer = await startPortkey(providerUrl, memoryEnv(memoryMiB), pace === 'streams');
    closers.push(() => peer.child.kill());
    const other = litellm ? await startLiteLlm(providerUrl, benchKey) : null;
    if (other !== null) closers.push(other.stop);
    const key = { 'content-type': 'application/json', authorization: `Bearer ${benchKey}` };
    const ask = async <Reply>({ child }: { child: ChildProcess }, question: Order | StreamPace): Promise<Reply> => {
      const reply = once(child, 'message') as Promise<[Reply]>;
      child.send(question);
      return (await reply)[0];
    };
    return {
      provider: { name: 'provider', url: providerUrl, headers: key, pid: provider.child.pid ?? 0, probe: null },
      gateway: {
        name: 'gateway',
        url: gateway.url,
        headers: { ...key, authorization: `Bearer ${await subscribe(cloud.firestore.host)}` },
        pid: gateway.child.pid ?? 0,
        probe: probes.gateway.url,
      },
      peer: {
        name: 'portkey',
        url: peer.url,
        headers: { ...key, 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${providerUrl}/v1` },
        pid: peer.child.pid ?? 0,
        probe: null,
      },
      litellm: other === null ? null : { name: other.name, url: other.url, headers: key, pid: other.pid, probe: null },
      frameworkRelay: {
        name: 'framework relay',
        url: framework.url,
        headers: key,
        pid: framework.child.pid ?? 0,
        probe: probes.framework.url,
      },
      bareRelay: {
        name: 'bare relay',
        url: bare.said.url,
        headers: key,
        pid: bare.child.pid ?? 0,
        probe: probes.bare.url,
      },
      load: (order) => ask(generators[0], order),
      loadBeside: (order) => ask(generators[1], order),
      setChunks: async (chunks, delayMs = chunkDelayMs) =>
        void (await ask(provider, { chunks, chunkDelayMs: delayMs })),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a process says first: its address, or the provider's. */
interface Said extends ProviderAddresses {
  readonly url: string;
}

/** Environment of a process with a probe, and where that answers. */
async function probeOf(probed: boolean): Promise<{ env: Record<string, string>; url: string | null }> {
  if (!probed) return { env: {}, url: null };
  const port = await freePort();
  const env = { NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'probe.ts')}`, PROBE_PORT: String(port) };
  return { env, url: `http://127.0.0.1:${port}` };
}

async function subscribe(firestoreHost: string): Promise<string> {
  const directory = openDocuments({ firestoreEmulatorHost: firestoreHost, googleCloudProject: localProject });
  const limits = { chat_completions: { limit: 1_000_000_000, intervalSeconds: 86_400, allowedModels: ['*'] } };
  const { token } = await createSubscription(directory, { name: 'bench', limits });
  await directory.close();
  return token;
}

/** Portkey's gateway as its own README starts it; the custom host must be trusted by name. */
async function startPortkey(
  providerUrl: string,
  env: Readonly<Record<string, string>>,
  streams: boolean,
): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort();
  const preload = streams ? [`--import=${path.join(import.meta.dirname, 'portkey-headers.ts')}`] : [];
  const child = spawnTied(process.execPath, [...preload, portkeyProgram, '--headless', `--port=${port}`], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'production',
      ...env,
      TRUSTED_CUSTOM_HOSTS: new URL(providerUrl).hostname,
    },
  });
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`@portkey-ai/gateway ended with ${child.exitCode}`);
    if (
      await fetch(url).then(
        async (response) => (await response.text(), true),
        () => false,
      )
    )
      return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill();
  throw new Error(`@portkey-ai/gateway did not answer within ${startTimeoutMs} ms`);
}

/** Resident memory of a process in MiB, null where the system does not tell. */
export function residentMiB({ pid }: Target): number | null {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
  } catch {
    return null;
  }
}

/** Processor time of a process since it began, all threads, as Linux counts it in nanoseconds. */
export function cpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((thread) => Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0);
}
