// Usage events share their queues, a notice has one name in one queue, over either API; and batches fit a task.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { listen } from '../../../scripts/local/process/port.ts';
import { startTasks, type LocalTasks } from '../../../scripts/local/google/tasks.ts';
import { eventTaskBodies } from './batch.ts';
import { parseEventTask, taskBytesMax, taskEventsMax } from './event-task.ts';
import { createEventQueue, createNoticeQueue } from './task-queue.ts';
import { tasksOverRest, type TasksApi } from './tasks-api.ts';
import { tasksClient } from './tasks-client.ts';

const noTokens = (): Promise<string> => Promise.reject(new Error('asked for a token'));

for (const [api, open] of [
  ['REST', (url: string) => tasksOverRest(url, noTokens)],
  ['the client', tasksClient],
] as const)
  describe(api, () => {
    const seen: { queue: unknown; type: unknown; body: string }[] = [];
    const target = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (data: string) => (body += data));
      request.on('end', () => {
        const { 'x-cloudtasks-queuename': queue, 'content-type': type } = request.headers;
        seen.push({ queue, type, body });
        response.end();
      });
    });
    let service: LocalTasks;
    let tasks: TasksApi;
    let url: string;
    before(async () => {
      url = `http://127.0.0.1:${await listen(target)}/`;
      service = await startTasks({ queues: ['events', 'events-1', 'events-2', 'notifications'] });
      tasks = open(service.url);
    });
    after(async () => {
      await tasks.close();
      await service.close();
      target.close().closeAllConnections();
    });

    test('tasks take turns over the queues; a task of the same name is one', async () => {
      const settings = {
        googleCloudProject: 'p',
        tasksLocation: 'l',
        tasksServiceAccount: 'tasks@p',
        deliverEventsUrl: url,
        eventsQueue: 'events',
        eventsQueueCount: 3,
        deliverNotificationsUrl: url,
        notificationsQueue: 'notifications',
      };
      const [events, notices] = [createEventQueue(settings, tasks), createNoticeQueue(settings, tasks)];
      for (let i = 0; i < 6; i++) await events?.create('{"a":"ü"}');
      for (let i = 0; i < 2; i++) await notices?.create('{}', 'one');
      await service.idle();
      const times = (name: string): number => seen.filter(({ queue }) => queue === name).length;
      assert.deepEqual(['events', 'events-1', 'events-2', 'notifications'].map(times), [2, 2, 2, 1]);
      assert.deepEqual(
        seen.filter(({ body, type }) => type === 'application/json' && body === '{"a":"ü"}').length,
        6,
        'and arrive as they were',
      );
      assert.equal(createEventQueue({ ...settings, deliverEventsUrl: null }, tasks), null);
    });

    test('what the service refuses is an error that tells why; a name that is taken is none', async () => {
      const parent = 'projects/p/locations/l/queues/events';
      const task = { parent, url, body: '{"secret":1}', oidcToken: null };
      assert.equal(await tasks.create({ ...task, name: `${parent}/tasks/two` }), 'created');
      assert.equal(await tasks.create({ ...task, name: `${parent}/tasks/two` }), 'exists');
      await assert.rejects(tasks.create({ ...task, parent: 'projects/p/locations/l/queues/none' }), /NOT_FOUND/);
      await assert.rejects(tasks.create({ ...task, body: 's'.repeat(101 * 1024) }), /INVALID_ARGUMENT/);
      // An aborted call is a 409 too, and nothing was promised.
      service.failCreate(status.ABORTED, 1);
      await assert.rejects(tasks.create({ ...task, name: `${parent}/tasks/three` }), /ABORTED/);
      assert.equal(await tasks.create({ ...task, name: `${parent}/tasks/three` }), 'created');
    });
  });

test('Google’s own address gets the token of this process; a service that does not answer is an error', async (t) => {
  await assert.rejects(tasksOverRest(null, noTokens).create({ parent: 'p', url: 'u', body: '{}', oidcToken: null }), {
    message: 'asked for a token',
  });
  const silent = createServer((_request, response) => void response.destroy());
  t.after(() => silent.close().closeAllConnections());
  const tasks = tasksOverRest(`http://127.0.0.1:${await listen(silent)}`, noTokens);
  await assert.rejects(tasks.create({ parent: 'p', url: 'u', body: '{}', oidcToken: null }), {
    name: 'FetchFailed',
    message: 'connection failed',
  });
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
    task.unreadable.map(({ kind, reason }) => `${kind}: ${reason}`),
    ['name is missing', 'metadata is not an object', 'rank is not a number', 'not an object', 'not an object'].map(
      (reason) => `event: ${reason}`,
    ),
  );
  for (const body of ['', 'null', '[]', '{"events":1}'])
    assert.deepEqual(parseEventTask(body).unreadable, [{ kind: 'task', body, reason: 'not a batch of events' }]);
});
