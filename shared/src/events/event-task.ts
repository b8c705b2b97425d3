// The payload of a task that carries usage events from the outbox to deliver-events: its two ends in one file, and its
// size.

import * as v from 'valibot';
import { readWhole } from '../http/http.ts';
import type { LateSettlement } from '../limiter/limiter.ts';
import type { UsageEvent } from './usage-event.ts';

/** Cloud Tasks refuses tasks above 100 KB, headers and URL included; base64 is the transport's and does not count. */
export const taskBytesMax = 90_000;
/** More rows than this per insert help nobody. */
export const taskEventsMax = 200;

/** Serialised events that fit one task. */
export function eventTaskBody(events: readonly string[]): string {
  return `{"events":[${events.join(',')}]}`;
}

/** A call's event whose lease has still to be ended: deliver-events does it before it inserts the row. */
export interface LateEvent {
  readonly event: UsageEvent;
  readonly settlement: LateSettlement;
}

/** One of them; alone, so that a Redis that is away holds up nothing else. */
export function lateTaskBody(late: LateEvent): string {
  return JSON.stringify({ events: [], late: [late] });
}

const windowSchema = v.object({
  name: v.pipe(v.string(), v.regex(/^[\w.-]+$/)),
  endMs: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
});

const settlementSchema = v.object({
  actor: v.pipe(v.string(), v.nonEmpty(), v.regex(/^\S+$/)),
  feature: v.pipe(v.string(), v.regex(/^[a-z_]+$/)),
  window: v.nullable(v.pipe(v.string(), v.nonEmpty())),
  admitted_at_ms: v.pipe(v.number(), v.minValue(0)),
  interval_ms: v.pipe(v.number(), v.minValue(1)),
  tried_at_ms: v.nullable(v.number()),
  claim: v.nullable(v.string()),
  money: v.exactOptional(
    v.object({
      nano_usd: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
      windows: v.object({ subscription: v.nullable(windowSchema), feature: v.nullable(windowSchema) }),
    }),
  ),
});

/** What a task held. */
export interface EventTask {
  readonly events: readonly UsageEvent[];
  /** Events whose leases have to be ended first. */
  readonly late: readonly LateEvent[];
  /**
   * Events without an identifier: Sourcegraph's own gateway drops them without a word, and nobody could be charged for
   * them.
   */
  readonly dropped: number;
  /** An item that we did not write, as it came, with the reason: no retry would help. */
  readonly unreadable: readonly Undeliverable[];
}

/** Something that can't become a row. */
export interface Undeliverable {
  /** A whole task, or one event of it. */
  readonly kind: 'task' | 'event';
  readonly body: string;
  readonly reason: string;
}

/** Reads a task's body; its good events are not lost for a bad one beside them. */
export function parseEventTask(body: string): EventTask {
  const task = readWhole(body) as { events?: unknown; late?: unknown } | null | undefined;
  if (!Array.isArray(task?.events))
    return { events: [], late: [], dropped: 0, unreadable: [{ kind: 'task', body, reason: 'not a batch of events' }] };
  const events: UsageEvent[] = [];
  const unreadable: Undeliverable[] = [];
  const late: LateEvent[] = [];
  let dropped = 0;
  for (const value of task.events as unknown[]) {
    const reason = faultOf(value);
    if (reason !== null) unreadable.push({ kind: 'event', body: JSON.stringify(value), reason });
    else if ((value as UsageEvent).identifier === '') dropped++;
    else events.push(value as UsageEvent);
  }
  for (const value of Array.isArray(task.late) ? (task.late as unknown[]) : []) {
    const { event, settlement } = (value ?? {}) as Partial<Record<keyof LateEvent, unknown>>;
    const parsed = v.safeParse(settlementSchema, settlement);
    const units = (event as Partial<UsageEvent> | undefined)?.units;
    const whole = parsed.success && typeof units === 'number' && units >= 0;
    const reason = faultOf(event) ?? (whole ? null : 'its settlement can’t be read');
    if (reason === null && parsed.success) late.push({ event: event as UsageEvent, settlement: parsed.output });
    // The row at least: a letter can be replayed as one.
    else unreadable.push({ kind: 'event', body: JSON.stringify(event ?? value), reason: reason ?? '' });
  }
  return { events, late, dropped, unreadable };
}

/** What the insert itself, the de-duplication and the price go by. The rest is the table's to judge. */
function faultOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'not an object';
  const event = value as Partial<Record<keyof UsageEvent, unknown>>;
  for (const member of ['name', 'source', 'event_id', 'created_at'] as const)
    if (typeof event[member] !== 'string' || event[member] === '') return `${member} is missing`;
  if (typeof event.rank !== 'number') return 'rank is not a number';
  if (typeof event.metadata !== 'object' || event.metadata === null) return 'metadata is not an object';
  return null;
}
