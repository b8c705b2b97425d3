// An instance whose network is not there yet: no caller meets it. One whose Redis is not there takes calls at once,
// and the outage policy decides.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test, type TestContext } from 'node:test';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFunctionFiles } from '../functions/function-files.ts';
import { startFunction, type FunctionProcess } from '../local/process/function-process.ts';
import { freePort } from '../local/process/port.ts';
import { startRedis, type LocalRedis } from '../local/process/redis.ts';
import { silence, silenceable } from '../local/process/silence.ts';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';

const functions = path.resolve(import.meta.dirname, '../../functions');
let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions', 'diagnostics', 'deliver-events'] });
});
after(() => gateway.stop());

interface Instance {
  readonly url: string;
  /** Resolves when it has answered for the first time. */
  readonly running: Promise<FunctionProcess>;
  /** What its first completion was answered with. */
  readonly first: Promise<number>;
}

/** A further instance of a function, which callers knock at from its first moment. */
async function instance(t: TestContext, name: string, env: Readonly<Record<string, string>>): Promise<Instance> {
  const model = gateway.functions.get(name)?.start;
  assert.ok(model !== undefined);
  const port = await freePort();
  const running = startFunction({ ...model, port, env: { ...model.env, ...env } });
  t.after(async () => (await running).stop());
  const url = `http://127.0.0.1:${port}`;
  return { url, running, first: name === 'chat-completions' ? firstAnswer(url) : Promise.resolve(0) };
}

async function firstAnswer(url: string): Promise<number> {
  for (;;) {
    const status = await complete(url).catch(() => null);
    if (status !== null) return status;
    await sleep(20);
  }
}

async function complete(url: string): Promise<number> {
  const response = await fetch(`${url}/v1/completions/anthropic-messages`, {
    method: 'POST',
    headers: { ...chat, authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify(anthropicBody()),
  });
  await response.arrayBuffer();
  return response.status;
}

async function silentRedis(t: TestContext): Promise<{ redis: LocalRedis; goOn: () => void }> {
  const redis = await startRedis({ args: silenceable });
  t.after(() => redis.close());
  return { redis, goOn: await silence(redis) };
}

test('silence that ends: its port stays shut until then, and the first caller is served', async (t) => {
  const { redis, goOn } = await silentRedis(t);
  const env = { REDIS_ENDPOINT: redis.url };
  const public_ = await instance(t, 'chat-completions', env);
  // Needs no Redis for its first answer; by then the other has had its time to open.
  const diagnostics = await instance(t, 'diagnostics', env);
  const tasks = await instance(t, 'deliver-events', env);
  await Promise.all([diagnostics.running, tasks.running]);
  await sleep(1_000);
  await assert.rejects(fetch(`${public_.url}/-/__version`));
  goOn();
  assert.equal(await public_.first, 200);
});

test('refused: the port opens, and calls are refused until Redis is there', async (t) => {
  const { first } = await instance(t, 'chat-completions', { REDIS_ENDPOINT: `127.0.0.1:${await freePort()}` });
  assert.equal(await first, 503);
});

test('silence for ever: the port opens at its bound, and calls are refused', async (t) => {
  const { redis } = await silentRedis(t);
  const env = { REDIS_ENDPOINT: redis.url, CODY_GATEWAY_REDIS_START: '1s' };
  const { url, first } = await instance(t, 'chat-completions', env);
  assert.equal(await first, 503);
  assert.equal((await fetch(`${url}/-/__version`)).status, 200);
});

test('who opens at once is who needs no Redis for the first answer: task functions, diagnostics and the console', async () => {
  for (const { name, trigger } of await readFunctionFiles())
    assert.equal(
      readFileSync(path.join(functions, name, 'index.ts'), 'utf8').includes("port: 'at once'"),
      trigger === 'task' || name === 'diagnostics' || name === 'console',
      name,
    );
});
