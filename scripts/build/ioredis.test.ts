// The smaller table of commands finds the same keys and flags as the whole one. That a bundle speaks to Redis by it:
// local/built-redis-client.test.ts.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { slimmed, withoutHimport, type Commands } from './ioredis.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('the smaller table has every command, its keys, and the flags that ioredis asks for', async () => {
  const file = path.join(root, 'node_modules/@ioredis/commands/built/commands.json');
  const whole = JSON.parse(await readFile(file, 'utf8')) as Commands;
  const small = slimmed(whole);
  assert.deepEqual(Object.keys(small), Object.keys(whole));
  const asked = ({ flags, keyStart, keyStop, step }: Commands[string]): readonly unknown[] => [
    flags.includes('loading'),
    flags.includes('readonly'),
    keyStart,
    keyStop,
    step,
  ];
  for (const [name, command] of Object.entries(whole)) {
    const same = small[name];
    assert.ok(same !== undefined);
    assert.deepEqual(asked(same), asked(command), name);
    for (const [sub, one] of Object.entries(command.subcommands ?? {})) {
      const other: Commands[string] | undefined = same.subcommands?.[sub];
      assert.ok(other !== undefined);
      assert.deepEqual(asked(other), asked(one), `${name} ${sub}`);
    }
  }
  // Whatever asks for another flag would be told no.
  const asking = await Promise.all(
    ['Redis.js', 'Pipeline.js', 'autoPipelining.js', 'cluster/index.js', 'Command.js', 'utils/Commander.js'].map(
      (name) => readFile(path.join(root, 'node_modules/ioredis/built', name), 'utf8'),
    ),
  );
  const flags = asking.flatMap((text) => [...text.matchAll(/hasFlag\)\([^,]+, "(\w+)"/g)].map(([, flag]) => flag));
  assert.deepEqual(new Set(flags), new Set(['loading', 'readonly']));
});

test('what ioredis asks of HIMPORT where nobody names fields is answered without it', async () => {
  const asking = await Promise.all(
    ['Redis.js', 'Pipeline.js', 'redis/event_handler.js', 'cluster/index.js'].map((name) =>
      readFile(path.join(root, 'node_modules/ioredis/built', name), 'utf8'),
    ),
  );
  const asked = new Set(
    asking.flatMap((text) => [...text.matchAll(/HimportCoordinator_\d\.(\w+)/g)].map(([, name]) => name)),
  );
  // Asked only of a client that has some.
  const ofFields = [
    'default',
    'bindHimportCoordinator',
    'unbindHimportCoordinator',
    'setHimportRole',
    'interceptHimportCommand',
    'interceptHimportControlCommand',
  ];
  const answered = [...withoutHimport.matchAll(/exports\.(\w+)/g)].map(([, name]) => name);
  assert.deepEqual(asked, new Set([...answered, ...ofFields].filter((name) => asked.has(name))));
});
