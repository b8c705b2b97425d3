// What traces and metrics cost: pairs of gateways that differ in nothing else, in turns within one run. Two processes
// with the same settings differ by five percent themselves (how the compilers and the heap happened to fall out), so
// there are several pairs, and the middle half of all ratios is told.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createSubscription } from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';
import { localProject, startCloud } from '../local/cloud.ts';
import { startFunction, type FunctionProcess } from '../local/process/function-process.ts';
import { freePort } from '../local/process/port.ts';
import type { Order, Outcome } from './load.ts';
import { benchKey, type ProviderAddresses } from './provider-process.ts';
import { percentile, round } from './sections.ts';
import { cpuMs } from './targets.ts';

const pairs = 5;
const roundsOfPair = 8;
const functionName = 'chat-completions';

/** Off and on, and what on costs. @param share of the requests */
export async function telemetryCost(share: number): Promise<object[]> {
  const closers: (() => unknown)[] = [];
  const start = async (file: string): Promise<{ said: ProviderAddresses; child: ReturnType<typeof fork> }> => {
    const child = fork(path.join(import.meta.dirname, file));
    closers.push(() => child.kill());
    const [said] = (await once(child, 'message')) as [ProviderAddresses];
    return { said, child };
  };
  try {
    const { said } = await start('provider-process.ts');
    const { child: generator } = await start('load.ts');
    const cloud = await startCloud({
      functions: [functionName],
      keys: { openai: benchKey },
      env: {
        CODY_GATEWAY_OPENAI_BASE_URL: said.urls.answers,
        CODY_GATEWAY_OTEL_ENDPOINT: said.otlpUrl,
        CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '100000',
        CODY_GATEWAY_REDIS_BUDGET: '5s',
      },
    });
    closers.push(() => cloud.stop());
    cloud.tasks.pause();
    const running = new Set<FunctionProcess>();
    closers.push(async () => Promise.all([...running].map((target) => target.stop())));
    const gateway = async (env: Readonly<Record<string, string>>): Promise<FunctionProcess> => {
      const target = await startFunction({
        name: functionName,
        dir: cloud.functions.get(functionName)?.start.dir ?? '',
        port: await freePort(),
        memoryMiB: cloud.functions.get(functionName)?.start.memoryMiB ?? Number.NaN,
        env: { ...cloud.env, ...env },
        onLine: () => undefined,
      });
      running.add(target);
      return target;
    };
    const directory = openDocuments({
      firestoreEmulatorHost: cloud.firestore.host,
      googleCloudProject: localProject,
    });
    const limits = { chat_completions: { limit: 1_000_000_000, intervalSeconds: 86_400, allowedModels: ['*'] } };
    const { token } = await createSubscription(directory, { name: 'bench', limits });
    await directory.close();
    const load = async ({ url }: FunctionProcess, requests: number): Promise<Outcome> => {
      const order: Order = {
        url: `${url}/v1/chat/completions`,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'word '.repeat(200) }] }),
        concurrency: 64,
        requests,
      };
      const reply = once(generator, 'message') as Promise<[Outcome]>;
      generator.send(order);
      const [outcome] = await reply;
      if (outcome.failed > 0) throw new Error(`${outcome.failed} of ${requests} requests failed`);
      return outcome;
    };
    const taken = {
      off: { cpu: [] as number[], rate: [] as number[] },
      on: { cpu: [] as number[], rate: [] as number[] },
    };
    const requests = Math.round(1_500 * share);
    for (let pair = 0; pair < pairs; pair++) {
      const targets = { off: await gateway({ CODY_GATEWAY_OTEL_ENDPOINT: '' }), on: await gateway({}) };
      for (const target of Object.values(targets)) await load(target, Math.round(15_000 * share));
      for (let round = 0; round < roundsOfPair; round++)
        // Whoever is second finds the machine as the first left it.
        for (const name of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
          const before = cpuMs(targets[name].child.pid ?? 0);
          const { elapsedMs } = await load(targets[name], requests);
          taken[name].cpu.push((cpuMs(targets[name].child.pid ?? 0) - before) / requests);
          taken[name].rate.push(requests / (elapsedMs / 1000));
        }
      for (const target of Object.values(targets)) {
        running.delete(target);
        await target.stop();
      }
    }
    const ratios = (of: 'cpu' | 'rate'): number[] =>
      taken.on[of].map((value, round) => value / (taken.off[of][round] ?? Number.NaN));
    const row = (telemetry: string, rate: readonly number[], cpu: readonly number[], p: number): object => ({
      telemetry,
      perSecond: round(percentile(rate, p)),
      cpuMs: Number(percentile(cpu, p).toFixed(3)),
    });
    return [
      ...(['off', 'on'] as const).map((name) => row(name, taken[name].rate, taken[name].cpu, 50)),
      ...[50, 25, 75].map((p) => row(`on : off, ${p === 50 ? 'median' : `p${p}`}`, ratios('rate'), ratios('cpu'), p)),
    ];
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
