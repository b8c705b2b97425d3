// The function `deliver-events`: a task's events into the warehouse. Its answer decides whether the queue tries again.

import { openDocuments } from '@cody-gateway/shared/documents';
import {
  createDeadLetters,
  createWarehouse,
  eventRow,
  parseEventTask,
  type DeadLetters,
  type LateEvent,
  type UsageEvent,
  type Warehouse,
} from '@cody-gateway/shared/events';
import { answer, Refusal } from '@cody-gateway/shared/http';
import { settleLate } from '@cody-gateway/shared/limiter';
import { defineFunction, type Exchange } from '@cody-gateway/shared/serve';

/** Above the largest task. */
const taskBytesMax = 1024 * 1024;

/** One script of a task; the queue waits. */
const settleTimeoutMs = 5_000;

const tellUnplacedEveryMs = 60_000;
/** How many missing columns are remembered as reported; more than any row has members. */
const toldMembersMax = 100;

/**
 * Idempotent: a task that comes again inserts rows that the warehouse knows already, and dead letters are kept by their
 * content.
 */
async function deliver(
  exchange: Exchange,
  warehouse: Warehouse,
  letters: DeadLetters,
  toldMs: Map<string, number>,
): Promise<void> {
  const { context, received, scope } = exchange;
  const body = await received.readBody(taskBytesMax);
  const { events: ready, late, dropped, unreadable } = parseEventTask(body);
  const undeliverable = [...unreadable];
  const events = [...ready, ...(await settleAll(exchange, late))];
  for (const { metadata } of events) {
    const { trace_id: traceId, span_id: spanId } = metadata;
    if (typeof traceId === 'string' && typeof spanId === 'string') scope.link({ traceId, spanId });
  }
  try {
    const { inserted, costNanoUsd, unpriced, poison, unplaced } = await warehouse.insert(events);
    // Members of the log line that metrics count (terraform/modules/monitoring).
    scope.annotate({ events: events.length, inserted, dropped, cost_micro_usd: costNanoUsd / 1_000, unpriced });
    for (const member of unplaced) tellUnplaced(scope, member, toldMs, Date.now());
    for (const { event, reason } of poison) undeliverable.push({ kind: 'event', body: JSON.stringify(event), reason });
  } catch (error) {
    throw new Refusal(
      'overloaded',
      'the warehouse did not take the events: the queue tries again (runbook warehouse-errors)',
      { cause: error },
    );
  }
  for (const letter of undeliverable) {
    try {
      const id = await letters.put(letter, Date.now());
      context.telemetry.count('gateway.dead_letters', 1, { kind: letter.kind });
      // The line that the alert on dead letters goes by.
      scope.log('ERROR', `an event can't be delivered and is kept as a dead letter: ${letter.reason}`, {
        dead_letter: id,
      });
    } catch (error) {
      throw new Refusal('overloaded', 'a dead letter could not be kept', { cause: error });
    }
  }
  // 2xx also for what is dead: the queue would send it again for a month.
  answer(received, 200, {}, '');
}

/** Once a minute and member: the functions are newer than the table, and every batch would say so. */
function tellUnplaced(scope: Exchange['scope'], member: string, toldMs: Map<string, number>, nowMs: number): void {
  if (nowMs - (toldMs.get(member) ?? -Infinity) < tellUnplacedEveryMs) return;
  if (toldMs.size >= toldMembersMax) toldMs.clear();
  toldMs.set(member, nowMs);
  scope.log(
    'ERROR',
    `the events table has no column ${member}: its values wait in metadata.unplaced. Apply Terraform, then run "npm run gateway -- events place"`,
    { unplaced_member: member },
  );
}

/**
 * Ends the leases whose end Redis did not confirm, and writes into their rows what the counters kept.
 * @throws Refusal: Redis is away, the queue tries again
 */
async function settleAll({ context, scope }: Exchange, late: readonly LateEvent[]): Promise<UsageEvent[]> {
  const rows: UsageEvent[] = [];
  for (const { event, settlement } of late) {
    const budget = { leftMs: settleTimeoutMs, patient: true };
    try {
      const counted = await settleLate(context.store, event.event_id, event.units, settlement, Date.now(), budget);
      rows.push(eventRow(event, counted));
    } catch (error) {
      throw new Refusal('overloaded', 'a lease could not be ended: redis is away', { cause: error });
    }
  }
  if (late.length > 0) scope.annotate({ settled_late: late.length });
  return rows;
}

export const handler = await defineFunction(
  'deliver-events',
  ({ config, catalogue }) => {
    const warehouse = createWarehouse(config, async () => (await catalogue.current(Date.now())).prices());
    const letters = createDeadLetters(openDocuments(config).client);
    const toldMs = new Map<string, number>();
    return [
      {
        method: 'POST',
        path: '/',
        dialect: 'cody',
        handle: (exchange) => deliver(exchange, warehouse, letters, toldMs),
      },
    ];
  },
  { port: 'at once' },
);
