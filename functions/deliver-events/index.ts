// The function `deliver-events`: a task's events into the warehouse. Its answer decides whether the queue tries again.

import { createWarehouse, parseEventTask, type Warehouse } from '@cody-gateway/shared/events';
import { answer, Refusal } from '@cody-gateway/shared/http';
import { defineFunction, type Exchange } from '@cody-gateway/shared/serve';

/** Above the largest task. */
const taskBytesMax = 1024 * 1024;

async function deliver({ received, scope }: Exchange, warehouse: Warehouse): Promise<void> {
  const body = (await received.readBody(taskBytesMax)).toString('utf8');
  const events = parseEventTask(body);
  if (events === null) {
    // 2xx all the same: the queue would send it again for a month. Its text is in the log, from where it can be read back.
    scope.log('ERROR', 'a task is not a batch of events', { poison_task: body });
    return answer(received.response, 200, {}, '');
  }
  for (const { metadata } of events) {
    const { trace_id: traceId, span_id: spanId } = metadata;
    if (typeof traceId === 'string' && typeof spanId === 'string') scope.link({ traceId, spanId });
  }
  try {
    const { inserted, poison } = await warehouse.insert(events);
    scope.note({ events: events.length, inserted });
    for (const { event, reason } of poison)
      scope.log('ERROR', `the warehouse does not take an event: ${reason}`, { usage_event: event });
  } catch (error) {
    throw new Refusal('overloaded', 'the warehouse did not take the events', { cause: error });
  }
  answer(received.response, 200, {}, '');
}

export const handler = defineFunction('deliver-events', ({ config }) => {
  const warehouse = createWarehouse(config);
  return [{ method: 'POST', path: '/', dialect: 'cody', handle: (exchange) => deliver(exchange, warehouse) }];
});
