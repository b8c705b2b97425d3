// `npm start` as a person meets it: at a terminal of 80 columns (util-linux's `script` gives one), and in a pipe.

import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { before, test, type TestContext } from 'node:test';
import { buildFunctions } from '../build/build.ts';
import { freePort } from './process/port.ts';

const root = path.resolve(import.meta.dirname, '../..');

// How long that takes is not what is tested.
before(() => buildFunctions());

/** Starts it, and gives what it said up to the line that it is ready. */
async function start(t: TestContext, terminal: boolean, more: NodeJS.ProcessEnv = {}) {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-start-'));
  const port = await freePort();
  const cloudFile = path.join(dir, 'cloud.json');
  const env = {
    ...process.env,
    PORT: String(port),
    GATEWAY_CLOUD_FILE: cloudFile,
    NO_COLOR: '1',
    TERM: 'xterm',
    // What is tested is not this machine's speed.
    CODY_GATEWAY_REDIS_BUDGET: '20s',
    ...more,
  };
  const [program, ...args] = terminal
    ? (['script', '-qfec', 'stty cols 80 rows 40; exec npm start', '/dev/null'] as const)
    : (['npm', 'start'] as const);
  const child: ChildProcess = spawn(program, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(dir, { recursive: true, force: true });
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (said += data.toString()));
  const until = async (text: RegExp): Promise<string> => {
    const deadline = performance.now() + 120_000;
    while (!text.test(said)) {
      if (performance.now() > deadline || child.exitCode !== null)
        assert.fail(`${String(text)} was not said:\n${said}`);
      await sleep(50);
    }
    return said;
  };
  await until(/ready in [\d.]+ s/);
  return { child, port, cloudFile, until, said: () => said };
}

/** What stands on the screen in the end: a line that is written over is none. */
function rows(said: string): string[] {
  return said.split(/\r?\n/).map((line) => stripVTControlCharacters(line.split('\r\u001B[2K').at(-1) ?? '').trimEnd());
}

test(
  'at a terminal: 80 columns, a count while it works, a curl that streams, a short line a request; Ctrl-C ends it',
  { timeout: 170_000 },
  async (t) => {
    const { child, port, cloudFile, until, said } = await start(t, true, { OPENAI_API_KEY: 'not-a-key' });
    assert.match(said(), /starting functions \(\d+ of \d+\)/);
    const screen = rows(said());
    for (const row of screen.filter((row) => !row.startsWith('> '))) assert.ok(row.length <= 80, row);
    const text = screen.join('\n');
    const caution = text.indexOf(
      'CAUTION: OPENAI_API_KEY is set in this shell:\n         calls to openai go to the real one and cost',
    );
    assert.ok(caution >= 0 && caution < text.indexOf('The gateway is ready at'), 'before anything can cost money');
    assert.match(text, /openai {5}REAL, calls cost money: OPENAI_API_KEY is set/);
    assert.match(text, /anthropic {2}stand-in; the real one with ANTHROPIC_API_KEY/);
    assert.match(text, /stand-ins {2}Firestore, .*until it is set:\n[^]*^ {4}Slack +CODY_GATEWAY_\w+$/m);
    assert.match(text, /it ends with this process/);
    assert.doesNotMatch(text, /__version|\{"severity"/, 'no health checks, no JSON');
    // As a person pastes it.
    const token = /^ {2}(TOKEN=slk_\w+)$/m.exec(text)?.[1] ?? '';
    const curl = /^ {2}curl -N [^']*'[^']*'$/m.exec(text)?.[0] ?? '';
    const answer = execFileSync('sh', ['-c', `${token}\n${curl.replace('curl', 'curl -s')}`], { encoding: 'utf8' });
    assert.match(answer, /event: message_start[^]*event: message_stop/);
    await until(/POST \/v1\/messages 200 {2}\d+ ms .*chat-completions/);
    assert.ok(text.includes(`Traces       http://localhost:${port + 1}\n`), 'the page has the port after');
    const metrics = await (await fetch(`http://localhost:${port + 1}/metrics`)).text();
    assert.match(metrics, /gateway_function="chat-completions"/);
    assert.match(metrics, /gateway_function="limits"/);
    assert.ok(existsSync(cloudFile));
    child.stdin?.write('\u0003');
    await once(child, 'exit');
    assert.equal(existsSync(cloudFile), false);
    assert.match(rows(said()).join('\n'), /\nstopping …/);
  },
);

test(
  'in a pipe: no control characters, one JSON line a request; variables of the shell reach the functions; a second start says who runs',
  { timeout: 170_000 },
  async (t) => {
    const { child, port, cloudFile, until, said } = await start(t, false, {
      CODY_GATEWAY_ANTHROPIC_ALLOWED_MODELS: 'claude-3-haiku-20240307',
    });
    assert.match(said(), /set here {3}CODY_GATEWAY_ANTHROPIC_ALLOWED_MODELS, CODY_GATEWAY_REDIS_BUDGET/);
    const token = /TOKEN=(slk_\w+)/.exec(said())?.[1] ?? '';
    const models = await fetch(`http://localhost:${port}/v1/models`, { headers: { authorization: `Bearer ${token}` } });
    const { data } = (await models.json()) as { data: { id: string }[] };
    const names = data.map(({ id }) => id);
    assert.ok(
      names.some((id) => id.includes('gpt')),
      'those of other providers are all there',
    );
    assert.deepEqual(
      names.filter((id) => id.includes('claude')),
      ['anthropic/claude-3-haiku-20240307'],
    );
    await until(/\n\{.*GET \/v1\/models 200.*\}\n/);
    assert.ok(!said().includes('\u001B'));
    const again = spawn(process.execPath, ['scripts/local/start.ts'], {
      cwd: root,
      env: { ...process.env, PORT: String(await freePort()), GATEWAY_CLOUD_FILE: cloudFile },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let refused = '';
    again.stderr.on('data', (data: Buffer) => (refused += data.toString()));
    await once(again, 'close');
    assert.equal(
      refused,
      `npm start: this folder's local cloud runs already at http://localhost:${port} (process ${(/process (\d+)/.exec(refused) ?? [])[1]}): use it, or end it first\n`,
    );
    child.kill('SIGTERM');
    await once(child, 'exit');
    const deadline = performance.now() + 20_000;
    while (existsSync(cloudFile) && performance.now() < deadline) await sleep(50);
    assert.equal(existsSync(cloudFile), false);
  },
);

test(
  'without its Redis all of it ends, and why is the last that it says; a port that is none is wrong use',
  { timeout: 170_000 },
  async (t) => {
    const { child, cloudFile, said } = await start(t, false);
    const { redisUrl } = JSON.parse(readFileSync(cloudFile, 'utf8')) as { redisUrl: string };
    const closed = once(child, 'close');
    connect(Number(new URL(redisUrl).port), '127.0.0.1')
      .on('error', () => undefined)
      .end('SHUTDOWN NOSAVE\r\n');
    const [code] = (await closed) as [number];
    assert.equal(code, 1);
    assert.match(
      said(),
      /\nnpm start: redis-server ended unexpectedly, and everything stops with it: npm start begins anew\n$/,
    );
    assert.equal(existsSync(cloudFile), false);
    const wrong = spawn(process.execPath, ['scripts/local/start.ts'], {
      cwd: root,
      env: { ...process.env, PORT: '70000', GATEWAY_CLOUD_FILE: cloudFile },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [refused] = await Promise.all([wrong.stderr.toArray(), once(wrong, 'close')]);
    assert.match(refused.join(''), /^npm start: PORT=70000 is not a port/);
    assert.equal(wrong.exitCode, 2);
  },
);
