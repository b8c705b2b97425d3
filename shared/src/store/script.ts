// Turns a Lua file into a script that can be run: fragments put in, digest computed. Not its meaning (the room that
// owns the file).

import { createHash } from 'node:crypto';

/** A Lua script, ready to run on one Redis node. */
export interface Script {
  readonly name: string;
  readonly source: string;
  /** SHA-1 of the source, as EVALSHA wants it. */
  readonly sha: string;
  /** How many KEYS its header names, without and with those that not every call has (`KEYS[9]?`). */
  readonly keyCount: number;
  readonly keysMax: number;
}

/**
 * Makes a script out of a file's text. A line `-- @include name` is replaced by that fragment, once per script;
 * comments are left out, so that Redis hashes and keeps less.
 * @param fragments text of the fragments by name.
 */
export function loadScript(name: string, text: string, fragments: Readonly<Record<string, string>> = {}): Script {
  const named = [...text.matchAll(/^-- KEYS\[\d+\](\??)/gm)];
  const whole = text.replace(/^\s*-- @include (\S+)$/gm, (_line, fragment: string) => {
    const body = fragments[fragment];
    if (body === undefined)
      throw new Error(`${name}.lua includes ${fragment}, which is not among ${Object.keys(fragments).join(', ')}`);
    return body;
  });
  const source = whole
    .split('\n')
    .map((line) => line.replace(/^\s*--.*$/, '').trimEnd())
    .filter((line) => line !== '')
    .join('\n');
  const sha = createHash('sha1').update(source).digest('hex');
  return { name, source, sha, keyCount: named.filter(([, mark]) => mark === '').length, keysMax: named.length };
}
