// Waits for the way to Redis. Behind Direct VPC egress an instance's connections hang in silence for up to a minute
// after its start, and nothing but waiting helps. Not Redis's own answer: any word of the network on the way is enough.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Codes of a way that is not there: a packet that nobody answers, no route, no name server. Any other error is
 * somebody's answer.
 */
const silence: ReadonlySet<string> = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

/** Between two attempts that failed at once for want of a route. */
const gapMs = 100;

/**
 * Resolves when somebody answers there, a refusal included, or when `signal` ends it; until then it tries. Never
 * rejects.
 */
export async function awaitWay(host: string, port: number, attemptMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (await answers(host, port, attemptMs, signal)) return;
    await sleep(gapMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function answers(host: string, port: number, attemptMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: attemptMs });
    const end = (answered: boolean): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answered);
    };
    const onAbort = (): void => end(false);
    signal.addEventListener('abort', onAbort);
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(!silence.has(error.code ?? '')));
  });
}
