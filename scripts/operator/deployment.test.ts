// Which directory a command talks to: the one that was named, else the local cloud that runs, else none.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { findDeployment, withDirectory } from './deployment.ts';
import { freePort } from '../local/process/port.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gateway-deployment-'));
});
after(() => rm(folder, { recursive: true }));

const cloud = {
  firestoreHost: '127.0.0.1:1',
  projectId: 'local-cloud',
  url: 'http://localhost:9992',
  token: 't',
  redisUrl: 'redis://127.0.0.1:3',
};

test('the running local cloud, where nothing else is named; an emulator of the environment is not asked for by that', async () => {
  const file = path.join(folder, 'cloud.json');
  await writeFile(file, JSON.stringify(cloud));
  assert.deepEqual(await findDeployment(undefined, '127.0.0.1:2', file), {
    name: 'the local cloud',
    googleCloudProject: 'local-cloud',
    firestoreEmulatorHost: '127.0.0.1:1',
    url: 'http://localhost:9992',
    redisEndpoint: 'redis://127.0.0.1:3',
  });
});

test('a named project wins, on its emulator where the environment names one', async () => {
  const file = path.join(folder, 'beside.json');
  await writeFile(file, JSON.stringify(cloud));
  const real = await findDeployment('p', undefined, file);
  assert.deepEqual([real.name, real.googleCloudProject, real.firestoreEmulatorHost], ['project p', 'p', null]);
  const emulated = await findDeployment('p', '127.0.0.1:2', file);
  assert.deepEqual([emulated.googleCloudProject, emulated.firestoreEmulatorHost], ['p', '127.0.0.1:2']);
});

test('neither: nothing is guessed, the message says what to do', async () => {
  const file = path.join(folder, 'none.json');
  await assert.rejects(findDeployment(undefined, '127.0.0.1:2', file), {
    name: 'UsageError',
    message: 'which directory? Start the local cloud with npm start, or name a project with --project <id>',
  });
  await assert.rejects(findDeployment('', undefined, file), { name: 'UsageError' });
});

test('a file that npm start did not write, and one that it left behind', async () => {
  const file = path.join(folder, 'broken.json');
  await writeFile(file, '{"firestoreHost":');
  await assert.rejects(findDeployment(undefined, undefined, file), /broken\.json is not what npm start writes/);
  await writeFile(file, JSON.stringify({ ...cloud, firestoreHost: `127.0.0.1:${await freePort()}` }));
  const deployment = await findDeployment(undefined, undefined, file);
  await assert.rejects(
    withDirectory(deployment, () => Promise.resolve()),
    /^Error: the local cloud does not answer: nothing listens on .*\. Start it with npm start$/,
  );
});
