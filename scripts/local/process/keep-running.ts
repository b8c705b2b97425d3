// Starts a function again that died: one that a request killed does not end the whole local cloud. Not for tests,
// which want to see a death.

import { setTimeout as sleep } from 'node:timers/promises';
import { startFunction, type FunctionProcess } from './function-process.ts';

/** Pauses before the tries that follow each other: from half a second, doubled up to half a minute. */
const firstPauseMs = 500;
const pauseMaxMs = 30_000;
/** A function that ran for so long died of something new: its pauses begin anew. */
const calmMs = 60_000;

/** How to keep a function running. */
export interface Keeping {
  /** Aborted when it shall not be started again. */
  readonly over: AbortSignal;
  /** Told in words what died, and what becomes of it. */
  readonly say: (line: string) => void;
  /** Given each process that takes a dead one's place. */
  readonly replaced: (running: FunctionProcess) => void;
  readonly start?: (start: FunctionProcess['start']) => Promise<FunctionProcess>;
  readonly pause?: (ms: number, over: AbortSignal) => Promise<unknown>;
  readonly now?: () => number;
}

/** Settles once it is over; never rejects. */
export async function keepRunning(
  first: FunctionProcess,
  { over, say, replaced, start = startFunction, pause = pauseFor, now = () => performance.now() }: Keeping,
): Promise<void> {
  const { name } = first;
  const isOver = (): boolean => over.aborted;
  let running: FunctionProcess | null = first;
  for (let failures = 0; ;) {
    let reason: string;
    const beganMs = now();
    if (running !== null) {
      const code: number | null = await running.exited;
      reason = `ended unexpectedly (${code === null ? (running.child.signalCode ?? 'a signal') : `code ${code}`}), its last lines stand above`;
      if (now() - beganMs > calmMs) failures = 0;
      running = null;
    } else {
      try {
        running = await start(first.start);
        if (isOver()) return await running.stop();
        replaced(running);
        say(`the function ${name} runs again`);
        continue;
      } catch (error) {
        reason = `could not be started (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)})`;
      }
    }
    if (isOver()) return;
    const pauseMs = Math.min(firstPauseMs * 2 ** failures++, pauseMaxMs);
    say(`the function ${name} ${reason}: it is started again in ${pauseMs / 1_000} s`);
    await pause(pauseMs, over);
    if (isOver()) return;
  }
}

/** Ends early, and without an error, when it is over. */
function pauseFor(ms: number, over: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal: over }).catch(() => undefined);
}
