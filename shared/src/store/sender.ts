// Sends one command or script within a budget, and heeds what a refusal means for those who come next. Not where it
// goes (connection.ts).

import type { Breaker } from './breaker.ts';
import { StoreUnavailable, type TimeBudget } from './time-budget.ts';
import type { Client } from './client.ts';
import { clock } from './clock.ts';
import type { Fullness } from './fullness.ts';
import { codeOf, refusalOf } from './refusals.ts';

/** A slot that moves is asked for again so soon: it may be there in a moment, and a request's whole budget is 50 ms. */
const movingGapMs = 5;

/** Of one process. */
export interface Sender {
  /**
   * Sends, and waits for what is left of the budget or until the breaker opens.
   * @param single it is one command: where Redis refuses it, nothing was applied
   * @throws StoreUnavailable
   */
  send<T>(node: string, breaker: Breaker, budget: TimeBudget, single: boolean, work: () => Promise<T>): Promise<T>;
  stop(): void;
}

/** @param leaveReplica gives up a connection that leads to a replica by now */
export function createSender(
  client: Pick<Client, 'probe'>,
  fullness: Fullness,
  leaveReplica: (node: string, error: unknown) => void,
): Sender {
  const asked = new Set<string>();
  /** One command that is forbidden is a fault of its own; who may not even write the probe is served nothing. */
  const ask = (node: string, breaker: Breaker): void => {
    if (asked.has(node)) return;
    asked.add(node);
    client
      .probe(node)
      .catch((error: unknown) => {
        if (refusalOf(error) === 'perhaps') breaker.trip('refusing', error);
      })
      .finally(() => asked.delete(node));
  };

  const heed = (node: string, breaker: Breaker, error: unknown): void => {
    switch (refusalOf(error)) {
      case 'away':
        breaker.trip('refusing', error);
        return leaveReplica(node, error);
      case 'perhaps':
        return ask(node, breaker);
      case 'full':
        return fullness.refused(node, error);
      case 'moving':
      case 'fault':
      case null:
        // The connection has ended, and its end has not been told yet.
        if (isUnwritable(error)) breaker.trip('lost', error);
    }
  };

  return {
    send: (node, breaker, budget, single, work) =>
      new Promise((resolve, reject) => {
        const startedMs = performance.now();
        const limitMs = Math.max(1, budget.leftMs);
        let over = false;
        /** Of a slot that moves, between two attempts. */
        let moving: unknown = null;
        const end = (): void => {
          if (over) return;
          over = true;
          clearTimeout(timer);
          budget.leftMs -= performance.now() - startedMs;
        };
        const fail = (why: string): void => {
          end();
          reject(new StoreUnavailable(why, { sent: moving === null, cause: moving }));
        };
        const refuse = (error: unknown): void => {
          end();
          heed(node, breaker, error);
          const code = codeOf(error);
          const what = code === null ? 'redis command failed' : `redis refuses (${code})`;
          reject(new StoreUnavailable(what, { sent: !isUnsent(error, single), cause: error }));
        };
        let passage = breaker.enter(fail);
        const timer = setTimeout(
          () =>
            clock.afterReads(() => {
              if (moving !== null) return refuse(moving);
              passage.timedOut();
              fail(`redis did not answer within ${Math.round(limitMs)} ms`);
            }),
          limitMs,
        );
        const attempt = (): void => {
          if (over) return;
          if (moving !== null) passage = breaker.enter(fail);
          moving = null;
          work().then(
            (value) => {
              passage.replied();
              end();
              resolve(value);
            },
            (error: unknown) => {
              const refusal = refusalOf(error);
              if (refusal === null) passage.ended();
              else passage.replied();
              // The last attempt should have its answer in time: then it is known that nothing was applied.
              const lateMs = performance.now() - startedMs + 2 * movingGapMs;
              if (refusal !== 'moving' || !single || over || lateMs > limitMs) return refuse(error);
              moving = error;
              setTimeout(attempt, movingGapMs);
            },
          );
        };
        attempt();
      }),
    stop: () => fullness.stop(),
  };
}

/** Whether nothing can have been applied. */
function isUnsent(error: unknown, single: boolean): boolean {
  const refusal = refusalOf(error);
  return isUnwritable(error) || (single && (refusal === 'away' || refusal === 'full' || refusal === 'moving'));
}

/** ioredis refused a command before a byte of it went out. */
function isUnwritable(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable");
}
