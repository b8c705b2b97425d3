// The gateway commands of runbooks and of terraform's pages do what they are there for: each line is taken from its
// page, filled in as on-call would, and run against the local cloud, in the order of the pages. What only Google has
// (gcloud, bq, deploys) is held to its form alone (check/runbooks.test.ts).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { localProject } from '../local/cloud.ts';
import { anthropicBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

const root = path.resolve(import.meta.dirname, '../..');
const program = path.resolve(import.meta.dirname, '../operator/operator.ts');
const pages = globSync('terraform/**/*.md', { cwd: root }).toSorted();
/** For a command that hangs. */
const commandTimeoutMs = 60_000;

/** Lines that need what the local cloud has not, each with what that is. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['events replay --log left.json', 'an export of Cloud Logging'],
  ['prices reprice --from', 'final days of a month'],
]);

/** What stands in for BigQuery is named. */
const asksWarehouse = /^(?:events place|counters reconcile|usage )/;

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions', 'deliver-events'] });
});
after(() => gateway.stop());

/** Each once, with the pages that have it. */
function commandsOf(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const page of pages)
    for (const [, line = ''] of readFileSync(path.join(root, page), 'utf8').matchAll(
      /npm run (?:--silent )?gateway -- ([^`\n]+)/g,
    )) {
      const command = line.replace(/ *(?:--project|--target) \S+/g, '').trim();
      found.set(command, [...(found.get(command) ?? []), page]);
    }
  return found;
}

/** Words as a shell takes them. */
function wordsOf(command: string, filled: Readonly<Record<string, string>>): string[] {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  return words.map((word) => filled[word] ?? word);
}

async function run(words: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const [noun = '', verb = ''] = words;
  const place =
    `${noun} ${verb}` === 'dead-letters replay'
      ? ['--target', gateway.env['CODY_GATEWAY_DELIVER_EVENTS_URL'] ?? '']
      : asksWarehouse.test(`${noun} ${verb}`)
        ? ['--bigquery', gateway.bigquery.url]
        : [];
  const args = [program, ...words, '--project', localProject, ...place];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...gateway.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: commandTimeoutMs,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

test('each gateway command of the pages does its work', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  assert.equal((await gateway.call('/v1/messages', { token, body: anthropicBody() })).status, 200);
  await gateway.events(`identifier = '${id}'`);
  const filled = {
    '<id>': id,
    $ID: id,
    '<model>': 'anthropic/claude-haiku-4-5',
    '<home>': 'anthropic-api',
    '<dollars>': '10',
    TEXT: 'a test of the runbooks',
  };
  // The customer that an alert on budgets is about has one.
  const made = await run(['budgets', 'set', id, '--limit', '5', '--reason', 'a test']);
  assert.equal(made.code, 0, made.said);
  let ran = 0;
  const commands = [...commandsOf()];
  // What takes a customer away comes last: the others are about one that is there.
  const isLast = (command: string): boolean => command.startsWith('subscriptions delete');
  for (const [command, where] of [
    ...commands.filter(([one]) => !isLast(one)),
    ...commands.filter(([one]) => isLast(one)),
  ]) {
    if ([...elsewhere.keys()].some((start) => command.startsWith(start))) continue;
    const words = wordsOf(command, filled);
    assert.doesNotMatch(words.join(' '), /[<>$]/, `${where.join(', ')}: "${command}" has a placeholder of its own`);
    // A noun and a verb in a sentence, without what the command needs: no line to be pasted.
    const isMention = words.length === 2 && (await run(words)).code === 2;
    if (isMention) continue;
    const { code, said } = await run(words);
    assert.equal(code, 0, `${where.join(', ')}: ${command}\n${said}`);
    ran++;
  }
  assert.ok(ran > 15, `${ran} commands were run`);
});

test('what is said to need more than the local cloud is still on a page', () => {
  const commands = [...commandsOf().keys()];
  for (const [start, what] of elsewhere)
    assert.ok(
      commands.some((command) => command.startsWith(start)),
      `${start} (${what})`,
    );
});
