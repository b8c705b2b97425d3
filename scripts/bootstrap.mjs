// Runs one of our scripts on Node 24 with everything it needs: npm packages, and Redis where asked. Plain JavaScript: all it may count on is Node 20.
// Usage: node scripts/bootstrap.mjs [--redis] <script.ts> [args…]

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const modules = path.join(root, 'node_modules');
const marker = path.join(modules, '.installed');
const node24 = path.join(modules, 'node/bin/node');
const installTimeoutMs = 10 * 60_000;

const args = process.argv.slice(2);
const wantsRedis = args[0] === '--redis';
if (wantsRedis) args.shift();

if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node 20 or later is needed, this is ${process.versions.node}`);
installPackages();
if (wantsRedis) installRedis();
run();

/** `npm ci` when packages are missing or belong to another lock file. Two at once wait for each other. */
function installPackages() {
  const wanted = fingerprint();
  if (installed() === wanted) return;
  lock();
  try {
    if (installed() === wanted) return;
    console.error('installing npm packages …');
    // Native modules come as packages for each platform; npm's warnings about engines are about the Node that npm itself runs on.
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      encoding: 'utf8',
      timeout: installTimeoutMs,
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0) fail(`npm ci failed:\n${npm.stdout ?? ''}${npm.stderr ?? npm.error?.message ?? ''}`);
    const version = spawnSync(node24, ['--version'], { encoding: 'utf8' }).stdout ?? '';
    if (!version.startsWith('v24.'))
      fail(
        'the package "node" brought no Node 24: its install script was not allowed to run. Allow it (npm install-scripts approve node), then run this again',
      );
    writeFileSync(marker, wanted);
  } finally {
    rmSync(lockDir(), { recursive: true, force: true });
  }
}

function installed() {
  return existsSync(marker) && existsSync(node24) ? readFileSync(marker, 'utf8') : null;
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of [
    'package-lock.json',
    'package.json',
    'shared/package.json',
    'functions/package.json',
    'scripts/package.json',
  ])
    hash.update(readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

function lockDir() {
  return path.join(root, '.local/installing');
}

/** A folder is a lock that every platform makes atomically; one that is older than an install can be is a dead process's. */
function lock() {
  mkdirSync(path.dirname(lockDir()), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lockDir());
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = Date.now() - (statSync(lockDir(), { throwIfNoEntry: false })?.mtimeMs ?? 0);
      if (age > installTimeoutMs) rmSync(lockDir(), { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    }
  }
}

/** `redis-server` on the PATH, or from the system's package manager. */
function installRedis() {
  if (has('redis-server')) return;
  const sudo = process.getuid?.() === 0 || !has('sudo') ? [] : ['sudo'];
  if (has('apt-get')) {
    console.error('installing redis-server with apt-get …');
    systemInstall([...sudo, 'apt-get', 'update', '-qq']);
    systemInstall([
      ...sudo,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      'install',
      '-y',
      '-qq',
      '--no-install-recommends',
      'redis-server',
    ]);
  } else if (has('brew')) {
    console.error('installing redis with brew …');
    systemInstall(['brew', 'install', '--quiet', 'redis']);
  }
  if (!has('redis-server'))
    fail(
      'redis-server is not on the PATH, and neither apt-get nor brew is there to install it: install Redis 7, then run this again',
    );
}

function has(program) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((dir) => dir !== '' && existsSync(path.join(dir, program)));
}

function systemInstall([program, ...rest]) {
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', timeout: installTimeoutMs });
  if (status !== 0) fail(`${[program, ...rest].join(' ')} failed:\n${stdout}${stderr}`);
}

/** The script on Node 24; its signals, output and exit code are ours. */
function run() {
  const [script, ...rest] = args;
  if (script === undefined) fail('no script given');
  const bin = path.join(modules, '.bin');
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(node24, ['--disable-warning=ExperimentalWarning', path.join(root, script), ...rest], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  // A terminal sends Ctrl-C to both of us: the child ends, and we end with it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
