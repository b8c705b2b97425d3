// Output of a long-running command: lines that stay, and on a terminal one that tells what is under way and is
// overwritten.

import type { WriteStream } from 'node:tty';

/** Where lines go. */
export interface TerminalOutput {
  readonly isTerminal: boolean;
  readonly color: boolean;
  columns(): number;
  /** A line that stays. */
  print(text: string): void;
  /** What is under way now: on a terminal in place of what was before, else as a line. */
  progress(text: string): void;
  /** Nothing is under way any more. */
  done(): void;
}

/**
 * How wide what is printed may be: the terminal's columns, or those that COLUMNS names; without end in a pipe or a
 * file.
 */
export function terminalColumns(): number {
  const { isTTY, columns } = process.stdout;
  const named = Number(process.env['COLUMNS']);
  return isTTY ? (columns > 0 ? columns : 80) : named > 0 ? named : Number.POSITIVE_INFINITY;
}

/**
 * https://no-color.org and the habit of continuous integration: no colours where they are not wanted, nothing
 * overwritten off a terminal.
 */
export function terminalOutput(
  stream: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): TerminalOutput {
  const isTerminal = stream.isTTY === true && env['TERM'] !== 'dumb';
  const columns = (): number => stream.columns ?? 80;
  let shown = false;
  const done = (): void => {
    if (shown) stream.write('\r\u001B[2K');
    shown = false;
  };
  return {
    isTerminal,
    color: isTerminal && (env['NO_COLOR'] ?? '') === '',
    columns,
    print: (text) => {
      done();
      stream.write(`${text}\n`);
    },
    progress: (text) => {
      if (!isTerminal) return void stream.write(`${text}\n`);
      done();
      stream.write(text.slice(0, columns() - 1));
      shown = true;
    },
    done,
  };
}
