// function.json files are read whole or refused with the file and the fault named; those of this project are in order.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { memoryEnv, readFunctionFiles } from './function-files.ts';

const good = {
  description: 'Serves one path.',
  trigger: 'http',
  routes: [{ path: '/v1/one', methods: ['POST'] }],
  default: true,
  memoryMiB: 256,
  cpu: 1,
  concurrency: 80,
  timeoutSeconds: 60,
  secrets: [],
};

test('the project’s own files are in order', async () => {
  const files = await readFunctionFiles();
  assert.equal(files.filter((file) => file.default === true).length, 1);
  assert.ok(files.some(({ name, trigger }) => name === 'chat-completions' && trigger === 'http'));
});

test('V8 has half of an instance’s memory, and a young generation that outlasts a call', () => {
  // terraform/envs/prod/tests/gateway.tftest.hcl says the same of what is deployed.
  assert.equal(memoryEnv(512).NODE_OPTIONS, '--max-semi-space-size=16 --max-old-space-size=256');
  assert.equal(
    memoryEnv(256, '--import=x').NODE_OPTIONS,
    '--max-semi-space-size=8 --max-old-space-size=128 --import=x',
  );
});

const faults: [fault: string, text: string, said: RegExp][] = [
  ['no JSON', '{', /one\/function\.json: .*JSON/],
  ['an unknown member', JSON.stringify({ ...good, memory: 1 }), /one\/function\.json:\n {2}- memory: /],
  [
    'a path without a slash',
    JSON.stringify({ ...good, routes: [{ path: 'v1', methods: ['GET'] }] }),
    /routes\.0\.path: /,
  ],
  ['a cron we do not run', JSON.stringify({ ...good, trigger: 'schedule', schedule: '0 3 * * *' }), /schedule: only/],
  ['a schedule without its trigger', JSON.stringify({ ...good, schedule: '* * * * *' }), /"schedule" goes with/],
  ['a task without a queue', JSON.stringify({ ...good, trigger: 'task' }), /"queue" goes with/],
  ['no default', JSON.stringify({ ...good, default: undefined }), /exactly one .* 0 do/],
];

for (const [fault, text, said] of faults) {
  test(`refused: ${fault}`, async (t) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'gateway-functions-'));
    t.after(() => rmSync(dir, { recursive: true }));
    mkdirSync(path.join(dir, 'one'));
    writeFileSync(path.join(dir, 'one/function.json'), text);
    await assert.rejects(readFunctionFiles(dir), said);
  });
}
