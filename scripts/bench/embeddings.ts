// `npm run bench -- embeddings`: 1,000 texts of 500 tokens, straight to the provider and through the gateway in turns.
// What is ours, and what memory does.

import { createSubscription } from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';
import { readFileSync } from 'node:fs';
import { localProject, startCloud } from '../local/cloud.ts';

/** What the real provider takes at least for half a million tokens; the stand-in waits as long. */
const providerMs = 2_000;
const rounds = 8;
const body = JSON.stringify({
  model: 'openai/text-embedding-ada-002',
  input: Array.from({ length: 1_000 }, (_, i) => `${i} ${'word '.repeat(500)}`),
});

/** What `--help` prints. */
export const help =
  'npm run bench -- embeddings: 1,000 texts, straight to the provider and through the gateway in turns. Takes no options.';

/** Measures it and prints a table. @returns the exit code: 0 measured, 2 the command line is wrong */
export async function run(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.error(`${args.join(' ')}: bench embeddings takes no options`);
    return 2;
  }
  const cloud = await startCloud({ functions: ['embeddings'], pace: { delayMs: providerMs } });
  try {
    cloud.tasks.pause();
    const directory = openDocuments({ firestoreEmulatorHost: cloud.firestore.host, googleCloudProject: localProject });
    const embeddings = { limit: 1_000_000_000, intervalSeconds: 86_400, allowedModels: ['*'] };
    const { token } = await createSubscription(directory, { name: 'bench', limits: { embeddings } });
    await directory.close();
    const gateway = cloud.functions.get('embeddings');
    const direct = { url: `${cloud.openai?.url}/v1/embeddings`, headers: { authorization: 'Bearer stand-in-key' } };
    const through = { url: `${gateway?.url}/v1/embeddings`, headers: { authorization: `Bearer ${token}` } };
    const taken = { direct: [] as number[], through: [] as number[] };
    const memory: number[] = [];
    for (let round = -1; round < rounds; round++)
      for (const [name, { url, headers }] of Object.entries({ direct, through })) {
        const startedMs = performance.now();
        const response = await fetch(url, { method: 'POST', headers, body });
        const bytes = (await response.arrayBuffer()).byteLength;
        if (response.status !== 200 || bytes < 1_000_000)
          throw new Error(`${name}: ${response.status}, ${bytes} bytes`);
        // The first round is for the code to be compiled.
        if (round >= 0) taken[name as keyof typeof taken].push(performance.now() - startedMs);
        const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway?.child.pid}/status`, 'utf8'))?.[1];
        memory.push(Math.round(Number(resident) / 1024));
      }
    const median = (values: number[]): number =>
      values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
    const [directMs, throughMs] = [median(taken.direct), median(taken.through)];
    console.table([
      {
        texts: 1_000,
        directMs: Math.round(directMs),
        addedMs: Math.round(throughMs - directMs),
        addedShare: `${(((throughMs - directMs) / directMs) * 100).toFixed(1)} %`,
        residentMiBFirst: memory[1],
        residentMiBLast: memory.at(-1),
      },
    ]);
  } finally {
    await cloud.stop();
  }
  return 0;
}
