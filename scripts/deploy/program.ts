// Runs gcloud and terraform for the commands of this folder, and gives what they printed.

import { execFileSync } from 'node:child_process';

const commandTimeoutMs = 20 * 60_000;

/**
 * Runs a program and gives what it printed.
 * @param env beside our own environment @throws Error with what it said when it fails
 */
export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      timeout: commandTimeoutMs,
      env: { ...process.env, ...env },
      // The plan of everything, as JSON.
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: string };
    if (code === 'ENOENT') throw new Error(`${program} is not installed`, { cause: error });
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} … failed:\n${stderr ?? ''}`, { cause: error });
  }
}

/** Runs a program; null where what it asks for is not there. */
export function runOrNull(program: string, args: readonly string[]): string | null {
  try {
    return run(program, args);
  } catch (error) {
    if (error instanceof Error && /not found|matched no objects|cannot find service/i.test(error.message)) return null;
    throw error;
  }
}
