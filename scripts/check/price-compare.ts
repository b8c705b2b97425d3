// Prices of the models that a release serves against a second public table, litellm's price file, which its package on
// PyPI carries (.ci/run). Fails on a difference that has no dated reason (scripts/prices/second-table.json), and on a
// reason that has no difference any more. Says so where Python is not there.

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { openCatalogue } from '@cody-gateway/shared/catalogue';
import { loadConfig } from '@cody-gateway/shared/config';
import { differencesOf, secondRow, unreasoned, type Reason, type SecondRow } from '../prices/second-table.ts';

/** A newer one is a change of these lines, and of what it then differs in. */
const version = '1.110.2';
/** Ours are compared as of its day: a price that changes after it is no difference. */
const versionDay = '2026-11-28';
const downloadTimeoutMs = 180_000;
const reasonsFile = path.resolve(import.meta.dirname, '../prices/second-table.json');

const python = (args: readonly string[]) =>
  spawnSync('python3', args, { encoding: 'utf8', timeout: downloadTimeoutMs, maxBuffer: 64 * 1024 * 1024 });

const table = readTable();
if (table === null) process.exit(0);
const config = loadConfig({ REDIS_ENDPOINT: 'none', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none' });
// At noon: some prices are others in other hours of the day.
const nowMs = Date.parse(`${versionDay}T12:00:00Z`);
const catalogue = openCatalogue({ config, nowMs, overlay: null, onFaults: (faults) => console.error(faults) }).latest();
const book = await catalogue.prices();
const models = [...catalogue.models.values()].map(({ id }) => id);
let compared = 0;
const differences = models.flatMap((model) => {
  const theirs = secondRow(table, model);
  if (theirs === null) return [];
  compared++;
  return differencesOf(model, book.priceOf(model, nowMs), theirs);
});
const reasons = (JSON.parse(readFileSync(reasonsFile, 'utf8')) as { readonly reasons: readonly Reason[] }).reasons;
const { open, stale } = unreasoned(differences, reasons);
for (const { model, dimension, ours, theirs } of open)
  console.error(`${model}: ${dimension} is $${ours ?? 'unpriced'} here and $${theirs} at litellm ${version}`);
for (const { model, dimension } of stale)
  console.error(`${model}: ${dimension} has a reason in ${reasonsFile}, and no difference: take it out`);
console.log(
  `prices: ${compared} of ${models.length} models are in litellm ${version}, ${differences.length} amounts differ, ${open.length} of them without a reason`,
);
if (process.argv.includes('--json')) console.log(JSON.stringify(open, null, 1));
process.exit(open.length + stale.length === 0 && compared > 0 ? 0 : 1);

/** Null, and said, where it can't be had. */
function readTable(): Readonly<Record<string, SecondRow>> | null {
  if (python(['-m', 'pip', '--version']).status !== 0) return missing('Python with pip is not there');
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'gateway-price-compare');
  const wheelOf = (): string | undefined => globSync(path.join(cache, `litellm-${version}-*.whl`))[0];
  if (wheelOf() === undefined) {
    if (!existsSync(cache)) mkdirSync(cache, { recursive: true });
    const asked = [
      '-m',
      'pip',
      'download',
      `litellm==${version}`,
      '--no-deps',
      '--only-binary',
      ':all:',
      '-q',
      '-d',
      cache,
    ];
    const { status, stderr } = python(asked);
    if (status !== 0)
      return missing(`litellm ${version} could not be downloaded: ${stderr.trim() || 'no answer in time'}`);
  }
  const print =
    'import sys, zipfile; sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read("litellm/model_prices_and_context_window_backup.json").decode())';
  const { status, stdout, stderr } = python(['-c', print, wheelOf() ?? '']);
  if (status !== 0) throw new Error(`litellm ${version} has no price file where it was: ${stderr}`);
  return JSON.parse(stdout) as Readonly<Record<string, SecondRow>>;
}

function missing(why: string): null {
  console.log(`prices are not compared with a second table: ${why}`);
  return null;
}
