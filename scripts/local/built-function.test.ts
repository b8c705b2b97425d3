// What the build makes runs outside the repository, on the framework and by the local cloud's own means, and its Cloud
// Tasks client reaches a queue.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { makeBundle, writeBundle } from '../build/bundle.ts';
import { startTasks } from './google/tasks.ts';
import { startFunction } from './process/function-process.ts';
import { freePort, listen } from './process/port.ts';

const buildDir = path.resolve(import.meta.dirname, '../../.build');

test('a bundle outside the repository runs on the framework, and its Cloud Tasks client reaches a queue', async (t) => {
  // The fixture lies inside the repository, where its imports are found; what is built from it lies outside.
  await mkdir(buildDir, { recursive: true });
  const inside = await mkdtemp(path.join(buildDir, 'test-'));
  const outside = await mkdtemp(path.join(tmpdir(), 'build-test-'));
  t.after(() => Promise.all([inside, outside].map((dir) => rm(dir, { recursive: true, force: true }))));
  await writeFile(
    path.join(inside, 'index.ts'),
    `import { http } from '@google-cloud/functions-framework';
    http('gateway', async (request, response) => {
      if (request.path === '/-/__version') return void response.send('');
      const { CloudTasksClient } = await import('@google-cloud/tasks');
      const { grpc } = await import('google-gax');
      const { hostname, port } = new URL(process.env.TASKS);
      const client = new CloudTasksClient({ apiEndpoint: hostname, port: Number(port), sslCreds: grpc.credentials.createInsecure(), projectId: 'p' });
      const httpRequest = { httpMethod: 'POST', url: process.env.TARGET, body: Buffer.from('hello') };
      await client.createTask({ parent: client.queuePath('p', 'l', 'q'), task: { httpRequest } });
      await client.close();
      response.send('created');
    });`,
  );
  const dir = path.join(outside, 'fixture');
  await writeBundle((await makeBundle(path.join(inside, 'index.ts'))).files, dir);
  await writeFile(path.join(dir, 'package.json'), JSON.stringify({ type: 'module', main: 'index.js' }));
  let received = '';
  const target = createServer((request, response) => {
    request.on('data', (data: Buffer) => (received += data.toString()));
    request.on('end', () => response.end());
  });
  const targetUrl = `http://127.0.0.1:${await listen(target)}/`;
  const tasks = await startTasks();
  const running = await startFunction({
    name: 'fixture',
    dir,
    port: await freePort(),
    memoryMiB: 256,
    env: { TASKS: tasks.url, TARGET: targetUrl, METADATA_SERVER_DETECTION: 'none' },
    onLine: (line) => console.error(line),
  });
  try {
    assert.equal(await (await fetch(running.url)).text(), 'created');
    await tasks.idle();
    assert.equal(received, 'hello');
  } finally {
    await running.stop();
    await tasks.close();
    target.close();
    await once(target, 'close');
  }
});
