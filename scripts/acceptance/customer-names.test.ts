// Customers by their names, wherever finance reads: their source states them, the sync writes them, and the console and
// the report show them beside limits and percents. Renamed, archived, without a name, with a name of 200 characters or
// of characters that turn a line around, on the running functions.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { localProject } from '../local/cloud.ts';
import { sourcegraphAccess, sourcegraphLimit } from '../local/sourcegraph/sourcegraph.ts';
import { anthropicBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
let folder = '';
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions', 'deliver-events', 'sync-subscriptions', 'console'] });
  folder = await mkdtemp(path.join(tmpdir(), 'gateway-names-'));
  await fill();
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await gateway.stop();
});

const long = `Grüße & Söhne <AG> ${'lang'.repeat(50)}`.slice(0, 200);
/** As its source states it; as people read it, null for its id; what becomes of it once it has called. */
const customers = [
  { stated: 'old name', shown: 'new name', becomes: { username: 'new name' } },
  { stated: 'gone', shown: 'gone', becomes: { isArchived: true } },
  { stated: '', shown: null, becomes: {} },
  { stated: ' \t ', shown: null, becomes: {} },
  { stated: long, shown: long, becomes: {} },
  { stated: 'Umbrella\u202Egnp.exe', shown: 'Umbrella\uFFFDgnp.exe', becomes: {} },
  { stated: 'الشركة العالمية', shown: 'الشركة العالمية', becomes: {} },
  { stated: '=SUM(A1)\u0000\r\nsecond line', shown: '=SUM(A1)', becomes: {} },
].map((one) => ({ ...one, uuid: randomUUID(), token: `slk_${randomUUID().replaceAll('-', '').repeat(2)}` }));
const limit = 12;
const calls = 3;

async function sync(): Promise<void> {
  const response = await fetch(gateway.functions.get('sync-subscriptions')?.url ?? '', { method: 'POST' });
  assert.equal(response.status, 200, await response.text());
}

async function page(at: string): Promise<string> {
  const response = await fetch(`${gateway.functions.get('console')?.url}/console${at}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

async function report(...args: string[]): Promise<string> {
  const program = path.resolve(import.meta.dirname, '../operator/operator.ts');
  const all = [program, 'usage', 'report', '--bigquery', gateway.bigquery.url, '--project', localProject, ...args];
  const child = spawn(process.execPath, all, { env: { ...process.env, ...gateway.env } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, err);
  return out;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
/** What no page and no file may have: it hides or turns around what stands beside it. */
const hidden = /(?![\t\n\r])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;

/** Each calls, and changes afterwards. */
async function fill(): Promise<void> {
  for (const { stated, uuid, token } of customers)
    gateway.sourcegraph.subscriptions.set(uuid, {
      uuid,
      username: stated,
      isArchived: false,
      access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(limit) }),
      tags: [],
      tokens: [token],
    });
  await sync();
  for (const { token } of customers)
    for (let i = 0; i < calls; i++) {
      const { status, text } = await gateway.call('/v1/messages', { token, body: anthropicBody() });
      assert.equal(status, 200, text);
    }
  for (const { uuid, becomes } of customers) {
    const before = gateway.sourcegraph.subscriptions.get(uuid) ?? assert.fail();
    gateway.sourcegraph.subscriptions.set(uuid, { ...before, ...becomes });
  }
  await sync();
  const rows = await gateway.events();
  assert.equal(rows.length, customers.length * calls);
}

test('the console names each as its source does now, on the list, the overview and its own page', async () => {
  const [list, overview] = await Promise.all([page('/customers'), page('')]);
  const csv = await page('/customers?format=csv&table=customers');
  for (const text of [list, overview, csv]) {
    assert.doesNotMatch(text, hidden);
    assert.doesNotMatch(text, /old name/);
  }
  // A name is text there, not markup, and in a spreadsheet no formula.
  assert.doesNotMatch(list + overview, /<AG>/);
  assert.match(csv, /^"'=SUM\(A1\)/m);
  for (const { shown, uuid } of customers) {
    const own = await page(`/customers/${uuid}`);
    const name = escaped(shown ?? uuid);
    for (const text of [list, overview, own]) assert.ok(text.includes(name), `${name} is missing`);
    assert.doesNotMatch(own, hidden);
    const limits = await page(`/customers/${uuid}?format=csv&table=limits`);
    assert.match(limits, new RegExp(`^chat,${calls},${limit},0\\.25,`, 'm'));
  }
});

test('who is archived is said to be, not only to have no access', async () => {
  const gone = customers.find(({ stated }) => stated === 'gone') ?? assert.fail();
  assert.match(await page(`/customers/${gone.uuid}`), /archived/);
  assert.match(await page('/customers?format=csv&table=customers'), new RegExp(`^.*archived.*${gone.uuid}`, 'm'));
});

test('the report’s quotas have name, limit and percent of each, as file and as figures', async () => {
  const file = path.join(folder, 'report.html');
  await report('--days', '1', '--out', file);
  const text = await readFile(file, 'utf8');
  assert.doesNotMatch(text, hidden);
  assert.doesNotMatch(text, /old name|<AG>/);
  const section = /<section[^>]*id="quotas"[^]*?<\/section>/.exec(text)?.[0] ?? assert.fail('no quotas');
  const lines = section.split(/<tr[ >]/).map((line) => line.replaceAll(/<[^>]*>/g, ' '));
  for (const { shown, uuid } of customers) {
    const line = lines.find((one) => one.includes(escaped(shown ?? uuid))) ?? assert.fail(`${shown} is missing`);
    assert.match(line, new RegExp(`chat_completions\\s+${calls}\\s+${limit}\\s+25\\.0 %`), line);
  }
  const { quotas } = JSON.parse(await report('--days', '1', '--json')) as {
    quotas: { subscription: string; customer_name: string | null; units: number; limit: number }[];
  };
  assert.deepEqual(
    new Set(quotas.map((quota) => [quota.subscription, quota.units, quota.limit].join())),
    new Set(customers.map(({ uuid }) => [uuid, calls, limit].join())),
  );
  for (const { uuid, stated, becomes } of customers)
    assert.equal(
      quotas.find((quota) => quota.subscription === uuid)?.customer_name,
      'username' in becomes ? becomes.username : stated.trim() === '' ? uuid : stated,
    );
});
