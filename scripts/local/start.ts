// `npm start`: the local cloud with a ready token, until Ctrl-C.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { localProject, startCloud, type LocalCloud } from './cloud.ts';
import { readCloudFile, removeCloudFile, writeCloudFile } from './cloud-file.ts';
import { firstScreen } from './first-screen.ts';
import { openLogFile } from './log-file.ts';
import { isOwn, shortLine } from './log-lines.ts';
import { readShell, warningsOf, type ShellSettings } from './shell-settings.ts';
import { terminalOutput } from '../terminal/output.ts';

const root = path.resolve(import.meta.dirname, '../..');
const logFile = path.join(root, '.local/log/start.jsonl');
/** A signal reaches this process twice where its group gets it as well: what comes so soon is no impatience. */
const copyMs = 1_000;

const usage = `usage: npm start [-- --verbose]

The whole gateway on this machine: Redis, every function, and stand-ins for
what is Google's and the providers'. Prints a token and how to use it.
Ctrl-C ends everything.

  --verbose   every step with its time, and every log line as it is written

Environment:
  PORT              another port than 9992; pages are on the one after it
  ANTHROPIC_API_KEY, OPENAI_API_KEY, FIREWORKS_API_KEY, GOOGLE_API_KEY
                    makes that provider the real one: calls cost money
  MISTRAL_API_KEY and every other key that a home of the catalogue names
                    serves that provider, which is always the real one
  CODY_GATEWAY_…    goes to every function (shared/src/config/README.md)
`;

const options = readOptions();
const output = terminalOutput(process.stdout, process.env);
const short = output.isTerminal && !options.verbose;
const shell = readSettings();

let stopping = false;
/** Why everything stops is the last that is read: what the functions say of it would bury it. */
let silent = false;
let cloud: LocalCloud | null = null;
process.on('exit', removeCloudFile);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  let firstMs: number | null = null;
  process.on(signal, () => {
    firstMs ??= performance.now();
    // The second time without ceremony: the children die with this process.
    if (stopping && performance.now() - firstMs > copyMs) process.exit(130);
    if (stopping) return;
    stopping = true;
    output.print('\nstopping …');
    if (cloud === null) process.exit(0);
    end(cloud, 0);
  });
}

const other = await readCloudFile();
if (other !== null) {
  const { url = '', pid = 0 } = JSON.parse(other) as { url?: string; pid?: number };
  fail(`this folder's local cloud runs already at ${url} (process ${pid}): use it, or end it first`);
}
for (const warning of warningsOf(shell)) output.print(`CAUTION: ${warning}`);
const startedMs = performance.now();
const keepLine = short ? openLogFile(logFile) : null;
try {
  output.progress('starting Redis and the stand-ins');
  cloud = await startCloud({
    port: shell.port,
    pagesPort: shell.port + 1,
    pace: { chunkDelayMs: 60, chunks: 12 },
    keys: shell.keys,
    env: shell.env,
    onLine: showLine,
    onDeath: (line) => output.print(`\n${line}\n`),
    onStep: (step, ms) =>
      options.verbose && output.print(`  ${step.padEnd(16)} ${Math.round(ms).toString().padStart(6)} ms`),
    onProgress: output.progress,
  });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  fail(
    message === `port ${shell.port} is taken`
      ? `${message}: stop what listens there, or choose another one with PORT=… npm start`
      : message,
  );
}
const running = cloud;
void running.redis.exited.then(() => lost('redis-server ended unexpectedly'));
writeCloudFile({
  url: running.url,
  token: running.token,
  subscriptionId: running.subscriptionId,
  projectId: localProject,
  firestoreHost: running.firestore.host,
  bigqueryEndpoint: running.bigquery.url,
  redisUrl: running.redis.url,
  tasksEndpoint: running.tasks.url,
  deliverEventsUrl: running.env['CODY_GATEWAY_DELIVER_EVENTS_URL'],
});
output.print(firstScreen(running, shell, short ? path.relative(root, logFile) : null));
output.print(`ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);

function showLine(name: string, line: string): void {
  keepLine?.(line);
  if (options.verbose) output.print(`${name.padEnd(16)} ${line}`);
  else if (silent || isOwn(line)) return;
  else if (!short) output.print(line);
  else {
    const pagesUrl = cloud?.pagesUrl ?? '';
    output.print(shortLine(name, line, { columns: output.columns(), color: output.color, pagesUrl }));
  }
}

/** Without Redis there is no local cloud, so all of it stops. */
function lost(what: string): void {
  if (stopping) return;
  stopping = true;
  silent = true;
  output.done();
  console.error(`npm start: ${what}, and everything stops with it: npm start begins anew`);
  end(running, 1);
}

function end(started: LocalCloud, code: number): void {
  removeCloudFile();
  started.stop().then(
    () => process.exit(code),
    () => process.exit(1),
  );
}

function readOptions(): { verbose: boolean } {
  try {
    const { values } = parseArgs({
      options: { verbose: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help !== true) return values;
    process.stdout.write(usage);
    process.exit(0);
  } catch (error) {
    console.error(`npm start: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

function readSettings(): ShellSettings {
  try {
    return readShell(process.env);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 2);
  }
}

/** @param code 2: what was asked for is wrong, as in every program here */
function fail(message: string, code = 1): never {
  output.done();
  console.error(`npm start: ${message}`);
  process.exit(code);
}
