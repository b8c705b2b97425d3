// `npm test`: the checks, then every test. `npm test -- path…` runs only the tests given.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { buildFunctions } from './build/build.ts';
import { runChecks } from './check.ts';

const root = path.resolve(import.meta.dirname, '..');
/** For a test that hangs, not for a slow one: the slowest takes seconds. */
const testTimeoutMs = 180_000;

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
await buildFunctions({ outDir: builtDir });
const args = ['--test', '--test-concurrency=2', `--test-timeout=${testTimeoutMs}`, '--test-reporter=spec', ...files];
// No metadata server: Google's clients would look for one, and wait.
const { status } = spawnSync(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, METADATA_SERVER_DETECTION: 'none', GATEWAY_BUILT_FUNCTIONS: builtDir },
});
if (status !== 0) failed.push('tests');
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
