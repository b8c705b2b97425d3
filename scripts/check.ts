// `npm run check`: everything that can be said of the tree without running it. The tests follow in test.ts.

import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);

/** Name, program, arguments; fast ones first. */
const steps: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['ladder', process.execPath, 'scripts/check/ladder.ts'],
  ['names', process.execPath, 'scripts/check/provider-names.ts'],
  ['folders', process.execPath, 'scripts/check/folders.ts'],
  ['readme', process.execPath, 'scripts/check/variables.ts'],
  ['routes', process.execPath, 'scripts/check/routes.ts'],
  ['columns', process.execPath, 'scripts/check/columns.ts'],
  ['cloud', process.execPath, 'scripts/check/environment.ts'],
  ['lint', bin('oxlint'), '--type-aware', '--deny-warnings'],
  ['types', bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  ['format', bin('prettier'), '--check', '--log-level=warn', '.'],
];

/** Runs them all, whatever fails. @returns the names of those that failed */
export function runChecks(): string[] {
  return steps
    .filter(([name, program, ...args]) => {
      const startedMs = performance.now();
      const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
      console.log(
        `${status === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
      );
      return status !== 0;
    })
    .map(([name]) => name);
}

if (import.meta.main) process.exit(runChecks().length === 0 ? 0 : 1);
