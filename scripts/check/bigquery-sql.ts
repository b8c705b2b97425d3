// The project's SQL on Google's own engine (.ci/run): analysed, run on made-up rows and compared with the local
// warehouse by a tool beside the repository, and every scan of events and of the bill judged in its resolved form.
// Says what is missing where the tool, Maven or a JDK is not there.

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const tool = path.resolve(root, '../shared/tools/bigquery-sql');
/** Tables that grow for ever, and the column that says how much of one is read. */
const tables = [
  ['the-project.cody_gateway.events', 'created_at'],
  ['billing-project.billing.gcp_billing_export_resource_v1_0', 'usage_start_time'],
];

const found = (program: string): boolean => spawnSync(program, ['-version'], { stdio: 'ignore' }).error === undefined;
const missing = [
  ...(existsSync(path.join(tool, 'check')) ? [] : [tool]),
  ...['mvn', 'java', 'javac'].filter((program) => !found(program)),
];
if (missing.length > 0) {
  console.log(
    `the SQL is not checked on Google's engine: ${missing.join(', ')} not found. By its text it is (sql-list.test.ts)`,
  );
  process.exit(0);
}

const folder = mkdtempSync(path.join(tmpdir(), 'gateway-sql-'));
const list = path.join(folder, 'list.json');
try {
  // Where the tool looks for the local warehouse.
  mkdirSync(path.join(folder, 'scripts/local'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  symlinkSync(path.join(root, 'scripts/local/google/bigquery'), path.join(folder, 'scripts/local/bigquery'));
  const columns = path.join(tool, 'billing-export-detailed.json');
  run(process.execPath, [path.join(root, 'scripts/check/sql-list.ts'), list, columns]);
  run(path.join(tool, 'check'), [folder], { INPUT: list });
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const [library] = globSync(path.join(cache, 'bigquery-sql/*/lib'));
  if (library === undefined) throw new Error(`${cache}/bigquery-sql has no libraries, which the tool puts there`);
  const classes = path.join(folder, 'classes');
  const sources = [path.join(tool, 'Check.java'), path.join(root, 'scripts/check/UnboundedScans.java')];
  run('javac', ['-nowarn', '-cp', `${library}/*`, '-d', classes, ...sources]);
  run('java', ['-cp', `${classes}:${library}/*`, 'UnboundedScans', list, ...tables.flat()]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** @throws Error when it fails */
function run(program: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): void {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...more } });
  if (status !== 0) throw new Error(`${path.basename(program)} ${args.at(-1) ?? ''}: ${error?.message ?? 'at fault'}`);
}
