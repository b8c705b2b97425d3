// The operator's command at a terminal of 80 columns (util-linux's script makes one) and without one: questions in
// place of refusals, tables and errors that fit, the same exit codes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createSubscription, findSubscription } from '@cody-gateway/shared/directory';
import { listAudit, openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { startFirestore, type LocalFirestore } from '../local/google/firestore.ts';

const program = path.resolve(import.meta.dirname, 'operator.ts');
const project = 'at-a-terminal';
const limits = { chat_completions: { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] } };
/** A question that never comes is a fault, not a wait without end. */
const questionTimeoutMs = 120_000;
let emulator: LocalFirestore;
let directory: Documents;

before(async () => {
  emulator = await startFirestore();
  directory = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
});
after(async () => {
  await directory.close();
  await emulator.close();
});

interface Ended {
  readonly code: number | null;
  /** Standard output and standard error, as they stand on the terminal. */
  readonly said: string;
}

/** What is typed, each once its question stands there. */
type Answers = readonly (readonly [question: RegExp, typed: string])[];

/** Without what moves the cursor. */
// oxlint-disable-next-line no-control-regex -- it is what is looked for
const plain = (text: string): string => text.replaceAll(/\u001b\[[\d;]*[A-Z]/g, '').replaceAll('\r\n', '\n');
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const envOf = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
  const { COLUMNS: _columns, ...env } = process.env;
  return { ...env, FIRESTORE_EMULATOR_HOST: emulator.host, REDIS_ENDPOINT: '', ...more };
};

async function atTerminal(args: readonly string[], answers: Answers = []): Promise<Ended> {
  const line = [process.execPath, '--no-warnings', program, ...args, '--project', project].map(quoted).join(' ');
  const child = spawn('script', ['-qfec', `stty cols 80 rows 40; exec ${line}`, '/dev/null'], { env: envOf() });
  let said = '';
  const left = [...answers];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    const [next] = left;
    if (next?.[0].test(plain(said)) !== true) return;
    left.shift();
    child.stdin.write(next[1]);
  });
  const end = setTimeout(() => child.kill('SIGKILL'), questionTimeoutMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(end);
  assert.deepEqual(left, [], said);
  return { code, said: plain(said) };
}

async function piped(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--no-warnings', program, ...args, '--project', project], {
    env: envOf(more),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

function fits({ said }: Ended): void {
  for (const line of said.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`);
}

const outcomes = async (id: string): Promise<string[][]> =>
  (await listAudit(directory, id, 100)).map(({ what, outcome, why }) => [what, outcome, why]);

test('at a terminal a removal is asked about: its name is typed, then why; anything else does nothing', async () => {
  const { id } = await createSubscription(directory, { name: 'asked about', limits });
  const remove = ['subscriptions', 'delete', 'asked about'];
  const wrong = await atTerminal(remove, [[/Type asked about to do it: $/, 'yes\n']]);
  assert.equal(wrong.code, 1, wrong.said);
  assert.match(
    wrong.said,
    /^This removes the subscription and its tokens, for good\.\n[^]*gateway: nothing was done\n$/,
  );
  for (const left of ['\u0003', '\u0004']) {
    const ended = await atTerminal(remove, [[/Type asked about to do it: $/, left]]);
    assert.deepEqual([ended.code, ended.said.includes('nothing was done')], [1, true], ended.said);
  }
  assert.notEqual(await findSubscription(directory, id), null);
  const done = await atTerminal(remove, [
    [/Type asked about to do it: $/, 'asked about\n'],
    [/Why\? \(for the audit record\) $/, 'left us\n'],
  ]);
  assert.equal(done.code, 0, done.said);
  assert.match(done.said, /deleted from [^]*: the\s+subscription, tokens: 1\n$/);
  assert.equal(await findSubscription(directory, id), null);
  assert.deepEqual(await outcomes(id), [['subscriptions delete', 'done', 'left us']]);
});

test('without a terminal nobody is asked: what is missing is told in one message, exit code 2, and nothing is done', async () => {
  const { id } = await createSubscription(directory, { name: 'not asked about', limits });
  for (const verb of ['delete', 'disable', 'archive']) {
    const ended = await piped(['subscriptions', verb, 'not asked about']);
    assert.equal(ended.code, 2);
    assert.match(ended.said, /Nothing was done: give --yes and --reason <text> to do it\n/);
  }
  assert.notEqual(await findSubscription(directory, id), null);
  assert.deepEqual(await outcomes(id), []);
});

test('at a terminal a second subscription of the same name is asked about, in lines that fit', async () => {
  const first = await createSubscription(directory, { name: 'twice', limits });
  const create = ['subscriptions', 'create', '--name', 'twice', '--chat', '5/1h'];
  const refused = await atTerminal(create, [[/Type twice to do it: $/, 'no\n']]);
  assert.equal(refused.code, 1, refused.said);
  fits(refused);
  assert.match(refused.said, new RegExp(`^This makes a second subscription called "twice", beside\\s+${first.id}: `));
  const made = await atTerminal(create, [[/Type twice to do it: $/, 'twice\n']]);
  assert.equal(made.code, 0, made.said);
});

test('said on the command line, nothing is asked at a terminal either', async () => {
  const { id } = await createSubscription(directory, { name: 'said', limits });
  const done = await atTerminal(['subscriptions', 'disable', id, '--yes', '--reason', 'a pause']);
  assert.equal(done.code, 0, done.said);
  assert.match(done.said, /^access +off$/m);
});

test('tables, help and errors fit 80 columns; in a pipe a row stays one line, unless COLUMNS says how wide it may be', async () => {
  const models = ['openai/gpt-4o', 'openai/gpt-4o-mini', 'anthropic/claude-sonnet-4-5', 'google/gemini-2.5-pro'];
  const chat_completions = { limit: 500, intervalSeconds: 86_400, allowedModels: models };
  const { id } = await createSubscription(directory, {
    name: 'a customer with a long name, as they often are',
    limits: { chat_completions },
    author: { who: 'somebody@somewhere.example.com', why: 'a contract that was long in the making, with words' },
  });
  const tables = [
    ['subscriptions', 'list'],
    ['subscriptions', 'show', id],
    ['audit', 'list'],
    ['models', 'list', '--provider', 'openai'],
    ['models', 'show', 'openai/gpt-4o'],
    ['providers', 'list'],
    ['homes', 'list'],
    ['prices', 'list', '--provider', 'openai'],
  ];
  for (const args of tables) {
    const ended = await atTerminal(args);
    assert.equal(ended.code, 0, ended.said);
    fits(ended);
    const narrow = await piped(args, { COLUMNS: '80' });
    assert.equal(narrow.code, 0, narrow.said);
    fits(narrow);
  }
  const listed = (await atTerminal(['subscriptions', 'list'])).said;
  for (const value of [id, ...models]) assert.ok(listed.includes(value), value);
  assert.match(
    (await piped(['subscriptions', 'list'])).said,
    new RegExp(`^${id} +a customer .* ${models.join(', ')}$`, 'm'),
  );
  for (const args of [
    ['--help'],
    ['subscriptions'],
    ['help', 'models', 'add'],
    ['subscriptions', 'show', 'nobody-has-this-name-at-all'],
  ])
    fits(await atTerminal(args));
});
