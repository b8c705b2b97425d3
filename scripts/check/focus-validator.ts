// The FOCUS export judged by the FinOps Foundation's own validator, from PyPI, in a virtual environment that is kept
// (.ci/run). The version of both is scripts/operator/focus.json's. Says so where that Python is not there.

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { focusLines, noSums } from '../operator/export-month.ts';
import { focus } from '../operator/focus-rows.ts';
import { customersOf } from '../operator/ledger-row.ts';
import { sampleProject, startSampleMonths } from '../operator/sample-months.ts';
import { warehouseOf } from '../operator/warehouse.ts';
import { endWith } from '../terminal/usage-error.ts';

/** Beside other work, on a slow line: 150 megabytes. */
const installTimeoutMs = 300_000;
const judgeTimeoutMs = 60_000;

const { package: name, version, with: beside, python: needed, applicable, known } = focus.validator;
const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
const venv = path.join(cache, 'cody-gateway', `${name}-${version}`);
const program = path.join(venv, 'bin', name);

const usage = `usage: npm run check:focus

The FOCUS export of sample months, judged by the FinOps Foundation's
${name} ${version}. Installs it from PyPI the first time.`;
try {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help === true) {
    console.log(usage);
    process.exit(0);
  }
} catch (error) {
  endWith(error, 'npm run check:focus --');
  process.exit();
}

const why = existsSync(program) ? null : install();
if (why !== null) {
  console.log(`the FOCUS export is not judged by ${name}: ${why}. By its columns' data it is (usage-export.test.ts)`);
  process.exit(0);
}
const folder = mkdtempSync(path.join(tmpdir(), 'gateway-focus-'));
const { warehouse, months } = await startSampleMonths(Date.now());
try {
  const { query, stream, dataset } = await warehouseOf({ project: sampleProject, bigquery: warehouse.url });
  const customers = customersOf({ fault: 'nobody was asked' });
  // The one with usage, what is not sure of it, and a correction of the month before.
  const [, month] = months;
  const file = path.join(folder, `${month.name}.csv`);
  const sums = noSums();
  const sources = { query, stream, dataset, customers, nowMs: Date.now() };
  await writeFile(file, focusLines(sources, month, sums));
  const { passed, faults } = judge(file);
  const reasoned = new Set(known.map(({ rule }) => rule));
  const broken = faults.filter((fault) => !reasoned.has(ruleOf(fault)));
  const kept = known.filter(({ rule }) => !faults.some((fault) => ruleOf(fault) === rule));
  for (const fault of broken) console.error(fault);
  for (const { rule } of kept) console.error(`${rule} is kept now: take its reason out of focus.json`);
  if (broken.length > 0 || kept.length > 0 || sums.corrections === 0) process.exitCode = 1;
  console.log(
    `${name} ${version}: ${sums.rows} charges and ${sums.corrections} corrections keep ${passed} rules of FOCUS ${focus.version}, and break ${broken.length}; ${known.length} are broken with a reason`,
  );
} finally {
  await warehouse.close();
  rmSync(folder, { recursive: true });
}

/** @returns why it could not be */
function install(): string | null {
  const python = findPython();
  if (python === null) return `no Python ${needed.join('.')} is there`;
  mkdirSync(path.dirname(venv), { recursive: true });
  const packages = [`${name}==${version}`, ...beside];
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [python, ['-m', 'venv', venv]],
    [
      path.join(venv, 'bin/pip'),
      // Built from source NumPy takes many minutes: what has no wheel is not installed.
      ['install', '--quiet', '--disable-pip-version-check', '--only-binary', 'numpy,pandas,pyarrow', ...packages],
    ],
  ];
  for (const [command, args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: installTimeoutMs });
    if (status === 0) continue;
    rmSync(venv, { recursive: true, force: true });
    return `it could not be installed, ${stderr.trim().split('\n').at(-1) ?? command}`;
  }
  return null;
}

/** Of the one version that its packages have wheels for; pyenv has it in a folder of its own. */
function findPython(): string | null {
  const version = needed.join('.');
  const pyenv = process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv');
  const kept = globSync(path.join(pyenv, `versions/${version}.*/bin/python3`));
  const test = `import sys, venv; sys.exit(sys.version_info[:2] != (${needed.join(', ')}))`;
  const works = (one: string): boolean => spawnSync(one, ['-c', test], { stdio: 'ignore' }).status === 0;
  return ['python3', `python${version}`, ...kept].find(works) ?? null;
}

function ruleOf(fault: string): string {
  return /([\w-]+): FAIL /.exec(fault)?.[1] ?? '';
}

/** What it says of a file. @throws Error where it says nothing that can be read */
function judge(file: string): { readonly passed: number; readonly faults: readonly string[] } {
  const { stdout, stderr, error } = spawnSync(
    program,
    [
      '--data-file',
      file,
      '--validate-version',
      focus.version,
      '--focus-dataset',
      'CostAndUsage',
      '--applicability-criteria',
      applicable.join(','),
      '--block-download',
    ],
    {
      // It looks for its list of currencies in the folder that it is run in.
      cwd: globSync(path.join(venv, 'lib/python*/site-packages'))[0],
      encoding: 'utf8',
      timeout: judgeTimeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const [, passed, failed] = /^Total: \d+ \| Pass: (\d+) \| Fail: (\d+)/m.exec(stdout) ?? [];
  const faults = stdout.split('\n').filter((line) => /: FAIL /.test(line));
  if (passed === undefined || Number(passed) === 0 || Number(failed) !== faults.length)
    throw new Error(`${name} has no result: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? ''}`);
  return { passed: Number(passed), faults };
}
