// What one call costs the process that relays it, in processor time and in allocated memory, beside the two relays
// that do less. Allocation is what a busy machine does not change: cost.test.ts holds it.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProfileKind, Spent } from './probe.ts';
import { chat, order, percentile } from './sections.ts';
import type { Rig, Target } from './targets.ts';

/** What one call costs, medians over the rounds. */
export interface CallCost {
  readonly target: string;
  readonly promptKB: number;
  /** The system's part included. */
  readonly cpuMs: number;
  readonly systemMs: number;
  readonly allocatedKB: number;
  /** What a minor collection leaves alive, by calls in flight: theirs, and what keeps finished ones alive. */
  readonly aliveKB: number;
  /** Collections of the whole heap in 1,000 calls: each stops the calls in flight for 5 to 15 ms. */
  readonly majorsIn1000: number;
  /** `cpuMs` and `allocatedKB` beside the bare relay's. */
  readonly cpuIsTimes: number;
  readonly allocatesTimes: number;
}

/** How it is measured. */
export interface CostScale {
  /** Of each target and round. */
  readonly requests: number;
  readonly rounds: number;
  readonly promptBytes: number;
}

const concurrency = 32;
/** After so many bytes of prompts V8's young generation has grown to its size. */
const warmPromptBytesMin = 6_000_000;

/** Gateway and relays in turns; every target once without counting, for the compilers. The rig must be a probed one. */
export async function costs(rig: Rig, scale: CostScale): Promise<CallCost[]> {
  const { requests, rounds, promptBytes } = scale;
  const body = chat(promptBytes);
  const targets = [rig.gateway, rig.frameworkRelay, rig.bareRelay];
  const taken = new Map<Target, Spent[]>(targets.map((target) => [target, []]));
  const warm = Math.max(Math.round(warmPromptBytesMin / promptBytes), 2 * requests);
  for (const target of targets) await spend(rig, target, { body, requests: warm }, null);
  for (let round = 0; round < rounds; round++)
    for (const target of targets) taken.get(target)?.push(await spend(rig, target, { body, requests }, null));
  const median = (target: Target, of: (spent: Spent) => number): number =>
    percentile((taken.get(target) ?? []).map(of), 50) / requests;
  const cpu = (target: Target): number => median(target, ({ cpuMs }) => cpuMs);
  const allocated = (target: Target): number => median(target, ({ allocatedBytes }) => allocatedBytes / 1000);
  const alive = ({ survivedBytes }: Spent): number => survivedBytes / 1000 / concurrency;
  return targets.map((target) => ({
    target: target.name,
    promptKB: promptBytes / 1000,
    cpuMs: rounded(cpu(target), 3),
    systemMs: rounded(
      median(target, ({ systemMs }) => systemMs),
      3,
    ),
    allocatedKB: rounded(allocated(target), 1),
    aliveKB: rounded(percentile((taken.get(target) ?? []).map(alive), 50), 1),
    majorsIn1000: rounded(
      median(target, ({ majorCollections }) => majorCollections * 1000),
      1,
    ),
    cpuIsTimes: rounded(cpu(target) / cpu(rig.bareRelay), 2),
    allocatesTimes: rounded(allocated(target) / allocated(rig.bareRelay), 2),
  }));
}

/**
 * V8's profile of the gateway at work, as a file that Chrome's and VS Code's tools show as a flame graph.
 * @returns its path
 */
export async function profileGateway(rig: Rig, kind: ProfileKind, requests: number, dir: string): Promise<string> {
  const body = chat(1_000);
  await spend(rig, rig.gateway, { body, requests: 2 * requests }, null);
  const { profile } = await spend(rig, rig.gateway, { body, requests }, kind);
  const file = path.join(dir, `gateway.${kind}profile`);
  await mkdir(dir, { recursive: true });
  await writeFile(file, JSON.stringify(profile));
  return file;
}

async function spend(
  rig: Rig,
  target: Target,
  { body, requests }: { body: string; requests: number },
  kind: ProfileKind | null,
): Promise<Spent> {
  await probe(target, `/start?${kind ?? ''}`);
  const { failed } = await rig.load(order(target, { body, concurrency, requests }));
  const spent = (await probe(target, '/stop')) as Spent;
  if (failed > 0) throw new Error(`${target.name}: ${failed} of ${requests} requests failed`);
  return spent;
}

async function probe({ name, probe: url }: Target, command: string): Promise<unknown> {
  if (url === null) throw new Error(`${name} has no probe`);
  return (await fetch(`${url}${command}`)).json();
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
