// What one call costs the process that relays it, in processor time and in allocated memory, beside the two relays that do less. Allocation is what a
// busy machine does not change: cost.test.ts holds it.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProfileKind, Spent } from './probe.ts';
import { chat, order, percentile } from './sections.ts';
import type { Rig, Target } from './targets.ts';

/** What one call costs, medians over the turns. */
export interface CallCost {
  readonly target: string;
  /** The system's part included. */
  readonly cpuMs: number;
  readonly systemMs: number;
  readonly allocatedKB: number;
  /** What a minor collection leaves alive, by calls in flight: theirs, and what keeps finished ones alive. */
  readonly aliveKB: number;
  /** The same two beside the bare relay's. */
  readonly cpuIsTimes: number;
  readonly allocatesTimes: number;
}

/** How it is measured. */
export interface CostScale {
  /** Of each target and turn. */
  readonly requests: number;
  readonly turns: number;
}

const concurrency = 32;
/** The young generation grows for so long. */
const warmRequestsMin = 6_000;

/** Gateway and relays in turns; every target once without counting, for the compilers. The rig must be a probed one. */
export async function costs(rig: Rig, { requests, turns }: CostScale): Promise<CallCost[]> {
  const targets = [rig.gateway, rig.frameworkRelay, rig.bareRelay];
  const taken = new Map<Target, Spent[]>(targets.map((target) => [target, []]));
  for (const target of targets) await spend(rig, target, Math.max(warmRequestsMin, 2 * requests), null);
  for (let turn = 0; turn < turns; turn++)
    for (const target of targets) taken.get(target)?.push(await spend(rig, target, requests, null));
  const median = (target: Target, of: (spent: Spent) => number): number =>
    percentile((taken.get(target) ?? []).map(of), 50) / requests;
  const cpu = (target: Target): number => median(target, ({ cpuMs }) => cpuMs);
  const allocated = (target: Target): number => median(target, ({ allocatedBytes }) => allocatedBytes / 1000);
  const alive = ({ survivedBytes }: Spent): number => survivedBytes / 1000 / concurrency;
  return targets.map((target) => ({
    target: target.name,
    cpuMs: rounded(cpu(target), 3),
    systemMs: rounded(
      median(target, ({ systemMs }) => systemMs),
      3,
    ),
    allocatedKB: rounded(allocated(target), 1),
    aliveKB: rounded(percentile((taken.get(target) ?? []).map(alive), 50), 1),
    cpuIsTimes: rounded(cpu(target) / cpu(rig.bareRelay), 2),
    allocatesTimes: rounded(allocated(target) / allocated(rig.bareRelay), 2),
  }));
}

/** V8's profile of the gateway at work, as a file that Chrome's and VS Code's tools show as a flame graph. @returns its path */
export async function profileGateway(rig: Rig, kind: ProfileKind, requests: number, dir: string): Promise<string> {
  await spend(rig, rig.gateway, 2 * requests, null);
  const { profile } = await spend(rig, rig.gateway, requests, kind);
  const file = path.join(dir, `gateway.${kind}profile`);
  await mkdir(dir, { recursive: true });
  await writeFile(file, JSON.stringify(profile));
  return file;
}

async function spend(rig: Rig, target: Target, requests: number, kind: ProfileKind | null): Promise<Spent> {
  await probe(target, `/start?${kind ?? ''}`);
  const { failed } = await rig.load(order(target, { body: chat(1_000), concurrency, requests }));
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
