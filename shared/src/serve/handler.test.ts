// A path that comes with a change of the catalogue is found by the first request for it, though nothing else of the
// process looks.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { startFirestore } from '../../../scripts/local/google/firestore.ts';
import { listen } from '../../../scripts/local/process/port.ts';
import { startRedis } from '../../../scripts/local/process/redis.ts';
import { changeOverlay, defaultPrices, defaultsLayer } from '../catalogue/catalogue.ts';
import { loadConfig } from '../config/config.ts';
import { tasksOverRest } from '../events/events.ts';
import { openContext } from './context.ts';
import type { Route } from './exchange.ts';
import { createHandler } from './handler.ts';

test('a path that an operator’s change brings answers 404 before, and is there for the first request after', async () => {
  const [redis, firestore] = await Promise.all([startRedis(), startFirestore()]);
  const config = loadConfig({
    REDIS_ENDPOINT: redis.url,
    CODY_GATEWAY_REDIS_BUDGET: '10s',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'k',
    GOOGLE_CLOUD_PROJECT: 'p',
    FIRESTORE_EMULATOR_HOST: firestore.host,
  });
  const contexts = [1, 2].map(() => openContext(config, tasksOverRest));
  const route: Route = {
    method: 'GET',
    path: '/tomorrow',
    dialect: 'openai',
    offered: ({ catalogue }) => catalogue.latest().resolve('openai/gpt-99').kind === 'served',
    handle: async ({ json }) => json(200, {}),
  };
  const ask = async (context: (typeof contexts)[number]): Promise<number> => {
    const { handle } = createHandler(context, [route]);
    const server = createServer((request, response) => void handle(request, response));
    const { status } = await fetch(`http://127.0.0.1:${await listen(server)}/tomorrow`);
    server.close().closeAllConnections();
    return status;
  };
  const [before, after] = contexts;
  assert.ok(before !== undefined && after !== undefined);
  assert.equal(await ask(before), 404);
  await changeOverlay(
    {
      documents: before.documents,
      store: before.store,
      parts: { reviewed: [defaultsLayer()], mounted: () => true, defaultPrices },
    },
    { author: { who: 'o', why: 'a test' }, what: 'models add' },
    Date.now(),
    () => ({
      edits: [{ kind: 'models', provider: 'openai', key: { id: 'openai/gpt-99' }, set: { allowed: true } }],
      text: '',
    }),
  );
  assert.equal(await ask(after), 200);
  await Promise.all(contexts.map((context) => context.close()));
  await before.documents.close();
  await Promise.all([redis.close(), firestore.close()]);
});
