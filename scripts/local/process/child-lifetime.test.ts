// A program that is tied to its parent ends with it, from its first moment on: also when the parent is killed, and
// when its guard was.

import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { spawnTied } from './child-lifetime.ts';
import { listen } from './port.ts';

const moduleUrl = JSON.stringify(path.join(import.meta.dirname, 'child-lifetime.ts'));

/** A parent whose child holds a connection to `port` for as long as it lives. */
function startParent(port: number, dir: string, then = ''): ChildProcess {
  const childCode = `require('net').connect(${port}, '127.0.0.1').on('close', () => {}); setInterval(() => {}, 1000)`;
  const code = `import { spawnTied } from ${moduleUrl};
    const child = spawnTied(process.execPath, ['-e', ${JSON.stringify(childCode)}], { dir: ${JSON.stringify(dir)} });
    process.stdin.on('data', () => process.exit(0)); console.log(child.pid); ${then}`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function connectionOf(server: Server): Promise<Socket> {
  const [connection] = (await once(server, 'connection')) as [Socket];
  return connection.on('error', () => undefined).resume();
}

/** Lines of ps with this text in them: id, state, command. One that is dead and not yet buried is none. */
function processes(text: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => ` ${line} `).filter((line) => line.includes(text) && !/^\s*\d+ Z/.test(line));
}

async function until(true_: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!true_() && Date.now() < deadline) await sleep(5);
  assert.ok(true_());
}

for (const how of ['SIGKILL', 'SIGINT', 'exit'] as const) {
  test(`the child ends when its parent ends by ${how}`, { timeout: 30_000 }, async () => {
    const server = createServer();
    const port = await listen(server);
    const dir = mkdtempSync(path.join(tmpdir(), 'gateway-child-'));
    const parent = startParent(port, dir);
    const connection = await connectionOf(server);
    const closed = once(connection, 'close');
    if (how === 'exit') parent.stdin?.write('now\n');
    else parent.kill(how);
    await Promise.all([closed, once(parent, 'exit')]);
    // The guard clears away right after the kill that closed the connection.
    await until(() => !existsSync(dir));
    server.close();
  });
}

test(
  'a parent that kills itself in the same breath as it starts the child leaves nothing',
  { timeout: 30_000 },
  async () => {
    for (let n = 0; n < 5; n++) {
      const dir = mkdtempSync(path.join(tmpdir(), 'gateway-child-'));
      const parent = startParent(9, dir, "process.kill(process.pid, 'SIGKILL')");
      let pid = '';
      parent.stdout?.on('data', (data: Buffer) => (pid += data.toString()));
      await once(parent, 'close');
      await until(() => !existsSync(dir));
      await until(() => processes(` ${pid.trim() || 'none'} `).length === 0);
    }
  },
);

test('a guard that is killed is replaced', { timeout: 30_000 }, async (t) => {
  const server = createServer();
  const port = await listen(server);
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-child-'));
  const parent = startParent(port, dir);
  t.after(() => parent.kill('SIGKILL'));
  const [[said], connection] = await Promise.all([
    once(parent.stdout ?? parent, 'data') as Promise<[Buffer]>,
    connectionOf(server),
  ]);
  const guards = (): string[] => processes(dir).filter((line) => / \/bin\/sh /.test(line));
  const [first = ''] = guards();
  process.kill(Number(/\d+/.exec(first)?.[0]), 'SIGKILL');
  await until(() => guards().length === 1 && guards()[0] !== first);
  assert.ok(guards()[0]?.includes(` ${Number(said.toString())} `), 'for the same child');
  parent.kill('SIGKILL');
  await once(connection, 'close');
  await until(() => !existsSync(dir));
  server.close();
});

test('its output and its code are the program’s, and a program that is not there says so', async () => {
  const outcome = async (program: string, ...args: string[]) => {
    const child = spawnTied(program, args);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out, err };
  };
  const code = 'console.log(process.argv[1]); process.exit(3)';
  assert.deepEqual(await outcome(process.execPath, '-e', code, "a 'b' $c"), { code: 3, out: "a 'b' $c\n", err: '' });
  const missing = await outcome('no-such-program');
  assert.equal(missing.code, 127);
  assert.match(missing.err, /no-such-program: not found/);
});
