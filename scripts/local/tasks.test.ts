import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { CloudTasksClient } from '@google-cloud/tasks';
import * as grpc from '@grpc/grpc-js';
import { listen } from './port.ts';
import { startTasks } from './tasks.ts';

test('the real client’s task reaches its target, again after a failure, and a name is taken once', async () => {
  const bodies: string[] = [];
  const retries: string[] = [];
  const target = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      bodies.push(body);
      retries.push(String(request.headers['x-cloudtasks-taskretrycount']));
      response.writeHead(bodies.length === 1 ? 503 : 200).end();
    });
  });
  const port = await listen(target);
  const tasks = await startTasks({ minBackoffMs: 1 });
  const { hostname, port: tasksPort } = new URL(tasks.url);
  const client = new CloudTasksClient({
    apiEndpoint: hostname,
    port: Number(tasksPort),
    sslCreds: grpc.credentials.createInsecure(),
    projectId: 'p',
  });
  const parent = client.queuePath('p', 'l', 'q');
  const httpRequest = { httpMethod: 'POST' as const, url: `http://127.0.0.1:${port}/`, body: Buffer.from('{"a":"ü"}') };
  await client.createTask({ parent, task: { name: `${parent}/tasks/one`, httpRequest } });
  await assert.rejects(
    client.createTask({ parent, task: { name: `${parent}/tasks/one`, httpRequest } }),
    (error: { code?: number }) => error.code === 6,
  );
  await assert.rejects(
    client.createTask({ parent, task: { httpRequest: { ...httpRequest, body: Buffer.alloc(101 * 1024) } } }),
    (error: { code?: number }) => error.code === 3,
  );
  await tasks.idle();
  assert.deepEqual(bodies, ['{"a":"ü"}', '{"a":"ü"}']);
  assert.deepEqual(retries, ['0', '1']);
  await client.close();
  await tasks.close();
  target.close();
  await once(target, 'close');
});
