// The database is closed under statements that run and wait: in a process of its own, since DuckDB by itself would end
// it with a segmentation fault.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { openDatabase } from './in-turn.ts';

const script = `
import { openDatabase } from ${JSON.stringify(new URL('in-turn.ts', import.meta.url).href)};
const database = await openDatabase();
await database.inTurn((duck) => duck.run('CREATE TABLE t (j VARCHAR)'));
const rows = JSON.stringify(Array.from({ length: 500 }, (_, i) => ({ i, text: 'x'.repeat(200) })));
const insert = "INSERT INTO t SELECT CAST(j AS VARCHAR) FROM (SELECT unnest(CAST($rows AS JSON[])) AS j)";
const works = Array.from({ length: 60 }, () => database.inTurn((duck) => duck.run(insert, { rows })));
await works[2];
const over = Promise.allSettled(works);
await database.close();
const outcomes = await over;
console.log(outcomes.map(({ status, reason }) => status === 'fulfilled' ? 'done' : reason.message).join());
`;

test('closed under its work: what runs ends, what waits is refused, and the process lives', () => {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.deepEqual([status, signal], [0, null], stderr);
  const outcomes = stdout.trim().split(',');
  const done = outcomes.filter((one) => one === 'done').length;
  assert.equal(outcomes.length, 60);
  assert.ok(done >= 3 && done < 60, `${done}`);
  assert.ok(outcomes.every((one, i) => (i < done ? one === 'done' : one === 'the local BigQuery is closed')));
});

test('nobody comes between the statements of one work, and one that fails is no other’s', async () => {
  const database = await openDatabase();
  const said: string[] = [];
  const work = (name: string) =>
    database.inTurn(async (duck) => {
      for (const half of [1, 2]) {
        await duck.run(`SELECT ${half}`);
        said.push(`${name}${half}`);
      }
    });
  const failing = database.inTurn((duck) => duck.run('SELECT nothing'));
  await Promise.all([work('a'), work('b'), assert.rejects(failing), work('c')]);
  assert.deepEqual(said, ['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  await database.close();
  await assert.rejects(work('d'), /is closed/);
});
