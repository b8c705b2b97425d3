// Installs a client's pinned packages into a folder of its own below .local/clients: never into the repository's
// node_modules or lock file.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pinOf, type Client } from './pins.ts';
import { runProgram } from './run-program.ts';

const installTimeoutMs = 8 * 60_000;
/** Registries answer slowly now and then; what they print is kept for the reason. */
const reasonCharsMax = 300;

/** Folder of a client. */
export function folderOf(root: string, { id }: Pick<Client, 'id'>): string {
  return path.join(root, '.local/clients', id);
}

/** Folder of its programs. */
export function programsOf(root: string, client: Pick<Client, 'id' | 'from'>): string {
  return path.join(folderOf(root, client), client.from === 'npm' ? 'node_modules/.bin' : 'venv/bin');
}

/** Installs where the folder holds other versions or none. @returns null, or why it can't be installed here */
export async function install(root: string, client: Client): Promise<string | null> {
  const dir = folderOf(root, client);
  const marker = path.join(dir, '.installed');
  const pin = pinOf(client);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === pin) return null;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  for (const command of client.from === 'npm' ? npmCommands(dir, client) : pypiCommands(dir, client)) {
    const { code, output } = await runProgram(command, { cwd: dir, env: process.env, timeoutMs: installTimeoutMs });
    if (code !== 0) return reason(command, code, output);
  }
  writeFileSync(marker, pin);
  return null;
}

function npmCommands(dir: string, { packages, installScripts = false }: Client): string[][] {
  writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  // Install scripts only where a client is nothing without its own: programs of others run when it is driven, in its
  // home.
  const scripts = `--ignore-scripts=${!installScripts}`;
  return [['npm', 'install', '--save-exact', scripts, '--no-audit', '--no-fund', '--loglevel=error', ...names]];
}

function pypiCommands(dir: string, { packages }: Client): string[][] {
  const names = Object.entries(packages).map(([name, version]) => `${name}==${version}`);
  const python = path.join(dir, 'venv/bin/python');
  return [
    ['python3', '-m', 'venv', path.join(dir, 'venv')],
    [python, '-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', ...names],
  ];
}

function reason([program = '', ...words]: readonly string[], code: number | string, output: string): string {
  const said = output.trim().split('\n').slice(-3).join(' ').slice(-reasonCharsMax);
  return `${path.basename(program)} ${words.slice(0, 3).join(' ')} ended with ${code}: ${said}`;
}
