// Door of the events room: what an event is, the outbox's way to Cloud Tasks, the rows' way into the warehouse.

export { budgetEvent, type BudgetFacts } from './budget-event.ts';
export {
  eventRow,
  eventRowText,
  refusedEvent,
  unservedEvent,
  type EndedEvent,
  type EventDraft,
  type EventName,
  type UsageEvent,
} from './usage-event.ts';
export { createOutbox, type Outbox, type SendingState } from './outbox.ts';
export { takeLeftBehind } from './left-behind.ts';
export { createEventQueue, createNoticeQueue, type QueueSettings, type TaskQueue } from './task-queue.ts';
export { tasksOverRest, type OpenTasks, type TasksApi } from './tasks-api.ts';
export { tasksClient } from './tasks-client.ts';
export { columns } from './columns.ts';
/** Pricing again: what answers callers never does, and need not read it at its start. */
export const loadRepricing = () => import('./price-row.ts');
export { withCost } from './with-cost.ts';
export { createWarehouse, type Insertion, type Warehouse } from './warehouse.ts';
export type { WarehouseSettings } from './bigquery-client.ts';
export {
  closeDay,
  closeSql,
  createLedger,
  dueDays,
  dueSql,
  type DueDay,
  type Ledger,
  type QueryBounds,
} from './final-days.ts';
export { baseName as budgetWindowName, budgetSums, budgetSumsSql, type BudgetSum } from './budget-sums.ts';
export { unusualSpend, unusualSpendSql, type UnusualFrom, type UnusualSpend } from './unusual-spend.ts';
export {
  letterId,
  letterMessage,
  monthSums,
  monthSumsSql,
  parseLetter,
  unsentLetter,
  type MonthLetter,
  type MonthSums,
} from './month-letter.ts';
export { eventTaskBodies } from './batch.ts';
export { lateTaskBody, parseEventTask, type EventTask, type LateEvent, type Undeliverable } from './event-task.ts';
export { createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts';
export {
  budgetNoticeAbout,
  noticeAbout,
  noticeMessage,
  parseNotice,
  unsentNotice,
  type Notice,
  type NoticeDraft,
  type NoticeMessage,
} from './notice.ts';
export { createNoticeMarks, type NoticeMarks } from './notice-mark.ts';
