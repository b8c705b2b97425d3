// The commands about budgets as somebody in a hurry misuses them, against a running gateway: each misuse either says
// what it did and leaves its audit record and its row, or is refused in words and leaves nothing; two operators at once
// lose nothing of each other's; and afterwards the counters are what the ledger says.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { dollarText } from '@cody-gateway/shared/catalogue';
import { listAudit, openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { localProject } from '../local/cloud.ts';
import { deliverLeftBehind } from '../local/drained.ts';
import { anthropicBody, eventually, startGateway, type EventRow, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
let documents: Documents;
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions', 'deliver-events'] });
  documents = openDocuments({ firestoreEmulatorHost: gateway.firestore.host, googleCloudProject: localProject });
});
after(async () => {
  await documents.close();
  await gateway.stop();
});

const program = path.resolve(import.meta.dirname, '../operator/operator.ts');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  /** In one line, however wide the terminal. */
  readonly err: string;
}

async function operate(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args, '--project', localProject], {
    env: { ...process.env, ...gateway.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out.replaceAll(/\s+/g, ' '), err: err.replaceAll(/\s+/g, ' ') };
}

async function done(...args: string[]): Promise<string> {
  const { code, out, err } = await operate('budgets', ...args);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

const body = anthropicBody({ model: 'claude-haiku-4-5', max_tokens: 100 });

/** Has a budget of a dollar, and has spent a little of it. */
async function customer(calls = 2): Promise<{ id: string; token: string }> {
  const one = await gateway.subscription({ limit: 1_000 });
  await done('set', one.id, '--limit', '1', '--reason', 'its contract');
  for (let i = 0; i < calls; i++)
    assert.equal((await gateway.call('/v1/messages', { token: one.token, body })).status, 200);
  return one;
}

/** Settled and held of each window, nano-dollars. */
async function windows(id: string): Promise<Record<string, readonly [settled: number, held: number]>> {
  const [key = ''] = await gateway.redisClient.keys(`*:budget:subscription:*${id}`);
  return Object.fromEntries(
    Object.entries(await gateway.redisClient.hgetall(key)).map(([name, text]) => {
      const [used = 0, held = 0] = text.split(' ', 2).map(Number);
      return [name, [used - held, held] as const];
    }),
  );
}

type Row = EventRow & { readonly budget_window: string | null; readonly budget_nano_usd: number | string | null };

/** Rows of somebody, those of commands too, which no instance sends on. */
async function rowsOf(id: string): Promise<readonly Row[]> {
  await deliverLeftBehind(gateway, await gateway.redisClient.keys('*:outbox'));
  return (await gateway.events(`identifier = '${id}'`)) as unknown as readonly Row[];
}

const moves = async (id: string): Promise<string[]> =>
  (await rowsOf(id)).map(({ name }) => name).filter((name) => name.startsWith('Budget'));
const trail = async (id: string): Promise<string[]> =>
  (await listAudit(documents, id, 50)).map(({ what, outcome }) => `${what} ${outcome}`).toSorted();
const usd = (nano: number): string => `0.${String(nano).padStart(9, '0')}`;
const spentIn = async (id: string): Promise<number> => Object.values(await windows(id))[0]?.[0] ?? assert.fail();

test('what can’t be meant is refused in words, and nothing is left of it', async () => {
  const { id } = await customer();
  const before = await windows(id);
  const spent = dollarText(await spentIn(id));
  const nobody = randomUUID();
  const faults: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [
      ['refund', id, '--usd', '5'],
      new RegExp(
        `nothing was done: calls of test for all features have used \\$${spent} in window .* budgets grant puts`,
      ),
    ],
    [['refund', id, '--usd', '-5'], /--usd "-5" is no amount of dollars/],
    [['refund', id, '--usd=-5'], /--usd "-5" is no amount of dollars/],
    [['refund', id, '--usd', '0'], /is nothing: write dollars/],
    [['refund', id, '--usd', '1e3'], /"1e3" is no amount/],
    [['refund', id, '--usd', '0.0000000001'], /0\.0000000001/],
    [
      ['refund', id, '--usd', '1', '--feature', 'code'],
      /there is no budget for code_completions: budgets set makes one/,
    ],
    [['grant', id, '--usd', '1', '--until', '2020-01-01'], /--until 2020-01-01 is over: give a time/],
    [['grant', id, '--usd', '9000001'], /above 9000000 dollars/],
    [
      ['grant', id, '--usd', '1', '--feature', 'embeddings'],
      /there is no budget for embeddings: budgets set makes one/,
    ],
    [['reset', id, '--feature', 'chat', '--yes'], /there is no budget for chat_completions/],
    [['reset', id], /give --yes/],
    ...['refund', 'set'].flatMap((verb) => {
      const amount = verb === 'set' ? ['--limit', '5'] : ['--usd', '1'];
      return [nobody, 'no-such-customer'].map(
        (handle) => [[verb, handle, ...amount], /there is no subscription|no subscription is called/] as const,
      );
    }),
  ];
  for (const [args, said] of faults) {
    const { code, out, err } = await operate('budgets', ...args, '--reason', 'in a hurry');
    assert.notEqual(code, 0, args.join(' '));
    assert.match(err, said, args.join(' '));
    assert.equal(out, '', args.join(' '));
  }
  assert.deepEqual(await windows(id), before);
  assert.deepEqual(await trail(id), ['budgets set done']);
  assert.deepEqual(await trail(nobody), []);
  assert.deepEqual(await moves(id), []);
});

test('the same refund again gives back again as long as it was used, and then is refused; each that was done has its row', async () => {
  const { id } = await customer();
  const spent = await spentIn(id);
  const half = usd(spent / 2);
  for (const left of [spent / 2, 0]) {
    assert.match(await done('refund', id, '--usd', half, '--reason', 'incident 7'), /given back to test/);
    assert.equal(await spentIn(id), left);
  }
  const { code, err } = await operate('budgets', 'refund', id, '--usd', half, '--reason', 'incident 7');
  assert.equal(code, 1);
  assert.match(err, /nothing was done: calls of test for all features have used \$0\.00 in window/);
  assert.deepEqual(await moves(id), ['BudgetRefunded', 'BudgetRefunded']);
  assert.deepEqual(await trail(id), ['budgets refund done', 'budgets refund done', 'budgets set done']);
});

test('a limit below what is used says at once that calls are refused, and they are; a budget for what is not allowed says so', async () => {
  const { id, token } = await customer();
  const said = await done('set', id, '--limit', '0.000000001', '--reason', 'a slip');
  assert.match(
    said,
    /\$0\.000\d+ of it are used already in window \d{4}-\d\d: every call that costs anything is refused until /,
  );
  const refused = await eventually(
    () => gateway.call('/v1/messages', { token, body }),
    ({ status }) => status !== 200,
  );
  assert.match(refused.text, /the budget of \$0\.000000001 \(\d{4}-\d\d\) is used up/);
  const soft = await done('set', id, '--soft', '--reason', 'only watched');
  assert.match(soft, /calls are counted and told of, not refused until /);
  const other = await done('set', id, '--limit', '5', '--feature', 'embeddings', '--reason', 'a slip');
  assert.match(other, /it has no limit in units for embeddings: calls are refused for that, whatever their budget/);
});

test('a reset in the middle of streams charges them to the window that they began in, and the new one is whole', async () => {
  const { id, token } = await customer(1);
  const before = await spentIn(id);
  gateway.anthropic?.pace({ chunkDelayMs: 60_000 });
  const leaving = new AbortController();
  const url = `${gateway.functions.get('chat-completions')?.url}/v1/messages`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const streams = await Promise.all(
    [1, 2, 3].map(async () => {
      const asked = {
        method: 'POST',
        headers,
        body: JSON.stringify({ ...body, stream: true }),
        signal: leaving.signal,
      };
      const response = await fetch(url, asked);
      assert.equal(response.status, 200);
      return response;
    }),
  );
  const [[name, [, held]] = assert.fail()] = Object.entries(await windows(id));
  assert.ok(held > 0);
  const said = await done('reset', id, '--reason', 'a loop', '--yes');
  assert.match(said, new RegExp(`window ${name}\\.2 in place of ${name}, which had used \\$${dollarText(before)} `));
  leaving.abort();
  await Promise.all(streams.map((stream) => stream.text().catch(() => '')));
  gateway.anthropic?.pace({ chunkDelayMs: 0 });
  const ended = await eventually(
    () => windows(id),
    (all) => all[name]?.[1] === 0,
  );
  assert.ok((ended[name]?.[0] ?? 0) > before, 'they cost something');
  assert.deepEqual(ended[`${name}.2`] ?? [0, 0], [0, 0]);
  const calls = (await rowsOf(id)).filter((row) => row.name === 'CompletionsFinished');
  assert.deepEqual(new Set(calls.map((row) => row.budget_window)), new Set([name]));
  const kept = calls.reduce((sum, row) => sum + Number(row.budget_nano_usd), 0);
  assert.deepEqual([calls.length, kept], [4, ended[name]?.[0]]);
});

test('two operators at once: of two refunds of everything one is refused, grants and resets count both, and each leaves its trace', async () => {
  const { id } = await customer();
  const spent = await spentIn(id);
  const both = (...args: string[]) =>
    Promise.all([1, 2].map((n) => operate('budgets', ...args, '--reason', `operator ${n}`)));
  const refunds = await both('refund', id, '--usd', usd(spent));
  assert.deepEqual(refunds.map(({ code }) => String(code)).toSorted(), ['0', '1']);
  assert.match(refunds.map(({ err }) => err).join(' '), /nothing was done/);
  assert.equal(await spentIn(id), 0);
  assert.deepEqual(
    (await both('grant', id, '--usd', '1')).map(({ code }) => code),
    [0, 0],
  );
  assert.match(await done('show', id), /all features \$3\.00 \$0\.00/);
  const [name = ''] = Object.keys(await windows(id));
  const resets = await both('reset', id, '--yes');
  assert.deepEqual(
    resets.map(({ code }) => code),
    [0, 0],
  );
  const opened = resets
    .map(({ out }) => /window (\S+) in place of (\S+),/.exec(out)?.slice(1).join(' < ') ?? '')
    .toSorted();
  assert.deepEqual(opened, [`${name}.2 < ${name}`, `${name}.3 < ${name}.2`]);
  const changes = await Promise.all([
    done('set', id, '--limit', '7', '--reason', 'operator 1'),
    done('grant', id, '--usd', '2', '--reason', 'operator 2'),
  ]);
  assert.equal(changes.length, 2);
  assert.match(await done('show', id), /all features \$11\.00 /);
  const told = (await moves(id)).toSorted();
  const grants = ['BudgetGranted', 'BudgetGranted', 'BudgetGranted'];
  assert.deepEqual(told, [...grants, 'BudgetRefunded', 'BudgetReset', 'BudgetReset']);
  assert.deepEqual(await trail(id), [
    ...Array.from({ length: 3 }, () => 'budgets grant done'),
    'budgets refund done',
    ...Array.from({ length: 2 }, () => 'budgets reset done'),
    ...Array.from({ length: 2 }, () => 'budgets set done'),
  ]);
});

test('after all of it the counters are what the ledger says', async () => {
  await deliverLeftBehind(gateway, await gateway.redisClient.keys('*:outbox'));
  await gateway.events();
  const { code, out, err } = await operate('counters', 'reconcile', '--bigquery', gateway.bigquery.url, '--json');
  assert.equal(code, 0, err);
  const found = JSON.parse(out) as { budgets: unknown[] };
  assert.deepEqual(found.budgets, [], out);
});
