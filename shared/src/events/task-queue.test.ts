// Usage events share their queues, a notice has one name in one queue, and batches fit a task; with the real client.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen } from '../../../scripts/local/port.ts';
import { startTasks } from '../../../scripts/local/tasks.ts';
import { eventTaskBodies, parseEventTask, taskBytesMax, taskEventsMax } from './event-task.ts';
import { createEventQueue, createNoticeQueue } from './task-queue.ts';

test('tasks take turns over the queues; a task of the same name is one', async (t) => {
  const seen: string[] = [];
  const target = createServer((request, response) => {
    seen.push(String(request.headers['x-cloudtasks-queuename']));
    request.resume().on('end', () => response.end());
  });
  const url = `http://127.0.0.1:${await listen(target)}/`;
  const tasks = await startTasks({ queues: ['events', 'events-1', 'events-2', 'notifications'] });
  const settings = {
    googleCloudProject: 'p',
    tasksEndpoint: tasks.url,
    tasksLocation: 'l',
    tasksServiceAccount: null,
    deliverEventsUrl: url,
    eventsQueue: 'events',
    eventsQueueCount: 3,
    deliverNotificationsUrl: url,
    notificationsQueue: 'notifications',
  };
  const [events, notices] = [createEventQueue(settings), createNoticeQueue(settings)];
  t.after(async () => {
    await Promise.all([events?.close(), notices?.close()]);
    await tasks.close();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  });
  for (let i = 0; i < 6; i++) await events?.create('{}');
  for (let i = 0; i < 2; i++) await notices?.create('{}', 'one');
  await tasks.idle();
  const times = (queue: string): number => seen.filter((name) => name === queue).length;
  assert.deepEqual(['events', 'events-1', 'events-2', 'notifications'].map(times), [2, 2, 2, 1]);
  assert.equal(createEventQueue({ ...settings, deliverEventsUrl: null }), null);
});

test('every event is in one batch, and no batch is larger than a task', () => {
  const event = (n: number, bytes: number): string => JSON.stringify({ n, text: 'ü'.repeat(bytes / 2) });
  const large = Array.from({ length: 100 }, (_, n) => event(n, 4_000));
  const small = Array.from({ length: 1_001 }, (_, n) => event(n, 2));
  for (const events of [large, small, [], [event(0, taskBytesMax)]]) {
    const bodies = eventTaskBodies(events);
    const read = (body: string): object[] => (JSON.parse(body) as { events: object[] }).events;
    assert.deepEqual(
      bodies.flatMap(read),
      events.map((text) => JSON.parse(text) as object),
    );
    for (const body of bodies) {
      const { length } = read(body);
      assert.ok(length <= taskEventsMax);
      assert.ok(length === 1 || Buffer.byteLength(body) <= taskBytesMax + 20);
    }
  }
});

test('an event that is none is told apart from its neighbours, one of nobody is dropped', () => {
  const good = { name: 'n', source: 's', identifier: 'i', event_id: 'e', created_at: 'c', rank: 1, metadata: {} };
  const bad = [{ ...good, name: '' }, { ...good, metadata: null }, { ...good, rank: '1' }, null, 7];
  const task = parseEventTask(JSON.stringify({ events: [...bad, good, { ...good, identifier: '' }] }));
  assert.deepEqual(task.events, [good]);
  assert.equal(task.dropped, 1);
  assert.deepEqual(
    task.strange.map(({ kind, reason }) => `${kind}: ${reason}`),
    ['name is missing', 'metadata is not an object', 'rank is not a number', 'not an object', 'not an object'].map(
      (reason) => `event: ${reason}`,
    ),
  );
  for (const body of ['', 'null', '[]', '{"events":1}'])
    assert.deepEqual(parseEventTask(body).strange, [{ kind: 'task', body, reason: 'not a batch of events' }]);
});
