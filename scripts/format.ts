// `npm run format`: writes what prettier and the linter can mend by themselves.

import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const run = (program: string, ...args: string[]): number | null =>
  spawnSync(path.join(root, 'node_modules/.bin', program), args, { cwd: root, stdio: 'inherit' }).status;
for (const written of ['variables', 'routes'])
  spawnSync(process.execPath, [`scripts/check/${written}.ts`, '--write'], { cwd: root, stdio: 'inherit' });
const lint = run('oxlint', '--type-aware', '--fix');
process.exit(run('prettier', '--write', '--log-level=warn', '.') === 0 && lint === 0 ? 0 : 1);
