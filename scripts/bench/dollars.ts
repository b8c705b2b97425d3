// Dollars a million streamed calls, at list prices: what was measured of the gateway and of its peers beside it, times
// what Google asks for it (scripts/simulate-scale). A provider's own price, which is more, is not in it.

import { createServer, type Server } from 'node:http';
import { readSpans } from '../local/google/otlp.ts';
import { listen } from '../local/process/port.ts';
import { sumOf, usdOfCall } from '../simulate-scale/dollars.ts';
import { facts } from '../simulate-scale/facts.ts';
import { simulate } from '../simulate-scale/simulate.ts';
import { pinTarget } from './pinned.ts';
import { round } from './sections.ts';
import { runSteady, type SteadyRun } from './steady.ts';
import type { Rig, Target } from './targets.ts';

/** Calls a second that the sum is for: with fewer, instances and Redis are shared by fewer. */
const ratePerSecond = 500;
/** Memory that an instance can have on Cloud Run with one vCPU, GiB; at most 80 % of it is to be used. */
const memorySizesGib = [0.5, 1, 2, 4];
const memoryShareMax = 0.8;

/** Of one length of streams and one target: dollars a million calls, by what they are for. */
export interface DollarsRow {
  readonly seconds: number;
  readonly target: string;
  readonly failed: number;
  readonly cpuMs: number;
  readonly memoryMiB: number;
  /** Of the instance that has room for it. */
  readonly instanceMiB: number;
  readonly kBytes: number;
  readonly firstP99: number;
  /** Calls that one instance has at once: as many as it takes, or as many as its processor bears. */
  readonly callsAtOnce: number;
  readonly instance: number;
  /** Redis, tasks, rows and the directory's reads: what quotas and a ledger cost. The peers have neither. */
  readonly ledger: number;
  readonly logsAndSpans: number;
  readonly requestAndBalancer: number;
  readonly besideEgress: number;
  readonly egress: number;
}

/** Counts what telemetry sends, since the relays' endpoint reads nothing. */
export interface Telemetry {
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** Since it was asked last. */
  take(): { readonly logBytes: number; readonly spans: number };
  close(): Promise<void>;
}

/** Starts it: its variables are the gateway's. */
export async function countTelemetry(): Promise<Telemetry> {
  let [logBytes, spans] = [0, 0];
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.once('end', () => {
      if (request.url === '/v1/traces') spans += readSpans(Buffer.concat(pieces)).length;
      response.end();
    });
  });
  const port = await listen(server);
  return {
    env: { CODY_GATEWAY_OTEL_ENDPOINT: `http://127.0.0.1:${port}` },
    onLine: (line) => (logBytes += Buffer.byteLength(line) + 1),
    take: () => {
      const taken = { logBytes, spans };
      [logBytes, spans] = [0, 0];
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Streams of 2 and of 20 seconds through each target. The rig's other processes must be on another processor
 * (pinned.ts), and its provider streams.
 * @param concurrency of the function, `memoryMiB` of its instances
 */
export async function dollars(
  rig: Rig,
  telemetry: Telemetry,
  { concurrency, memoryMiB }: { concurrency: number; memoryMiB: number },
): Promise<DollarsRow[]> {
  const rows: DollarsRow[] = [];
  const peers = [rig.frameworkRelay, rig.peer, ...(rig.litellm === null ? [] : [rig.litellm])];
  for (const target of [rig.gateway, ...peers]) pinTarget(target.pid);
  for (const seconds of [2, 20]) {
    for (const target of [rig.gateway, ...peers]) {
      // What an instance has when Cloud Run adds one; a slow peer bears a part of it, and is asked for no more.
      const open = Math.round(concurrency * facts.instanceTarget.value * (target === rig.litellm ? 0.1 : 1));
      const seen = await runSteady(rig, target, {
        streamSeconds: seconds,
        open,
        watchedSeconds: seconds === 2 ? 10 : 20,
        begins: () => void telemetry.take(),
      });
      const told = telemetry.take();
      const own = target === rig.gateway;
      rows.push(priced(target, seen, { seconds, concurrency, memoryMiB, told: own ? told : null }));
    }
  }
  return rows;
}

interface Measured {
  readonly seconds: number;
  readonly concurrency: number;
  readonly memoryMiB: number;
  /** Null for a peer: its lines and spans are not counted, and a ledger it has not. */
  readonly told: { readonly logBytes: number; readonly spans: number } | null;
}

function priced(target: Target, seen: SteadyRun, { seconds, concurrency, memoryMiB, told }: Measured): DollarsRow {
  const f = (name: keyof typeof facts): number => facts[name].value;
  // Cloud Run adds an instance at the same share of either.
  const byProcessor = seconds / (seen.cpuMsPerStream / 1_000);
  const callsAtOnce = Math.min(concurrency, byProcessor) * f('instanceTarget');
  const memoryGib =
    told !== null
      ? memoryMiB / 1_024
      : (memorySizesGib.find((gib) => seen.residentMiBMax <= gib * 1_024 * memoryShareMax) ?? Number.NaN);
  const scripts = f('redisCallsPerRequest') + seconds / f('renewSeconds');
  const redisNodes = Math.ceil((ratePerSecond * scripts) / f('redisScriptsPerSecond') / f('redisNodeTarget'));
  const instances = (ratePerSecond * seconds) / callsAtOnce;
  const eventsPerTask = Math.max(1, (ratePerSecond / instances) * f('batchSeconds'));
  const usd = usdOfCall({
    instanceSeconds: seconds / callsAtOnce,
    memoryGib,
    redisNodeSeconds: told === null ? 0 : redisNodes / ratePerSecond,
    tasks: told === null ? 0 : 1 / eventsPerTask,
    insertBytes: told === null ? 0 : f('eventBytes'),
    directoryReads: told === null ? 0 : simulate(ratePerSecond, 1).directoryReads / ratePerSecond,
    toCallerBytes: seen.bytesPerStream,
    requestBytes: f('requestBytes'),
    logBytes: f('requestLogBytes') + (told === null ? 0 : told.logBytes / seen.streams),
    spans: told === null ? 0 : told.spans / seen.streams,
  });
  const million = (value: number): number => round(value * 1e6);
  return {
    seconds,
    target: target.name,
    failed: seen.failed,
    cpuMs: round(seen.cpuMsPerStream),
    memoryMiB: seen.residentMiBMax,
    instanceMiB: memoryGib * 1_024,
    kBytes: round(seen.bytesPerStream / 1_000),
    firstP99: round(seen.firstMs.p99),
    callsAtOnce: Math.round(callsAtOnce),
    instance: million(usd.instance),
    ledger: million(usd.redis + usd.tasks + usd.inserts + usd.directory),
    logsAndSpans: million(usd.logs + usd.spans),
    requestAndBalancer: million(usd.request + usd.loadBalancer),
    besideEgress: million(sumOf(usd) - usd.egress),
    egress: million(usd.egress),
  };
}
