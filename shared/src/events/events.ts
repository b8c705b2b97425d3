// Door of the events room: what an event is, the outbox's way to Cloud Tasks, the rows' way into the warehouse.

export {
  eventOf,
  refusedEvent,
  type EventDraft,
  type EventName,
  type OutboxFields,
  type UsageEvent,
} from './usage-event.ts';
export { createOutbox, type Outbox } from './outbox.ts';
export { takeLeftBehind } from './left-behind.ts';
export { createTaskQueue, type TaskQueue } from './task-queue.ts';
export { createWarehouse, type Insertion, type Warehouse } from './warehouse.ts';
export { parseEventTask } from './event-task.ts';
