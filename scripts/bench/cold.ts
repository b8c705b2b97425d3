// `npm run bench -- cold`: from the start of a process to its first answer, auth from Firestore, lease and provider
// call included, with the built function. Not a test: a clock decides.

import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { memoryEnv } from '../functions/function-files.ts';
import { spawnTied } from '../local/process/child-lifetime.ts';
import { startCloud, type LocalCloud } from '../local/cloud.ts';
import { freePort } from '../local/process/port.ts';
import { coldLine, type ColdStep } from './cold-probe.ts';
import { chat, percentile } from './sections.ts';

/** What `--help` prints. */
export const help = `npm run bench -- cold [--starts N] [--function NAME] [--json]

--starts    how often the function is started (50); five more tell where the time goes
--function  chat-completions or code-completions (chat-completions)
--json      the result on stdout instead of tables

The result is written to .local/bench/cold.json.`;

const root = path.resolve(import.meta.dirname, '../..');
const framework = path.join(root, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
const tracedStarts = 5;
const startTimeoutMs = 20_000;
/** What is aimed at, above the provider's own time. */
const goal = { medianMs: 250, p95Ms: 400 };

/** One start. */
interface ColdStart {
  /** Since the process was spawned. */
  readonly portOpenMs: number;
  readonly answeredMs: number;
  /** Of the first request, by its `Server-Timing`. */
  readonly gatewayMs: number;
  readonly upstreamMs: number;
  /** Empty where no probe was loaded. */
  readonly steps: readonly ColdStep[];
}

/** Starts the function as often as is asked. @returns the exit code: 0 measured, 2 the command line is wrong */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      starts: { type: 'string' },
      function: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const starts = Number(values.starts ?? 50);
  if (!Number.isInteger(starts) || starts < 1 || starts > 1_000) {
    console.error(`--starts ${values.starts ?? ''}: give a whole number from 1 to 1000`);
    return 2;
  }
  const name = values.function ?? 'chat-completions';
  const feature = { 'chat-completions': 'chat_completions', 'code-completions': 'code_completions' }[name];
  if (feature === undefined) {
    console.error(`--function ${name}: give chat-completions or code-completions`);
    return 2;
  }

  const cloud = await startCloud({ functions: [name], env: { CODY_GATEWAY_REDIS_BUDGET: '5s' } });
  try {
    cloud.tasks.pause();
    const redis = new Redis(cloud.redis.url);
    const start = async (probed: boolean): Promise<ColdStart> => {
      // No copy of the actor, no window: its first call after a quiet night. Scripts stay, as they would.
      await redis.flushdb();
      return coldStart(cloud, name, feature, probed);
    };
    // The first fills the file system's cache.
    await start(false);
    const taken: ColdStart[] = [];
    for (let i = 0; i < starts; i++) {
      taken.push(await start(false));
      if (process.stderr.isTTY) process.stderr.write(`\r${i + 1} of ${starts} starts`);
    }
    if (process.stderr.isTTY) process.stderr.write('\n');
    const traced: ColdStart[] = [];
    for (let i = 0; i < tracedStarts; i++) traced.push(await start(true));
    await redis.quit();

    const column = (of: (start: ColdStart) => number): { p50: number; p95: number } => {
      const sorted = taken.map(of);
      return { p50: Math.round(percentile(sorted, 50)), p95: Math.round(percentile(sorted, 95)) };
    };
    const result = {
      function: name,
      starts,
      goal,
      aboveProviderMs: column(({ answeredMs, upstreamMs }) => answeredMs - upstreamMs),
      portOpenMs: column(({ portOpenMs }) => portOpenMs),
      firstRequestGatewayMs: column(({ gatewayMs }) => gatewayMs),
      firstRequestUpstreamMs: column(({ upstreamMs }) => upstreamMs),
      steps: medianSteps(traced.map(({ steps }) => steps)),
    };
    const out = path.join(root, '.local/bench');
    await mkdir(out, { recursive: true });
    await writeFile(path.join(out, 'cold.json'), `${JSON.stringify(result, null, 2)}\n`);
    if (values.json === true) console.log(JSON.stringify(result, null, 2));
    else {
      console.log(`\nFrom process start to the first answer of ${name}, ${starts} starts, ms`);
      console.table({
        'above the provider (goal 250, p95 400)': result.aboveProviderMs,
        'port open': result.portOpenMs,
        'first request, ours': result.firstRequestGatewayMs,
        'first request, provider': result.firstRequestUpstreamMs,
      });
      console.log(`Where it goes: ${tracedStarts} starts with a probe, medians, ms since the process began`);
      console.table(result.steps);
    }
  } finally {
    await cloud.stop();
  }
  return 0;
}

/** Starts it once and asks it once. @throws Error with its last words when it does not answer 200 */
async function coldStart(
  { env, functions, token }: LocalCloud,
  name: string,
  wanted: string,
  probed: boolean,
): Promise<ColdStart> {
  const port = await freePort();
  const probe = probed ? [`--import=${path.join(import.meta.dirname, 'cold-probe.ts')}`] : [];
  // The warm copy of the function that the cloud runs is not asked.
  const warm = functions.get(name);
  if (warm === undefined) throw new Error(`${name} did not start`);
  const { NODE_COMPILE_CACHE: _ofTheLocalCloud, ...deployed } = env;
  const lines: string[] = [];
  const startedMs = performance.now();
  const child = spawnTied(
    process.execPath,
    [...probe, framework, '--target=gateway', `--source=${warm.start.dir}`, `--port=${port}`],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_ENV: 'production',
        K_SERVICE: name,
        COLD_PROBE: probed ? 'on' : 'off',
        ...deployed,
        ...memoryEnv(warm.start.memoryMiB),
      },
    },
  );
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  try {
    await open(name, port, child, startedMs + startTimeoutMs, lines);
    const portOpenMs = performance.now() - startedMs;
    const { status, timing } = await ask(port, token, wanted);
    const answeredMs = performance.now() - startedMs;
    if (status !== 200) throw new Error(`${name} answered ${status}:\n${lines.slice(-5).join('\n')}`);
    const [gatewayMs = Number.NaN, upstreamMs = Number.NaN] = [...timing.matchAll(/dur=([\d.]+)/g)].map(([, ms]) =>
      Number(ms),
    );
    const told = probed ? await lineOf(lines) : null;
    const steps = told === null ? [] : (JSON.parse(told) as ColdStep[]);
    return { portOpenMs, answeredMs, gatewayMs, upstreamMs, steps };
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
  }
}

/** Knocks until somebody listens. */
async function open(
  name: string,
  port: number,
  child: ChildProcess,
  deadlineMs: number,
  lines: readonly string[],
): Promise<void> {
  const knock = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false));
    });
  while (!(await knock())) {
    if (child.exitCode !== null)
      throw new Error(`${name} ended with ${child.exitCode}:\n${lines.slice(-5).join('\n')}`);
    if (performance.now() > deadlineMs) throw new Error(`${name} did not listen within ${startTimeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function ask(port: number, token: string, wanted: string): Promise<{ status: number; timing: string }> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'x-sourcegraph-feature': wanted,
  };
  return new Promise((resolve, reject) => {
    const request = http.request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v1/completions/openai',
      agent: false,
      headers,
    });
    request.once('response', (response) => {
      response.resume().once('end', () => {
        const timing = response.headers['server-timing'];
        resolve({ status: response.statusCode ?? 0, timing: typeof timing === 'string' ? timing : '' });
      });
    });
    request.once('error', reject).end(chat(1_000));
  });
}

/** The probe's line, which comes right after the answer. */
async function lineOf(lines: readonly string[]): Promise<string | null> {
  for (let tries = 0; tries < 100; tries++) {
    const line = lines.find((each) => each.startsWith(coldLine));
    if (line !== undefined) return line.slice(coldLine.length);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return null;
}

/** Step by step over all starts, in the order of the first. */
function medianSteps(all: readonly (readonly ColdStep[])[]): object[] {
  return (all[0] ?? []).map(({ step }) => {
    const same = all.flatMap((steps) => steps.filter((each) => each.step === step).slice(0, 1));
    const median = (of: (each: ColdStep) => number): number => Math.round(percentile(same.map(of), 50));
    return {
      step,
      from: median(({ fromMs }) => fromMs),
      to: median(({ toMs }) => toMs),
      took: median(({ fromMs, toMs }) => toMs - fromMs),
    };
  });
}
