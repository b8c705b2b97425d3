// `npm run check`: everything that can be said of the tree without running it. The tests follow in test.ts.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { foldHelp } from './terminal/fold.ts';

const root = path.resolve(import.meta.dirname, '..');
const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);

/** Name, program, arguments; fast ones first. */
const steps: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['ladder', process.execPath, 'scripts/check/ladder.ts'],
  ['names', process.execPath, 'scripts/check/provider-names.ts'],
  ['folders', process.execPath, 'scripts/check/folders.ts'],
  ['words', process.execPath, 'scripts/check/words.ts'],
  ['readme', process.execPath, 'scripts/check/variables.ts'],
  ['routes', process.execPath, 'scripts/check/routes.ts'],
  ['openapi', process.execPath, 'scripts/check/openapi.ts'],
  ['columns', process.execPath, 'scripts/check/columns.ts'],
  ['clients', process.execPath, 'scripts/check/clients.ts'],
  ['cloud', process.execPath, 'scripts/check/environment.ts'],
  ['workflows', process.execPath, 'scripts/check/workflows.ts'],
  ['lint', bin('oxlint'), '--type-aware', '--deny-warnings'],
  ['types', bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  ['format', bin('prettier'), '--check', '--log-level=warn', '.'],
];
/** What npm run format can mend. */
const mendable: readonly string[] = ['words', 'readme', 'routes', 'openapi', 'lint', 'format'];

const usage = `usage: npm run check [-- <name>…]

Everything that can be said of the tree without running it; with names, only
these:
  ${steps.map(([name]) => name).join(' ')}
`;

/** Runs them all, whatever fails, and sums up. @returns the names of those that failed */
export function runChecks(names: readonly string[] = []): string[] {
  const chosen = steps.filter(([name]) => names.length === 0 || names.includes(name));
  const failed = chosen
    .filter(([name, program, ...args]) => {
      const startedMs = performance.now();
      const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
      console.log(
        `${status === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(9)} ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
      );
      return status !== 0;
    })
    .map(([name]) => name);
  console.log(summary(chosen.length, failed));
  return failed;
}

/** One line, and what mends it. */
export function summary(all: number, failed: readonly string[]): string {
  if (failed.length === 0) return `check: all ${all} ok`;
  const mended = failed.filter((name) => mendable.includes(name));
  const hint = mended.length === 0 ? '' : `\nnpm run format mends what it can of ${mended.join(', ')}`;
  return `check: ${all - failed.length} ok, FAILED: ${failed.join(', ')}${hint}`;
}

function main(words: readonly string[]): number {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(foldHelp(usage));
    return 0;
  }
  const unknown = words.filter((word) => !steps.some(([name]) => name === word));
  if (unknown.length > 0) {
    console.error(`npm run check: no check ${unknown.join(', ')}\n\n${usage}`);
    return 2;
  }
  return runChecks(words).length === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(main(process.argv.slice(2)));
