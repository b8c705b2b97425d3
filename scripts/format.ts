// `npm run format`: writes what prettier and the linter can mend by themselves.

import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const usage = `usage: npm run format

Writes what prettier and the linter can mend by themselves, and what is
generated: tables, terraform's JSON files, comments at their width.
`;
const words = process.argv.slice(2);
if (words.length > 0) {
  const asked = words.includes('--help') || words.includes('-h');
  if (asked) process.stdout.write(usage);
  else console.error(`npm run format takes no ${words.join(' ')}\n\n${usage}`);
  process.exit(asked ? 0 : 2);
}
const run = (program: string, ...args: string[]): number | null =>
  spawnSync(path.join(root, 'node_modules/.bin', program), args, { cwd: root, stdio: 'inherit' }).status;
// What cannot be written says what it lacks itself; the others are written all the same.
const lacking = ['words', 'variables', 'routes', 'openapi'].filter(
  (written) =>
    spawnSync(process.execPath, [`scripts/check/${written}.ts`, '--write'], { cwd: root, stdio: 'inherit' }).status !==
    0,
);
const lint = run('oxlint', '--type-aware', '--fix');
const formatted = run('prettier', '--write', '--log-level=warn', '.');
if (lacking.length > 0)
  console.error(`npm run format could not write all of ${lacking.join(', ')}: see what it said above`);
process.exit(formatted === 0 && lint === 0 && lacking.length === 0 ? 0 : 1);
