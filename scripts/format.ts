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
for (const written of ['words', 'variables', 'routes', 'openapi'])
  spawnSync(process.execPath, [`scripts/check/${written}.ts`, '--write'], { cwd: root, stdio: 'inherit' });
const lint = run('oxlint', '--type-aware', '--fix');
process.exit(run('prettier', '--write', '--log-level=warn', '.') === 0 && lint === 0 ? 0 : 1);
