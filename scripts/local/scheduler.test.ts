// Jobs are called by the minute that their cron names, never twice at once, and a failure is told.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { listen } from './process/port.ts';
import { isDue, startScheduler } from './scheduler.ts';

test('every minute, every n minutes of the hour, and one minute of each hour', () => {
  const minutes = Array.from({ length: 121 }, (_, minute) => minute);
  assert.equal(minutes.filter((minute) => isDue('* * * * *', minute)).length, 121);
  assert.deepEqual(
    minutes.filter((minute) => isDue('*/25 * * * *', minute)),
    [0, 25, 50, 60, 85, 110, 120],
  );
  assert.deepEqual(
    minutes.filter((minute) => isDue('17 * * * *', minute)),
    [17, 77],
  );
});

test('a tick POSTs, a second one while the first runs does not, and a failure is told', async (t) => {
  const methods: string[] = [];
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    methods.push(request.method ?? '');
    waiting.push(response);
    server.emit('asked');
  });
  const url = `http://127.0.0.1:${await listen(server)}/`;
  const warnings: string[] = [];
  const scheduler = startScheduler([{ name: 'sweep', schedule: '* * * * *', url }], (text) => warnings.push(text));
  t.after(() => {
    scheduler.stop();
    server.closeAllConnections();
    server.close();
  });
  const asked = once(server, 'asked');
  const first = scheduler.tick('sweep');
  await asked;
  await scheduler.tick('sweep');
  waiting[0]?.writeHead(500).end();
  await first;
  assert.deepEqual([methods, warnings], [['POST'], ['sweep answered 500']]);
  await assert.rejects(scheduler.tick('other'), /no job is called other/);
});
