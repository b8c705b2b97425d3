// A child that is tied to its parent ends with it: also when the parent is killed, and leaves no directory behind.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { listen } from './port.ts';

const moduleUrl = JSON.stringify(path.join(import.meta.dirname, 'child-lifetime.ts'));

/** A parent that ties a child to its own life; the child holds a connection to `port` for as long as it lives. */
function startParent(port: number, dir: string) {
  const childCode = `require('net').connect(${port}, '127.0.0.1').on('close', () => {}); setInterval(() => {}, 1000)`;
  const code = `import { spawn } from 'node:child_process';
    import { endWithParent } from ${moduleUrl};
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(childCode)}], { detached: true, stdio: 'ignore' });
    endWithParent(child, ${JSON.stringify(dir)});
    process.stdin.on('data', () => process.exit(0));`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'ignore', 'inherit'] });
}

for (const how of ['SIGKILL', 'SIGINT', 'exit'] as const) {
  test(`the child ends when its parent ends by ${how}`, { timeout: 30_000 }, async () => {
    const server = createServer();
    const port = await listen(server);
    const dir = mkdtempSync(path.join(tmpdir(), 'gateway-child-'));
    const parent = startParent(port, dir);
    const [connection] = (await once(server, 'connection')) as [Socket];
    connection.on('error', () => undefined).resume();
    const closed = once(connection, 'close');
    if (how === 'exit') parent.stdin.write('now\n');
    else parent.kill(how);
    await Promise.all([closed, once(parent, 'exit')]);
    // The guard clears away right after the kill that closed the connection.
    const deadline = Date.now() + 10_000;
    while (existsSync(dir) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(existsSync(dir), false);
    server.close();
  });
}
