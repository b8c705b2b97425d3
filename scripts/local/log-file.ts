// The whole log of the running local cloud, for whoever looks for more than the terminal shows: two files at the most,
// each of a bounded size.

import { appendFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const bytesMax = 20_000_000;

/**
 * Begins it anew.
 * @returns takes one line; what can't be written (a full disk) is left out, since the cloud matters more
 */
export function openLogFile(file: string, most = bytesMax): (line: string) => void {
  mkdirSync(path.dirname(file), { recursive: true });
  for (const old of [file, `${file}.1`]) rmSync(old, { force: true });
  let bytes = 0;
  return (line) => {
    try {
      if (bytes > most) {
        renameSync(file, `${file}.1`);
        bytes = 0;
      }
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
      bytes += Buffer.byteLength(line) + 1;
    } catch {
      bytes = 0;
    }
  };
}
