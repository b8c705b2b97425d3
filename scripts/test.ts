// `npm test`: the checks, then every test. `npm test -- path…` runs only the tests given.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import path from 'node:path';
import { buildFunctions } from './build/build.ts';
import { runChecks } from './check.ts';

const root = path.resolve(import.meta.dirname, '..');
/** For a test that hangs, not for a slow one: the slowest takes seconds. */
const testTimeoutMs = 180_000;
/** The runner has no limit for a file that keeps something open after its last test; all of them take a minute or two. */
const allTestsTimeoutMs = 10 * 60_000;

const given = process.argv.slice(2);
const failed = given.length === 0 ? runChecks() : [];
const files =
  given.length > 0
    ? given
    : globSync(['shared/src/**/*.test.ts', 'functions/**/*.test.ts', 'scripts/**/*.test.ts'], {
        cwd: root,
        exclude: (name) => name === 'node_modules',
      }).toSorted();
// Once for all: the tests run the functions as they are deployed.
const builtDir = path.join(root, '.build/functions');
await buildFunctions({ outDir: builtDir }).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  failed.push('build');
});
const args = ['--test', '--test-concurrency=2', `--test-timeout=${testTimeoutMs}`, '--test-reporter=spec', ...files];
const runner = spawn(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  // No metadata server: Google's clients would look for one, and wait.
  env: { ...process.env, METADATA_SERVER_DETECTION: 'none', GATEWAY_BUILT_FUNCTIONS: builtDir },
});
// On SIGINT the runner ends its files and reports, with those it had to end as cancelled.
const deadline = setTimeout(() => {
  failed.push(`the limit of ${allTestsTimeoutMs / 60_000} minutes: a file that did not end is cancelled above`);
  runner.kill('SIGINT');
}, allTestsTimeoutMs);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => runner.kill('SIGINT'));
const [status] = (await once(runner, 'exit')) as [number | null];
clearTimeout(deadline);
if (status !== 0) failed.push('tests');
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
