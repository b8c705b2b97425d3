// What gzip makes of a stream: bytes, memory and processor time of Node's own streams, at several sizes, and of the
// gateway's frames. No network: what its clients do with them is `npm run clients -- --gzip`.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gunzipSync } from 'node:zlib';
import { loadCompression } from '@cody-gateway/shared/http';

const { GzipFrames } = await loadCompression();
/** Twenty seconds of 50 frames. */
const frameCount = 1_000;
const rounds = 5;
/** Open at once, to see what one keeps. */
const openCount = 300;

/** Tokens have some four characters. */
const tokens =
  readFileSync(path.resolve(import.meta.dirname, '../../shared/README.md'), 'utf8')
    .replaceAll(/\s+/g, ' ')
    .match(/ ?[^ ]{1,5}/g)
    ?.slice(0, frameCount) ?? [];

/** As many random letters as OpenAI adds to hide how long a token is. */
function padding(token: string, i: number): string {
  return createHash('sha256')
    .update(String(i))
    .digest('base64')
    .replaceAll(/[^a-zA-Z0-9]/g, '')
    .slice(0, 12 - token.length);
}

const shapes: Readonly<Record<string, (token: string, i: number) => string>> = {
  'OpenAI, chat': (content, i) =>
    `data: ${JSON.stringify(chatChunk(content, { obfuscation: padding(content, i) }))}\n\n`,
  'OpenAI, chat, no obfuscation': (content) => `data: ${JSON.stringify(chatChunk(content, {}))}\n\n`,
  Anthropic: (text) =>
    `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`,
};

function chatChunk(content: string, more: object): object {
  return {
    id: 'chatcmpl-Cf8PzVb2nQ4sXr7LkT0aYwMjDhUoE',
    object: 'chat.completion.chunk',
    created: 1_764_000_000,
    model: 'gpt-5-2025-08-07',
    service_tier: 'default',
    system_fingerprint: null,
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
    ...more,
  };
}

/** A stream that is open: writes a frame and gives what is sent for it. */
interface Open {
  frame(bytes: Buffer): Promise<Buffer>;
}

/** Node's own, each frame flushed as it comes. */
function nodeGzip(windowBits: number, memLevel: number): Open {
  const gzip = createGzip({ windowBits, memLevel, flush: constants.Z_SYNC_FLUSH, chunkSize: 1024 });
  let sent: Buffer[] = [];
  gzip.on('data', (piece: Buffer) => sent.push(piece));
  return {
    frame: async (bytes) => {
      await new Promise((resolve) => gzip.write(bytes, resolve));
      const all = Buffer.concat(sent);
      sent = [];
      return all;
    },
  };
}

function ours(historyBytes?: number): Open {
  const gzip = new GzipFrames(historyBytes);
  return { frame: (bytes) => Promise.resolve(gzip.frame(bytes)) };
}

const settings: Readonly<Record<string, (() => Open) | null>> = {
  'as it is': null,
  'frames, 512 B of history': () => ours(512),
  'frames, 2 kB (the gateway)': () => ours(),
  'frames, 3.5 kB': () => ours(3584),
  'Gzip, window 9, memory 1': () => nodeGzip(9, 1),
  'Gzip, window 12, memory 4': () => nodeGzip(12, 4),
  'Gzip, window 15, memory 8': () => nodeGzip(15, 8),
};

/** A row for each shape and setting. */
export async function bytesOfStreams(): Promise<object[]> {
  const rows: object[] = [];
  const keptKB: Record<string, number> = {};
  for (const [setting, open] of Object.entries(settings)) if (open !== null) keptKB[setting] = await memory(setting);
  for (const [shape, write] of Object.entries(shapes)) {
    const frames = tokens.map((token, i) => Buffer.from(write(token, i)));
    const plain = frames.reduce((sum, { length }) => sum + length, 0);
    for (const [setting, open] of Object.entries(settings)) {
      const { bytes, cpuUsPerFrame } =
        open === null ? { bytes: plain, cpuUsPerFrame: null } : await measured(open, frames);
      rows.push({
        shape,
        setting,
        kB: tenths(bytes / 1000),
        bytesPerFrame: Math.round(bytes / frames.length),
        share: Math.round((bytes / plain) * 1000) / 1000,
        cpuUsPerFrame,
        keptKB: keptKB[setting] ?? null,
      });
    }
  }
  return rows;
}

/** The quickest of some rounds: all others had company. @throws Error when what is sent is not what it was made of */
async function measured(
  open: () => Open,
  frames: readonly Buffer[],
): Promise<{ bytes: number; cpuUsPerFrame: number }> {
  let [bytes, least] = [0, Infinity];
  for (let round = 0; round < rounds; round++) {
    const stream = open();
    const sent: Buffer[] = [];
    const before = process.cpuUsage();
    for (const frame of frames) sent.push(await stream.frame(frame));
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / frames.length);
    const all = Buffer.concat(sent);
    const read = gunzipSync(all, { finishFlush: constants.Z_SYNC_FLUSH });
    if (!read.equals(Buffer.concat(frames))) throw new Error('what was sent is not what it was made of');
    bytes = all.length;
  }
  return { bytes, cpuUsPerFrame: tenths(least) };
}

/** Of a process for each open stream, zlib's own included. A process each: room that is given back is used again. */
async function memory(setting: string): Promise<number> {
  const words = ['--expose-gc', import.meta.filename, setting];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 60_000 });
  return tenths(Number(stdout) / 1000);
}

/** Bytes of this process for each open stream. */
async function keptBytes(open: () => Open): Promise<number> {
  const frame = Buffer.from('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
  const streams: Open[] = [];
  const grow = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i++) {
      const stream = open();
      for (let frames = 0; frames < 3; frames++) await stream.frame(frame);
      streams.push(stream);
    }
    await turn();
    globalThis.gc?.();
    return process.memoryUsage.rss();
  };
  const before = await grow(openCount);
  return ((await grow(openCount)) - before) / openCount;
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

if (import.meta.main) {
  const open = settings[process.argv[2] ?? ''];
  if (open === undefined || open === null) throw new Error(`no setting ${process.argv[2] ?? ''}`);
  console.log(await keptBytes(open));
}
