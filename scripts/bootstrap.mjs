// Runs one of our scripts on Node 24 with everything it needs: npm packages, and Redis where asked. Plain JavaScript:
// all it may count on is Node 20. Usage: node scripts/bootstrap.mjs [--redis] <script.ts> [args…]

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants as access,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const modules = path.join(root, 'node_modules');
const marker = path.join(modules, '.installed');
const lockFile = path.join(root, '.local/installing.lock');
const node24 = path.join(modules, 'node/bin/node');
const installTimeoutMs = 10 * 60_000;
const parentWatchMs = 500;

const args = process.argv.slice(2);
const wantsRedis = args[0] === '--redis';
if (wantsRedis) args.shift();

try {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Error(`Node 20 or later is needed, this is ${process.versions.node}`);
  await installPackages();
  if (wantsRedis) installRedis();
  tellReadOnly();
  run();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Installs when packages are missing or belong to another lock file. Two at once: the second waits for the first. */
async function installPackages() {
  const wanted = fingerprint();
  if (installed() === wanted) return;
  await lock();
  try {
    if (installed() === wanted) return;
    await npmInstall();
    const { stdout, error } = spawnSync(node24, ['--version'], { encoding: 'utf8' });
    if (error !== undefined || !stdout.startsWith('v24.'))
      throw new Error(
        'the package "node" brought no Node 24: its install script was not allowed to run. Allow it (ignore-scripts=false in npm\'s configuration, npm install-scripts approve node), remove node_modules, and run this again',
      );
    writeFileSync(marker, wanted);
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function installed() {
  return existsSync(marker) && existsSync(node24) ? readFileSync(marker, 'utf8') : null;
}

/** What the installed packages depend on; the platform too, for a folder that two machines share. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  const { workspaces } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const folder of ['.', ...workspaces]) hash.update(readFileSync(path.join(root, folder, 'package.json')));
  return hash.update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
}

/**
 * Takes the lock: a file with the process ids of the holder and its npm. One whose processes are dead was left by an
 * install that was cut off: it goes, and so does what that install left half done. @throws Error when the holder takes
 * longer than an install may
 */
async function lock() {
  try {
    mkdirSync(path.dirname(lockFile), { recursive: true });
    // Also where the folder is there already: as a try, since rights and read-only file systems both say no.
    writeFileSync(`${lockFile}.${process.pid}`, '');
    rmSync(`${lockFile}.${process.pid}`);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
    throw new Error(
      `${root} cannot be written (${error.code}), and npm packages are installed into it: copy it to a folder of yours, or give yourself the right to write there`,
      { cause: error },
    );
  }
  const deadline = Date.now() + installTimeoutMs;
  for (let told = false; ;) {
    try {
      writeFileSync(lockFile, `${process.pid}`, { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (abandoned()) {
      rmSync(modules, { recursive: true, force: true });
      rmSync(lockFile, { force: true });
    } else if (Date.now() > deadline)
      throw new Error(`another installation has not ended; if there is none, remove ${lockFile}`);
    else {
      if (!told) console.error('waiting for another installation of npm packages …');
      told = true;
      await sleep(250);
    }
  }
}

function abandoned() {
  try {
    // Between its creation and its first words a lock is empty.
    if (Date.now() - statSync(lockFile).mtimeMs < 1000) return false;
    return !readFileSync(lockFile, 'utf8')
      .trim()
      .split(/\s+/)
      .some((pid) => alive(Number(pid)));
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function alive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * `install --no-save`, not `ci`: the versions are those of the lock file all the same, but `ci` refuses a lock file
 * that lacks an optional package for another platform, as one written against a mirror does. Its output is shown only
 * when it fails: the rest is about the Node that npm itself runs on.
 */
async function npmInstall() {
  const npm = spawn('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: installTimeoutMs,
  });
  // An npm that outlives us still holds the lock.
  if (npm.pid !== undefined) writeFileSync(lockFile, `${process.pid} ${npm.pid}`);
  const stopTelling = tellProgress();
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const outcome = await new Promise((resolve) => {
    npm.on('error', (error) => resolve(error.message));
    npm.on('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
  stopTelling();
  if (outcome !== null)
    throw new Error(
      `npm install failed (${outcome}):\n${output}\nThe packages come from a registry (npm config get registry) and are needed once; after that everything runs offline.`,
    );
}

/** How many of the lock file's packages are there: npm says nothing itself. @returns ends it */
function tellProgress() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  // Those of other platforms never come.
  const all = Object.entries(packages).filter(
    ([place, { link, optional }]) => place.startsWith('node_modules/') && !link && !optional,
  ).length;
  const terminal = process.stderr.isTTY;
  const tell = () => {
    const there = Math.min(countPackages(modules), all);
    const line = `installing npm packages (about a minute, once): ${there} of ${all}`;
    process.stderr.write(terminal ? `\r\u001b[2K${line}` : `${line}\n`);
  };
  tell();
  const timer = setInterval(tell, terminal ? 500 : 10_000);
  return () => {
    clearInterval(timer);
    if (terminal) process.stderr.write('\r\u001b[2K');
  };
}

/** Packages in a node_modules folder and below. npm's own working copies begin with a dot. */
function countPackages(dir) {
  let count = 0;
  for (const name of list(dir)) {
    if (name.startsWith('.')) continue;
    const inside = name.startsWith('@') ? list(path.join(dir, name)).map((part) => path.join(name, part)) : [name];
    for (const place of inside) {
      // npm makes all folders first, and fills them then.
      if (existsSync(path.join(dir, place, 'package.json'))) count++;
      count += countPackages(path.join(dir, place, 'node_modules'));
    }
  }
  return count;
}

function list(dir) {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** `redis-server` on the PATH, or from the system's package manager. */
function installRedis() {
  if (has('redis-server')) return;
  if (has('apt-get')) {
    const asRoot = process.getuid?.() === 0 ? [] : ['sudo'];
    if (asRoot.length > 0 && !has('sudo'))
      throw new Error('redis-server is not on the PATH, and installing it takes root: apt-get install redis-server');
    console.error('installing redis-server with apt-get …');
    // A package source that cannot be reached need not be the one that has Redis: the installation decides.
    systemInstall([...asRoot, 'apt-get', 'update', '-qq'], { mayFail: true });
    const quiet = ['-y', '-qq', '--no-install-recommends'];
    systemInstall([...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', ...quiet, 'redis-server']);
  } else if (has('brew')) {
    console.error('installing redis with brew …');
    systemInstall(['brew', 'install', '--quiet', 'redis']);
  }
  if (!has('redis-server'))
    throw new Error(
      'redis-server is not on the PATH, and neither apt-get nor brew is there to install it: install Redis 7, then run this again',
    );
}

function has(program) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((dir) => dir !== '' && existsSync(path.join(dir, program)));
}

function systemInstall([program, ...rest], { mayFail = false } = {}) {
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', timeout: installTimeoutMs });
  if (status !== 0 && !mayFail) throw new Error(`${[program, ...rest].join(' ')} failed:\n${stdout}${stderr}`);
}

/**
 * Checks and help need no right to write here; whatever builds or starts something ends with the path that it lacks.
 */
function tellReadOnly() {
  try {
    accessSync(root, access.W_OK);
  } catch (error) {
    console.error(
      `${root} cannot be written (${error.code}): what builds, starts or keeps something there (.build, .local) will fail. Copy it to a folder of yours`,
    );
  }
}

/** The script on Node 24; its signals, output and exit code are ours. */
function run() {
  if (args.length === 0) throw new Error('usage: node scripts/bootstrap.mjs [--redis] <script.ts> [args…]');
  const [script, ...rest] = args;
  const bin = path.join(modules, '.bin');
  const parentWatch = `--import=${pathToFileURL(path.join(root, 'scripts/parent-watch.mjs')).href}`;
  const child = spawn(
    node24,
    ['--disable-warning=ExperimentalWarning', parentWatch, path.join(root, script), ...rest],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`,
        GATEWAY_BOOTSTRAP_PID: String(process.pid),
      },
    },
  );
  // A terminal sends Ctrl-C and its own end to the child as well, and a second copy would look like impatience.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !terminal) child.kill(signal);
    });
  // npm ends its shell on SIGTERM, and the shell tells nobody: that our parent is gone is all we see of it.
  const parent = process.ppid;
  const watching = setInterval(() => {
    if (process.ppid === parent) return;
    // Once: a second signal would be taken for impatience.
    clearInterval(watching);
    child.kill('SIGTERM');
  }, parentWatchMs).unref();
  if (process.env.npm_lifecycle_event === undefined) clearInterval(watching);
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
