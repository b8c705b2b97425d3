// One function as a process of its own, started like on Cloud Run: functions-framework with the built bundle.

import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { memoryEnv } from '../../functions/function-files.ts';
import { spawnTied } from './child-lifetime.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const framework = path.join(root, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
const startTimeoutMs = 30_000;
const firstAnswerTimeoutMs = 5_000;
/** Longer than the drain of http/drain.ts. */
const stopTimeoutMs = 10_000;

/** A running function. */
export interface FunctionProcess {
  readonly name: string;
  readonly url: string;
  /** What it was started with: the same again takes its place when it is gone. */
  readonly start: FunctionStart;
  readonly child: ChildProcess;
  /** Resolves with the exit code (null: a signal) when the process ends, however it does. */
  readonly exited: Promise<number | null>;
  /** SIGTERM, then SIGKILL when the drain takes too long. */
  stop(): Promise<void>;
}

/** What to start. */
export interface FunctionStart {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  /** Of its instance: V8 lives within it here too. */
  readonly memoryMiB: number;
  readonly env: Readonly<Record<string, string>>;
  /** Takes each line of its output. */
  readonly onLine: (line: string) => void;
}

/** Starts it and waits for its first answer. @throws Error with its last words when it ends instead */
export async function startFunction(start: FunctionStart): Promise<FunctionProcess> {
  const { name, dir, port, memoryMiB, env, onLine } = start;
  const child = spawnTied(process.execPath, [framework, '--target=gateway', `--source=${dir}`, `--port=${port}`], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'production',
      K_SERVICE: name,
      ...env,
      ...memoryEnv(memoryMiB, env['NODE_OPTIONS']),
    },
  });
  let lastWords: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lastWords = [...lastWords.slice(-9), line];
      onLine(line);
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const kill = (): void => void child.kill('SIGKILL');
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([
    answers(`${url}/-/__version`),
    exited.then((code) => {
      throw new Error(`${name} ended with ${code ?? 'a signal'} before it answered:\n${lastWords.join('\n')}`);
    }),
  ]).catch((error: unknown) => {
    kill();
    throw error;
  });
  return {
    name,
    url,
    start,
    child,
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, stopTimeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    const ok = await fetch(url, { signal: AbortSignal.timeout(firstAnswerTimeoutMs) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${url} did not answer within ${startTimeoutMs} ms`);
}
