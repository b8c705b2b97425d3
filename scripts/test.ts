// `npm test`: the checks, then every test. `npm test -- path…`: only these tests, and of the functions only what they
// start.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildFunctions } from './build/build.ts';
import { runChecks } from './check.ts';
import { allTestFiles, chosenTestFiles } from './test/chosen-files.ts';
import { functionsNeeded } from './test/functions-needed.ts';

const root = path.resolve(import.meta.dirname, '..');
const reporter = pathToFileURL(path.join(root, 'scripts/test/reporter.ts')).href;
/** For a test that hangs, not for a slow one: the slowest takes seconds. */
const testTimeoutMs = 180_000;
/**
 * The runner has no limit for a file that keeps something open after its last test; all of them take a minute or two.
 */
const allTestsTimeoutMs = 15 * 60_000;

const usage = `usage: npm test                   every check, then every test
       npm test -- <path>…       only these tests: files, or folders of them
       npm test -- <path>… --test-name-pattern=<text>
                                 only those whose name has the text

Functions are bundled before the tests that start them; a bundle whose sources
have not changed is found again.
`;

const typed = withValues(process.argv.slice(2));
if (typed.includes('--help') || typed.includes('-h')) {
  process.stdout.write(usage);
  process.exit(0);
}
const options = typed.filter((word) => word.startsWith('-'));
const strange = options.filter((word) => !/^--test-[a-z-]+(=|$)/.test(word));
if (strange.length > 0) {
  console.error(`npm test: unknown option ${strange.join(', ')}\n\n${usage}`);
  process.exit(2);
}
const paths = typed.filter((word) => !word.startsWith('-'));
const files = paths.length === 0 ? allTestFiles() : chosen();
const failed = typed.length === 0 ? runChecks() : [];
const needed = functionsNeeded(files);
const built = needed?.length === 0 ? [] : await build(needed);
const args = ['--test', '--test-concurrency=3', `--test-timeout=${testTimeoutMs}`, `--test-reporter=${reporter}`];
console.log(`${files.length} test ${files.length === 1 ? 'file' : 'files'}`);
const runner = spawn(process.execPath, [...args, ...options, ...files], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    // Google's clients would look for a metadata server, and wait.
    METADATA_SERVER_DETECTION: 'none',
    GATEWAY_BUILT_FUNCTIONS: JSON.stringify(Object.fromEntries(built.map(({ name, file }) => [name, file]))),
  },
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

/** `--test-name-pattern text`: the runner takes its value after a blank, too. */
function withValues(words: readonly string[]): string[] {
  const valued = /^--test-(name-pattern|skip-pattern|concurrency|timeout|shard)$/;
  return words.flatMap((word, at) => {
    if (valued.test(words[at - 1] ?? '')) return [];
    const value = words[at + 1];
    if (!valued.test(word)) return [word];
    if (value !== undefined) return [`${word}=${value}`];
    console.error(`npm test: ${word} is given without its value\n\n${usage}`);
    return process.exit(2);
  });
}

function chosen(): string[] {
  try {
    return chosenTestFiles(paths);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

async function build(names: readonly string[] | null): ReturnType<typeof buildFunctions> {
  const startedMs = performance.now();
  try {
    const built = await buildFunctions({ ...(names !== null && { names }), onProgress: (line) => console.log(line) });
    const made = built.filter(({ made }) => made).length;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`bundles: ${built.length - made} found, ${made} made in ${seconds} s`);
    return built;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    failed.push('build');
    return [];
  }
}
