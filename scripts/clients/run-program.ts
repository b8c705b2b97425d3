// Runs a program of others with a deadline and a bound on its output, and ends all that it started.

import { spawn } from 'node:child_process';

const outputCharsMax = 200_000;

/** How it ended: its exit code, or what ended it in words; and what it printed, both streams in their order. */
export interface ProgramEnd {
  readonly code: number | string;
  readonly output: string;
}

/** Never rejects: a program that does not exist ends with `ENOENT`. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  { cwd, env, timeoutMs }: { cwd: string; env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    // A group of its own: agents start shells and servers, and these must not outlive the run.
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-outputCharsMax)));
    let late = false;
    const endGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        // Nobody is left in it.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    const timer = setTimeout(() => {
      late = true;
      endGroup();
    }, timeoutMs);
    process.once('exit', endGroup);
    const end = (code: number | string): void => {
      clearTimeout(timer);
      process.off('exit', endGroup);
      resolve({ code: late ? `the deadline of ${timeoutMs / 1_000} s` : code, output });
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    child.once('exit', endGroup);
    child.once('close', (code, signal) => end(code ?? signal ?? 'no code'));
  });
}
