// What the gateway adds and carries, beside a peer and two relays that do less, as ratios within one run. Everything
// on: auth, lease, outbox, trace, log line. Not a test: a clock decides.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readFunctionFiles } from '../functions/function-files.ts';
import { bytesOfStreams } from './bytes.ts';
import { concurrency } from './concurrency.ts';
import { costs, profileGateway } from './cost.ts';
import { countTelemetry, dollars } from './dollars.ts';
import { outages } from './outage.ts';
import { picture } from './picture.ts';
import { pinned } from './pinned.ts';
import { answerDelayMs, chunkDelayMs } from './provider-process.ts';
import { redisCost } from './redis.ts';
import { addedTime, flood, mixedLoad, prompts, throughput, type Scale } from './sections.ts';
import { streams } from './streams.ts';
import { snapshotStreams, streamCosts } from './streams-cost.ts';
import { startRig } from './targets.ts';
import { telemetryCost } from './telemetry.ts';

const answerSections = ['added', 'throughput', 'prompts', 'flood'];
const streamSections = ['mixed', 'streams'];
/** Those that take ten minutes and a processor of their own: measured when they are named. */
const pinnedSections = ['concurrency', 'dollars'];
/** What can be measured alone. */
export const sections: readonly string[] = [
  'cost',
  'streams-cost',
  'redis',
  'outage',
  'telemetry',
  'bytes',
  ...answerSections,
  ...streamSections,
  ...pinnedSections,
];
const out = path.resolve(import.meta.dirname, '../../.local/bench');

/** For the help of `npm run bench`. */
export const comparisonHelp = `--quick     a fifth of the requests: a look, whose tail figures mean little
--minutes   how long memory is watched under a steady load (1)
--only      one section, as its name alone does
--profile   cpu or heap: the gateway's, as a file for Chrome's or VS Code's flame graph, and nothing else; snapshot: its heap
            with 100 streams open, for Chrome's memory tab
--peers     LiteLLM beside the others in dollars, from PyPI, where Python is there
--json      the result on stdout instead of tables

The result and a picture of the distributions are written to .local/bench.`;

/**
 * Measures what is wanted and writes it down.
 * @param args the command's own, without a section's name
 * @returns the exit code: 0 measured, 2 the command line is wrong
 */
export async function compare(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      minutes: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'boolean' },
      profile: { type: 'string' },
    },
  });
  const scale: Scale = { share: values.quick === true ? 0.2 : 1, minutes: Number(values.minutes ?? 1) };
  if (!(scale.minutes > 0 && scale.minutes <= 120)) {
    console.error(`--minutes ${values.minutes ?? ''}: give a number above 0, at most 120`);
    return 2;
  }
  if (values.only !== undefined && !sections.includes(values.only)) {
    console.error(`--only ${values.only}: give one of ${sections.join(', ')}`);
    return 2;
  }
  const wanted = (section: string): boolean => values.only === undefined || values.only === section;
  const instance = (await readFunctionFiles()).find(({ name }) => name === 'chat-completions');
  if (instance === undefined) throw new Error('chat-completions has no function.json');
  const result: Record<string, unknown> = {};
  let distributions: Record<string, Record<string, number[]>> = {};

  const table = (heading: string, rows: readonly object[]): void => {
    if (values.json === true) return;
    console.log(`\n${heading}`);
    console.table(rows);
  };

  const kind = values.profile;
  if (kind !== undefined && kind !== 'cpu' && kind !== 'heap' && kind !== 'snapshot') {
    console.error(`--profile ${kind}: give cpu, heap or snapshot`);
    return 2;
  }
  if (kind === 'snapshot' || (kind === undefined && wanted('streams-cost'))) {
    const probed = await startRig('streams', { probed: true });
    try {
      if (kind === 'snapshot') {
        console.log(await snapshotStreams(probed, 100, path.join(out, 'gateway.heapsnapshot')));
        return 0;
      }
      const rows = await streamCosts(probed, 200);
      result['streams-cost'] = rows;
      table('What one open stream keeps, kB', rows);
    } finally {
      await probed.stop();
    }
  }
  if (wanted('cost') || kind !== undefined) {
    const probed = await startRig('at once', { probed: true });
    try {
      if (kind !== undefined) {
        console.log(await profileGateway(probed, kind, Math.round(10_000 * scale.share), out));
      } else {
        const short = { requests: Math.round(4_000 * scale.share), rounds: 6, promptBytes: 1_000 };
        const long = { requests: Math.round(400 * scale.share), rounds: 6, promptBytes: 300_000 };
        const rows = [...(await costs(probed, short)), ...(await costs(probed, long))];
        result['cost'] = rows;
        table('What one call costs (targets in turns)', rows);
      }
    } finally {
      await probed.stop();
    }
    if (kind !== undefined) return 0;
  }
  if (wanted('bytes')) {
    const rows = await bytesOfStreams();
    result['bytes'] = rows;
    table('What gzip makes of a stream of 1,000 frames', rows);
  }
  if (wanted('redis')) {
    const rows = await redisCost(scale.share);
    result['redis'] = rows;
    table('What a call costs one Redis node (16 connections, 64 calls at once, kinds in turns)', rows);
  }
  if (wanted('outage')) {
    result['outage'] = await outages();
    table('An outage of Redis for those who ask it, ms (budget 50 ms)', result['outage'] as object[]);
  }
  if (wanted('telemetry')) {
    const rows = await telemetryCost(scale.share);
    result['telemetry'] = rows;
    table('Traces and metrics off and on: requests a second, CPU of a request (in turns)', rows);
  }
  const answers = answerSections.some(wanted) ? await startRig('answers') : null;
  try {
    if (answers !== null && wanted('added')) {
      const { rows, latencies } = await addedTime(answers, scale);
      distributions = latencies;
      result['added'] = rows;
      table(`Added to a provider that takes ${answerDelayMs} ms, in ms (open loop, targets in turns)`, rows);
    }
    if (answers !== null && wanted('throughput')) {
      result['throughput'] = await throughput(answers, scale);
      table('Requests a second of one process (128 connections, targets in turns)', result['throughput'] as object[]);
    }
    if (answers !== null && wanted('prompts')) {
      result['prompts'] = await prompts(answers, scale);
      table('Prompts of 300 kB, ms', [result['prompts'] as object]);
    }
    if (answers !== null && wanted('flood')) {
      result['flood'] = await flood(answers, scale);
      table('Valid calls alone and beside a flood of made-up tokens, ms', result['flood'] as object[]);
    }
  } finally {
    await answers?.stop();
  }
  const streaming = streamSections.some(wanted) ? await startRig('streams') : null;
  try {
    if (streaming !== null && wanted('streams')) {
      const compared = await streams(streaming, scale);
      result['streams'] = compared;
      table(`Streams of frames ${chunkDelayMs} ms apart, frame by frame beside the provider's own, ms`, compared.rows);
      for (const fault of compared.faults) console.error(fault);
    }
    if (streaming !== null && wanted('mixed')) {
      result['mixed'] = await mixedLoad(streaming, scale);
      table('Memory under a steady load, MiB', [result['mixed'] as object]);
    }
  } finally {
    await streaming?.stop();
  }
  if (values.only === 'concurrency') {
    const rows = await pinned(async () => {
      const rig = await startRig('streams');
      try {
        return await concurrency(rig, scale.share < 1 ? [80, 160] : [160, 240, 320], instance.memoryMiB);
      } finally {
        await rig.stop();
      }
    });
    result['concurrency'] = rows;
    table('Streams of 20 s that one instance of one vCPU has open, ms beside the provider’s own', rows);
  }
  if (values.only === 'dollars') {
    const rows = await pinned(async () => {
      const telemetry = await countTelemetry();
      const rig = await startRig('streams', { ...telemetry, litellm: values.peers === true });
      try {
        return await dollars(rig, telemetry, instance);
      } finally {
        await rig.stop();
        await telemetry.close();
      }
    });
    result['dollars'] = rows;
    table('Dollars a million streams at 500 a second, list prices', rows);
  }
  await mkdir(out, { recursive: true });
  await writeFile(path.join(out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  if (Object.keys(distributions).length > 0) await writeFile(path.join(out, 'latency.svg'), picture(distributions));
  if (values.json === true) console.log(JSON.stringify(result, null, 2));
  else
    console.log(
      `\nWritten to ${path.relative(process.cwd(), out)}: result.json${Object.keys(distributions).length > 0 ? ', latency.svg' : ''}`,
    );
  return 0;
}
