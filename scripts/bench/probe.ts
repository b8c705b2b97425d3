// Loaded into a measured process in front of its own code (`--import`): tells over HTTP what its work costs. Not
// loaded where clocks are compared.

import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import { GCProfiler, getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What V8 can tell of the work: where its time goes, or its allocations. */
export type ProfileKind = 'cpu' | 'heap';

/** What a process spent between `/start` and `/stop`. */
export interface Spent {
  /** Processor time of the process: its own, and the system's on its behalf. */
  readonly cpuMs: number;
  /** The system's share of it. */
  readonly systemMs: number;
  /** JavaScript heap that was allocated, what was freed again included. */
  readonly allocatedBytes: number;
  /** What a minor collection left alive of the young, on average; 0 where there was none. */
  readonly survivedBytes: number;
  /** Of the whole heap: what fills it, and what is kept outside it, brings them. */
  readonly majorCollections: number;
  /** Null where none was asked for. */
  readonly profile: object | null;
}

/** What lives in a process: on V8's heap, and beside it in buffers. */
export interface Living {
  /** Of the old generation, which only a collection of the whole heap frees. */
  readonly oldBytes: number;
  readonly usedBytes: number;
  readonly buffersBytes: number;
}

/** What the heap holds at one moment. */
interface Heap {
  readonly heapStatistics: { readonly usedHeapSize: number };
  readonly heapSpaceStatistics: readonly { readonly spaceName: string; readonly spaceUsedSize: number }[];
}

/** V8's record of one collection: what was allocated is `before` of one less `after` of the one before it. */
interface Collection {
  readonly gcType: string;
  readonly beforeGC: Heap;
  readonly afterGC: Heap;
}

const port = Number(process.env['PROBE_PORT']);
if (port > 0) {
  let collections = new GCProfiler();
  let inspector: (() => Promise<object>) | null = null;
  let usedBytes = 0;
  let cpu = process.cpuUsage();
  const start = async (kind: string): Promise<void> => {
    if (kind !== '') inspector = await startProfile(kind);
    collections = new GCProfiler();
    collections.start();
    usedBytes = getHeapStatistics().used_heap_size;
    cpu = process.cpuUsage();
  };
  const stop = async (): Promise<Spent> => {
    const { user, system } = process.cpuUsage(cpu);
    let [allocatedBytes, scavenges, survived, majorCollections] = [0, 0, 0, 0];
    for (const collection of (collections.stop() as unknown as { statistics: Collection[] }).statistics) {
      const { gcType, beforeGC, afterGC } = collection;
      allocatedBytes += beforeGC.heapStatistics.usedHeapSize - usedBytes;
      usedBytes = afterGC.heapStatistics.usedHeapSize;
      if (gcType === 'MarkSweepCompact') majorCollections++;
      if (gcType !== 'Scavenge') continue;
      scavenges++;
      survived += usedBytes - oldBytes(beforeGC);
    }
    allocatedBytes += getHeapStatistics().used_heap_size - usedBytes;
    const survivedBytes = scavenges === 0 ? 0 : survived / scavenges;
    const profile = (await inspector?.()) ?? null;
    inspector = null;
    const time = { cpuMs: (user + system) / 1000, systemMs: system / 1000 };
    return { ...time, allocatedBytes, survivedBytes, majorCollections, profile };
  };
  const doing: Readonly<Record<string, (option: string) => Promise<unknown>>> = {
    '/start': (kind) => start(kind).then(() => ({})),
    '/stop': stop,
    '/living': (which) => Promise.resolve(living(which === 'minor')),
    '/snapshot': (file) => Promise.resolve({ file: writeHeapSnapshot(decodeURIComponent(file)) }),
  };
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://probe');
    const work = doing[pathname]?.(search.slice(1)) ?? Promise.reject(new Error(`no command ${pathname}`));
    work.then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => response.destroy(error as Error),
    );
  });
  server.listen(port, '127.0.0.1');
  server.unref();
}

let collect: ((options: { type: 'minor' | 'major' }) => void) | null = null;

/**
 * After collections: two minor ones leave nothing young that lives, so that the old generation is what it will have
 * been for those that live on; major ones leave what lives.
 */
function living(minor: boolean): Living {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as typeof collect;
  }
  for (let i = 0; i < 2; i++) collect?.({ type: minor ? 'minor' : 'major' });
  const spaces = getHeapSpaceStatistics().map((space) => ({
    spaceName: space.space_name,
    spaceUsedSize: space.space_used_size,
  }));
  const usedBytes = spaces.reduce((sum, { spaceUsedSize }) => sum + spaceUsedSize, 0);
  const old = oldBytes({ heapStatistics: { usedHeapSize: usedBytes }, heapSpaceStatistics: spaces });
  return { oldBytes: old, usedBytes, buffersBytes: process.memoryUsage().arrayBuffers };
}

function oldBytes({ heapSpaceStatistics }: Heap): number {
  return heapSpaceStatistics.reduce(
    (sum, { spaceName, spaceUsedSize }) => (spaceName.startsWith('new_') ? sum : sum + spaceUsedSize),
    0,
  );
}

/** @returns what ends it and gives the profile */
async function startProfile(kind: string): Promise<() => Promise<object>> {
  const inspector = new Session();
  inspector.connect();
  if (kind === 'heap') {
    await inspector.post('HeapProfiler.startSampling', {
      samplingInterval: 4_096,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    return async () => (await inspector.post('HeapProfiler.stopSampling')).profile;
  }
  await inspector.post('Profiler.enable');
  await inspector.post('Profiler.setSamplingInterval', { interval: 200 });
  await inspector.post('Profiler.start');
  return async () => (await inspector.post('Profiler.stop')).profile;
}
