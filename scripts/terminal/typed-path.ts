// A file as somebody typed it: npm runs its scripts in the folder of package.json, not where it was typed.

import path from 'node:path';

/** Absolute, from the folder that the command was typed in. */
export function typedPath(file: string): string {
  return path.resolve(process.env['INIT_CWD'] ?? '.', file);
}
