// The payload of a task that carries usage events from the outbox to deliver-events: its two ends in one file, and its size.

import type { UsageEvent } from './usage-event.ts';

/** Cloud Tasks refuses tasks above 100 KB, headers and URL included (spec platform §3); base64 is the transport's and does not count. */
export const taskBytesMax = 90_000;
/** More rows than this per insert help nobody. */
export const taskEventsMax = 200;

/** Serialised events that fit one task. */
export function eventTaskBody(events: readonly string[]): string {
  return `{"events":[${events.join(',')}]}`;
}

/**
 * Reads a task's body.
 * @returns the events, or null when the body is none of ours: nothing that a retry would mend.
 */
export function parseEventTask(body: string): readonly UsageEvent[] | null {
  try {
    const { events } = JSON.parse(body) as { events?: unknown };
    return Array.isArray(events) && events.every(isEvent) ? events : null;
  } catch {
    return null;
  }
}

function isEvent(value: unknown): value is UsageEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { name, source, event_id, rank, created_at } = value as Partial<Record<keyof UsageEvent, unknown>>;
  return (
    [name, source, event_id, created_at].every((member) => typeof member === 'string' && member !== '') &&
    typeof rank === 'number'
  );
}
