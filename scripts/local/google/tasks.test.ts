// The real Cloud Tasks client against the stand-in: what is created is delivered, again after a failure, and refusals
// carry the real codes.

import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { test, type TestContext } from 'node:test';
import { CloudTasksClient } from '@google-cloud/tasks';
import * as grpc from '@grpc/grpc-js';
import { listen } from '../process/port.ts';
import { startTasks, type LocalTasksOptions } from './tasks.ts';

interface Delivered {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * A stand-in, a real client of it, and a target that answers with these statuses (null: never) and 200 from then on.
 */
async function start(t: TestContext, options: LocalTasksOptions = {}, statuses: (number | null)[] = []) {
  const delivered: Delivered[] = [];
  const target = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      delivered.push({ headers: request.headers, body });
      const status = statuses.length === 0 ? 200 : statuses.shift();
      if (typeof status === 'number') response.writeHead(status).end();
    });
  });
  const url = `http://127.0.0.1:${await listen(target)}/`;
  const tasks = await startTasks({ minBackoffMs: 1, maxBackoffMs: 5, ...options });
  const { hostname, port } = new URL(tasks.url);
  const client = new CloudTasksClient({
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    projectId: 'p',
  });
  t.after(async () => {
    await client.close();
    await tasks.close();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  });
  const parent = client.queuePath('p', 'l', 'events');
  const httpRequest = {
    httpMethod: 'POST' as const,
    url,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"a":"ü"}'),
  };
  return { tasks, client, parent, httpRequest, delivered };
}

test('a task reaches its target, again after a failure, with the headers of the real service', async (t) => {
  const { tasks, client, parent, httpRequest, delivered } = await start(t, {}, [503, 500]);
  await client.createTask({ parent, task: { name: `${parent}/tasks/one`, httpRequest } });
  await tasks.idle();
  assert.deepEqual(
    delivered.map(({ body }) => body),
    ['{"a":"ü"}', '{"a":"ü"}', '{"a":"ü"}'],
  );
  assert.deepEqual(
    delivered.map(({ headers }) => headers['x-cloudtasks-taskretrycount']),
    ['0', '1', '2'],
  );
  const { headers } = delivered[0] ?? {};
  assert.equal(headers?.['x-cloudtasks-queuename'], 'events');
  assert.equal(headers?.['x-cloudtasks-taskname'], 'one');
  assert.equal(headers?.['user-agent'], 'Google-Cloud-Tasks');
  assert.equal(headers?.['content-type'], 'application/json');
  assert.deepEqual(tasks.stats, { created: 1, delivered: 1, redelivered: 0, attempts: 3, waiting: 0 });
});

test('a target that does not answer within the dispatch deadline gets the task again', async (t) => {
  const { tasks, client, parent, httpRequest, delivered } = await start(t, {}, [null]);
  await client.createTask({ parent, task: { httpRequest, dispatchDeadline: { seconds: 0, nanos: 50e6 } } });
  // Without the deadline this would not end. A busy machine may miss it more than once.
  await tasks.idle();
  assert.ok(delivered.length >= 2);
  assert.equal(tasks.stats.delivered, 1);
});

test('refusals: a name that was taken, a task too large, a queue that does not exist, a failure on request', async (t) => {
  const { tasks, client, parent, httpRequest } = await start(t, { queues: ['events'] });
  const create = (task: object, queue = parent) => client.createTask({ parent: queue, task: { httpRequest, ...task } });
  await create({ name: `${parent}/tasks/one` });
  await tasks.idle();
  await assert.rejects(create({ name: `${parent}/tasks/one` }), { code: grpc.status.ALREADY_EXISTS });
  const large = { httpRequest: { ...httpRequest, body: Buffer.alloc(101 * 1024) } };
  await assert.rejects(create(large), { code: grpc.status.INVALID_ARGUMENT });
  await assert.rejects(create({}, client.queuePath('p', 'l', 'other')), { code: grpc.status.NOT_FOUND });
  tasks.failCreate(grpc.status.UNAVAILABLE, 1);
  await assert.rejects(create({}), { code: grpc.status.UNAVAILABLE });
  await create({});
  await tasks.idle();
  assert.equal(tasks.stats.delivered, 2);
});

test('a pause holds deliveries back, resume lets them go; a task of the future waits', async (t) => {
  const { tasks, client, parent, httpRequest, delivered } = await start(t);
  tasks.pause();
  await client.createTask({ parent, task: { httpRequest } });
  const inAnHour = { seconds: Math.floor(Date.now() / 1000) + 3600 };
  await client.createTask({ parent, task: { httpRequest, scheduleTime: inAnHour } });
  assert.deepEqual([tasks.stats.waiting, delivered.length], [2, 0]);
  tasks.resume();
  while (tasks.stats.delivered === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(tasks.stats.waiting, 1);
});

test('a port that is taken is named', async (t) => {
  const { tasks } = await start(t);
  const port = Number(new URL(tasks.url).port);
  await assert.rejects(startTasks({ port }), new RegExp(`port ${port} is taken`));
});
