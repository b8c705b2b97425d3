// How many events fit one task. Not what a task looks like (event-task.ts).

import { eventTaskBody, taskBytesMax, taskEventsMax } from './event-task.ts';

/** As many of the first as fit one task: one at the least, however long it is. @param textOf an event as JSON */
export function nextBatch<Item>(items: readonly Item[], textOf: (item: Item) => string): Item[] {
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    bytes += Buffer.byteLength(textOf(item)) + 1;
    if (count > 0 && (count === taskEventsMax || bytes > taskBytesMax)) break;
    count++;
  }
  return items.slice(0, count);
}

/** As many task bodies as serialised events need. */
export function eventTaskBodies(events: readonly string[]): string[] {
  const bodies: string[] = [];
  for (let rest = events; rest.length > 0;) {
    const batch = nextBatch(rest, (event) => event);
    bodies.push(eventTaskBody(batch));
    rest = rest.slice(batch.length);
  }
  return bodies;
}
