// A question to whoever sits at the terminal, on standard error: what a command prints stays clean for programs.

import { createInterface } from 'node:readline/promises';

/** Whether anybody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * One line of an answer, trimmed; null where the question was left with Ctrl-C or Ctrl-D. Waits as long as the person
 * does.
 */
export async function ask(question: string): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new AbortController();
  lines.on('SIGINT', () => left.abort());
  lines.on('close', () => left.abort());
  try {
    return (await lines.question(question, { signal: left.signal })).trim();
  } catch {
    process.stderr.write('\n');
    return null;
  } finally {
    lines.close();
  }
}
