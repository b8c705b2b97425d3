// `npm run bench -- weight`: what a body costs by what it is made of, beside JSON.parse of the same bytes: requests as
// they are read and written again, answers as they are read for their usage. In this process, without a network.

import { parseInOrder, readJson, Refusal } from '@cody-gateway/shared/http';
import { openCatalogue } from '@cody-gateway/shared/catalogue';
import { loadConfig } from '@cody-gateway/shared/config';
import { createUpstream, type CallerFacts } from '@cody-gateway/shared/upstream';
import { formatTable } from '../terminal/table.ts';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const bytes = 2_000_000;
const rounds = 4;
const env = {
  REDIS_ENDPOINT: 'none',
  CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
  CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'none',
};
const caller: CallerFacts = {
  actorId: 'a',
  actorUid: null,
  dialect: 'openai',
  feature: 'chat_completions',
  headers: {},
};

/** What `--help` prints. */
export const help =
  'npm run bench -- weight: processor time and heap per MB of a body, by its kind, beside JSON.parse. Takes no options.';

const list = (item: string): string =>
  `[${Array(Math.floor(bytes / (item.length + 1)))
    .fill(item)
    .join(',')}]`;
const conversation = (length: number): string =>
  JSON.stringify(
    Array.from({ length: Math.floor(bytes / (length + 35)) }, (_, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: 'word '.repeat(length / 5),
    })),
  );

/** By what stands in `messages`, or in a member beside it. */
const kinds: Readonly<Record<string, { readonly messages?: string; readonly x?: string }>> = {
  'one long text': { messages: `[{"role":"user","content":"${'word '.repeat(bytes / 5)}"}]` },
  'one text, half of it escapes': { messages: `[{"role":"user","content":"${'a\\n'.repeat(bytes / 3)}"}]` },
  'one text beyond ASCII': { messages: `[{"role":"user","content":"${'ж'.repeat(bytes / 2)}"}]` },
  'messages of 1,000 characters': { messages: conversation(1_000) },
  'messages of 100 characters': { messages: conversation(100) },
  'a list of 0.5': { x: list('0.5') },
  'a list of 1e99': { x: list('1e99') },
  'a list of ""': { x: list('""') },
  'a list of []': { x: list('[]') },
  'a list of {}': { x: list('{}') },
  'a list of [[]]': { x: list('[[]]') },
  'members of many names': {
    x: `{${Array.from({ length: Math.floor(bytes / 12) }, (_, i) => `"k${i}":0`).join(',')}}`,
  },
};

/** Measures and prints a table. @returns the exit code: 0 measured, 2 the command line is wrong */
export function run(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.error(`${args.join(' ')}: bench weight takes no options`);
    return Promise.resolve(2);
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const config = loadConfig(env);
  const upstream = createUpstream({ config, googleTokens: () => Promise.resolve(''), warn: () => undefined });
  const catalogue = openCatalogue({ config, nowMs: Date.now(), overlay: null, onFaults: () => undefined }).latest();
  const request = (text: string): unknown => {
    try {
      const facts = { ...caller, bodyBytes: Buffer.byteLength(text) };
      return upstream.read({ provider: 'openai', dialects: ['openai-chat'] }, parseInOrder(text), facts, catalogue);
    } catch (error) {
      if (error instanceof Refusal) return String(error.status('openai'));
      throw error;
    }
  };
  const rows = Object.entries(kinds).map(([kind, { messages = '[{"role":"user","content":"hi"}]', x = '0' }]) => {
    const text = `{"model":"gpt-4o","messages":${messages},"x":${x},"usage":{"prompt_tokens":7}}`;
    const mb = Buffer.byteLength(text) / 1e6;
    const outcome = request(text);
    return [
      kind,
      mb.toFixed(1),
      typeof outcome === 'string' ? outcome : 'taken',
      ...[request, readJson, (json: string): unknown => JSON.parse(json)].flatMap((work) => {
        const { cpuMs, heapBytes } = measured(() => work(text), collect);
        return [(cpuMs / mb).toFixed(1), (heapBytes / 1e6 / mb).toFixed(1)];
      }),
    ];
  });
  const headings = [
    'body',
    'MB',
    'request',
    'CPU ms/MB',
    'heap/MB',
    'answer ms/MB',
    'heap/MB',
    'JSON.parse ms/MB',
    'heap/MB',
  ];
  console.log(formatTable(headings, rows));
  return Promise.resolve(0);
}

/** The least processor time of some rounds, and what a result keeps of the heap. */
function measured(work: () => unknown, collect: () => void): { cpuMs: number; heapBytes: number } {
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return { cpuMs: Math.min(...times), heapBytes: Math.max(0, keptBytes(work, collect)) };
}

function keptBytes(work: () => unknown, collect: () => void): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = { value: work() };
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  return kept.value === kept ? 0 : bytes;
}
