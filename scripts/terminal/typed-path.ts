// A file as somebody typed it: npm runs its scripts in the folder of package.json, not where it was typed.

import { statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './usage-error.ts';

/** Absolute, from the folder that the command was typed in. */
export function typedPath(file: string): string {
  return path.resolve(process.env['INIT_CWD'] ?? '.', file);
}

/**
 * Where `--out` says that a file shall be written, absolute. To be asked before the work: nobody wants to hear after a
 * minute's wait that the figures have no place.
 * @throws UsageError when its folder is not there
 */
export function typedOutPath(file: string): string {
  const out = typedPath(file);
  const folder = path.dirname(out);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--out ${file} can’t be written: there is no folder ${folder}`);
  return out;
}
