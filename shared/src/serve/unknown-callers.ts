// Refused callers whose token nobody knows, counted in this process before they are written: a flood of made-up tokens
// must fill neither the outbox nor the bill.

import type { Outbox, UsageEvent } from '../events/events.ts';
import type { Limiter } from '../limiter/limiter.ts';
import type { TimeBudget } from '../store/store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { lostEvent } from './lost-event.ts';

/** One row a second and reason at the most, whatever comes. */
const gatherMs = 1_000;

/** The count of this process. */
export interface UnknownCallers {
  /**
   * Writes the event, or counts it for the next one: the first after a quiet second is written at once, what follows
   * within a second goes into one row with a count. Never throws; what Redis does not take goes whole into the log.
   * @param identity source and reason
   * @returns whether it was written at once
   */
  recordEvent(identity: string, event: UsageEvent): Promise<boolean>;
  /** Writes what is counted; for the end of the process. */
  flush(): Promise<void>;
}

/** Where the rows go. */
export interface UnknownCallerParts {
  readonly limiter: Limiter;
  readonly outbox: Outbox;
  readonly telemetry: Telemetry;
  readonly budget: () => TimeBudget;
}

/** Identities are few: sources and reasons. */
export function createUnknownCallers({ limiter, outbox, telemetry, budget }: UnknownCallerParts): UnknownCallers {
  const counted = new Map<string, { count: number; event: UsageEvent; timer: NodeJS.Timeout }>();
  const write = async (identity: string, event: UsageEvent): Promise<void> => {
    try {
      const { name, event_id: id, count } = event;
      const text = JSON.stringify(event);
      const posted = await limiter.recordEvent(identity, name, id, text, count, budget());
      if (posted !== null) outbox.take(posted, text);
    } catch (error) {
      telemetry.log('ERROR', lostEvent, { usage_event: event }, error);
    }
  };
  const writeOut = async (identity: string): Promise<void> => {
    const entry = counted.get(identity);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    counted.delete(identity);
    if (entry.count === 0) return;
    // The next second is counted again.
    start(identity, entry.event);
    await write(identity, { ...entry.event, count: entry.count });
  };
  /** A process without CPU is late with it; the next request brings the CPU back. */
  const start = (identity: string, event: UsageEvent): void => {
    const timer = setTimeout(() => void writeOut(identity), gatherMs).unref();
    counted.set(identity, { count: 0, event, timer });
  };
  return {
    recordEvent: async (identity, event) => {
      const entry = counted.get(identity);
      if (entry !== undefined) {
        entry.count += 1;
        entry.event = event;
        return false;
      }
      start(identity, event);
      await write(identity, event);
      return true;
    },
    flush: async () => void (await Promise.all([...counted.keys()].map(writeOut))),
  };
}
