// A script's call as it is written to Redis. Not how long it may take (sender.ts).

import { Command } from 'ioredis';

/** What a script takes. */
export type ScriptArgument = string | number | Buffer;

/**
 * `EVALSHA`, for each admission and settlement. ioredis adds up the text of a command piece by piece, which allocates
 * thrice what it is: joined, it is made once.
 */
export class ScriptCommand extends Command {
  constructor(sha: string, keys: readonly string[], args: readonly ScriptArgument[]) {
    super('evalsha', [sha, keys.length, ...keys, ...args], { replyEncoding: 'utf8' });
  }

  override toWritable(socket: object): string | Buffer {
    const lines = [`*${this.args.length + 1}`, '$7', 'evalsha'];
    for (const arg of this.args) {
      // Bytes are no text.
      if (typeof arg !== 'string') return super.toWritable(socket);
      lines.push(`$${Buffer.byteLength(arg)}`, arg);
    }
    lines.push('');
    return lines.join('\r\n');
  }
}
