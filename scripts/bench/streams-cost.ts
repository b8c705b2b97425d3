// What an open stream keeps in the process that relays it, beside a relay that does nothing else. Counted while streams
// are open and nothing moves, so that it repeats on a busy machine too: streams-cost.test.ts holds it.

import { mkdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import type { Living } from './probe.ts';
import { chat, order, round } from './sections.ts';
import type { Rig, Target } from './targets.ts';

/** What one open stream keeps, in kB. */
export interface StreamCost {
  readonly target: string;
  readonly streams: number;
  /**
   * What the old generation grew by once two minor collections were over: it slows every minor collection, and only one
   * of the whole heap, which stops all streams, frees it.
   */
  readonly promotedKB: number;
  /** What a collection of the whole heap leaves: what the stream needs. */
  readonly keptKB: number;
  /** In buffers beside the heap, after the same. */
  readonly buffersKB: number;
}

/** Longer than the measurement: after the first chunk nothing comes. */
const silenceMs = 60_000;
/** Streams that start together are open together. */
const overlapMs = 500;
/** So many calls, and everything is compiled. */
const warmCalls = 1_500;

/** Gateway and framework relay. The rig must be a probed one whose provider streams. @param streams open at once */
export async function streamCosts(rig: Rig, streams: number, promptBytes = 1_000): Promise<StreamCost[]> {
  const body = chat(promptBytes, true);
  const costs: StreamCost[] = [];
  for (const target of [rig.gateway, rig.frameworkRelay]) {
    await rig.setChunks(4, 0);
    const { failed } = await rig.load(order(target, { body, concurrency: streams, requests: warmCalls }));
    if (failed > 0) throw new Error(`${target.name}: ${failed} of ${warmCalls} streams failed`);
    await rig.setChunks(4, silenceMs);
    // Their connections are there already, and stay.
    const agent = new http.Agent({ keepAlive: true, maxSockets: streams });
    await rig.setChunks(4, overlapMs);
    await openStreams(target, agent, body, streams, 'end');
    const before = await living(target, 'major');
    await rig.setChunks(4, silenceMs);
    await openStreams(target, agent, body, streams, 'data');
    const promoted = await living(target, 'minor');
    const kept = await living(target, 'major');
    agent.destroy();
    const each = (of: (living: Living) => number, at: Living): number => round((of(at) - of(before)) / 1_000 / streams);
    costs.push({
      target: target.name,
      streams,
      promotedKB: each(({ oldBytes }) => oldBytes, promoted),
      keptKB: each(({ usedBytes }) => usedBytes, kept),
      buffersKB: each(({ buffersBytes }) => buffersBytes, kept),
    });
  }
  return costs;
}

/** A heap snapshot of the gateway with so many streams open, for Chrome's tools. @returns its path */
export async function snapshotStreams(rig: Rig, streams: number, file: string): Promise<string> {
  const body = chat(1_000, true);
  await mkdir(path.dirname(file), { recursive: true });
  await rig.setChunks(4, 0);
  await rig.load(order(rig.gateway, { body, concurrency: streams, requests: warmCalls }));
  await rig.setChunks(4, silenceMs);
  const agent = new http.Agent({ maxSockets: streams });
  await openStreams(rig.gateway, agent, body, streams, 'data');
  await ask(rig.gateway, `/snapshot?${encodeURIComponent(file)}`);
  agent.destroy();
  return file;
}

/** Resolves when each has its first bytes, or its end. */
async function openStreams(
  { name, url, headers }: Target,
  agent: http.Agent,
  body: string,
  streams: number,
  until: 'data' | 'end',
): Promise<void> {
  const text = Buffer.from(body);
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', agent, headers: { ...headers, 'content-length': String(text.length) } };
      const request = http.request(`${url}/v1/chat/completions`, options, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${name} answered ${response.statusCode}`));
        response.once('error', () => undefined).once(until, () => resolve());
        response.resume();
      });
      // Also when it is left.
      request.once('error', reject);
      request.end(text);
    });
  await Promise.all(Array.from({ length: streams }, open));
}

async function living(target: Target, which: 'minor' | 'major'): Promise<Living> {
  return (await ask(target, `/living?${which}`)) as Living;
}

async function ask({ name, probe }: Target, command: string): Promise<unknown> {
  if (probe === null) throw new Error(`${name} has no probe`);
  return (await fetch(`${probe}${command}`)).json();
}
