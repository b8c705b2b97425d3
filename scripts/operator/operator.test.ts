// The operator's command as an operator meets it: a process, its output, its exit code, on a real client and an
// emulator.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createAuth } from '@cody-gateway/shared/auth';
import { hashToken } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { loadConfig } from '@cody-gateway/shared/config';
import { createDeadLetters } from '@cody-gateway/shared/events';
import { connectStore } from '@cody-gateway/shared/store';
import { startFirestore, type LocalFirestore } from '../local/google/firestore.ts';
import { freePort } from '../local/process/port.ts';

let emulator: LocalFirestore;
let directory: Documents;
const project = 'operated';

before(async () => {
  emulator = await startFirestore();
  directory = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
});
after(async () => {
  await directory.close();
  await emulator.close();
});

const program = path.resolve(import.meta.dirname, 'operator.ts');
const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs it, with a project that nothing but this test has. */
async function run(args: readonly string[], { host = emulator.host, input = '', env: more = {} } = {}): Promise<Ended> {
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: host, ...more };
  const child = spawn(process.execPath, [program, ...args], { env });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.on('close', resolve);
  child.stdin.on('error', () => undefined).end(input);
  return { code: await promise, out, err };
}

const on = (...args: string[]): Promise<Ended> => run([...args, '--project', project]);

/** Made by the command: its id and token. */
async function create(...args: string[]): Promise<{ id: string; token: string }> {
  const { code, out, err } = await on('subscriptions', 'create', '--json', ...args);
  assert.deepEqual([code, err], [0, '']);
  return JSON.parse(out) as { id: string; token: string };
}

test('a created subscription’s token is known to the gateway, with the limits that were asked for', async () => {
  const { id, token } = await create(
    '--name',
    'acme',
    '--chat',
    '500/24h',
    '--code',
    '10000/30d',
    '--models',
    'openai/gpt-4o, claude-2',
  );
  const config = loadConfig({
    REDIS_ENDPOINT: 'redis://127.0.0.1:1',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: project,
    FIRESTORE_EMULATOR_HOST: emulator.host,
  });
  const store = connectStore(config, () => undefined);
  const auth = createAuth({ config, store, documents: directory, now: () => 0, warn: () => undefined });
  const actor = await auth.identify({ token, address: '127.0.0.1' }, { leftMs: 50 });
  await auth.close();
  await store.close();
  assert.deepEqual([actor.id, actor.name, actor.accessEnabled], [id, 'acme', true]);
  assert.deepEqual(Object.keys(actor.limits).toSorted(), ['chat_completions', 'code_completions']);
  const { chat_completions: chat, code_completions: code } = actor.limits;
  assert.deepEqual(
    [chat?.limit, chat?.intervalMs, chat?.allowedModels],
    [500, 86_400_000, ['openai/gpt-4o', 'claude-2']],
  );
  assert.deepEqual([code?.limit, code?.intervalMs], [10_000, 2_592_000_000]);
});

test('people read the token once, with a line that calls the gateway with it', async () => {
  const { code, out, err } = await on(
    'subscriptions',
    'create',
    '--name',
    'acme and sons',
    '--chat',
    '500/24h',
    '--url',
    'http://localhost:9992/',
  );
  assert.deepEqual([code, err], [0, '']);
  const token = /^token +(slk_[0-9a-f]{64})$/m.exec(out)?.[1];
  assert.ok(token !== undefined, out);
  assert.match(out, new RegExp(`^created in project ${project} of the emulator`));
  assert.match(out, /^chat +500\/24h\ncode +-\nembeddings +-\nmodels +\*$/m);
  assert.ok(
    out.includes(`curl -N http://localhost:9992/v1/completions/anthropic-messages -H 'Authorization: Bearer ${token}'`),
    out,
  );
  const id = uuid.exec(out)?.[0] ?? '';
  const shown = await on('subscriptions', 'show', id);
  assert.equal(shown.code, 0);
  assert.equal(shown.out.includes(token), false);
});

test('the line to try calls what was granted', async () => {
  const lineOf = async (...args: string[]): Promise<string> =>
    (await on('subscriptions', 'create', '--name', `tries ${args.join(' ')}`, ...args)).out
      .trimEnd()
      .split('\n')
      .at(-1) ?? '';
  const openai = await lineOf('--chat', '5/24h', '--models', 'openai/gpt-4-turbo');
  assert.match(openai, /https:\/\/<your-gateway>\/v1\/completions\/openai .*"model":"gpt-4-turbo"/);
  assert.match(await lineOf('--chat', '5/24h', '--models', 'openai/gtp-4o'), /\/v1\/limits -H/);
  assert.match(await lineOf('--embeddings', '5/24h'), /\/v1\/limits -H/);
});

test('show and list tell the same, for people and for programs; es_ in front makes no difference', async () => {
  const wanted = randomUUID();
  const { id } = await create('--name', 'shown', '--chat', '60/90m', '--id', `es_${wanted}`);
  assert.equal(id, wanted);
  const shown = await on('subscriptions', 'show', `es_${id}`);
  assert.match(shown.out, new RegExp(`^id +${id}\nname +shown\naccess +on\nchat +60/90m\ncode +-\n`));
  const limits = { chat_completions: { limit: 60, intervalSeconds: 5_400, allowedModels: ['*'] } };
  const document = JSON.parse((await on('subscriptions', 'show', id, '--json')).out) as Record<string, unknown>;
  assert.deepEqual([document['id'], document['name'], document['limits']], [id, 'shown', limits]);
  const listed = JSON.parse((await on('subscriptions', 'list', '--json')).out) as { subscriptions: { id: string }[] };
  assert.deepEqual(
    listed.subscriptions.find((one) => one.id === id),
    without(document, 'place'),
  );
  assert.match(
    (await on('subscriptions', 'list')).out,
    new RegExp(`^ID +NAME +ACCESS .*\n(.*\n)*${id} +shown +on +60/90m +- +- +\\*$`, 'm'),
  );
});

test('a longer list says that it is cut; an empty one says what to do', async () => {
  await create('--name', 'one', '--chat', '5/1h');
  await create('--name', 'two', '--chat', '5/1h');
  const { out } = await on('subscriptions', 'list', '--most', '1');
  assert.match(out, /\n\nThere are more: give --most <number>\.\n$/);
  assert.equal(out.split('\n').filter((line) => uuid.test(line)).length, 1);
  assert.match(
    (await run(['subscriptions', 'list', '--project', 'empty'])).out,
    /^there are no subscriptions in project empty/,
  );
});

test('a malformed document is listed as such, and show says where', async () => {
  const id = randomUUID();
  await (await directory.client()).doc(`subscriptions/${id}`).set({ name: 'broken', accessEnabled: 1, limits: {} });
  assert.match((await on('subscriptions', 'list')).out, new RegExp(`${id} +\\(malformed\\)`));
  const { code, err } = await on('subscriptions', 'show', id);
  assert.equal(code, 1);
  assert.match(err, /is malformed: accessEnabled: expected boolean\. It grants nothing until it is mended\n$/);
});

test('delete removes a subscription with its tokens, once it is said twice; another’s token stays', async () => {
  const { id, token } = await create('--name', 'leaves', '--chat', '5/24h');
  const { id: other, token: others } = await create('--name', 'stays', '--chat', '5/24h');
  const firestore = await directory.client();
  const path = (of: string): string => `tokens/${hashToken(of)}`;
  await firestore.doc(`subscriptions/${id}`).update({ tokens: [hashToken(token), hashToken(others), 'odd'] });
  const hasty = await on('subscriptions', 'delete', id);
  assert.deepEqual([hasty.code, hasty.out], [2, '']);
  assert.match(
    hasty.err,
    /^gateway: this removes the subscription .*Nothing was done: give --yes and --reason <text> /,
  );
  assert.match(
    (await on('subscriptions', 'delete', id, '--yes')).err,
    /Nothing was done: give --reason <text> to do it/,
  );
  const { code, out } = await on('subscriptions', 'delete', id, '--yes', '--reason', 'it left', '--json');
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), { place: `project ${project} of the emulator at ${emulator.host}`, id, tokens: 1 });
  const exists = async (document: string): Promise<boolean> => (await firestore.doc(document).get()).exists;
  assert.deepEqual(
    await Promise.all([`subscriptions/${id}`, path(token), `subscriptions/${other}`, path(others)].map(exists)),
    [false, false, true, true],
  );
  for (const gone of [id, '00000000-0000-4000-8000-000000000000']) {
    const again = await on('subscriptions', 'delete', gone, '--yes', '--reason', 'twice');
    assert.deepEqual([again.code, again.out], [1, '']);
    assert.match(again.err, /^gateway: there is no subscription /);
  }
  // What happened is on record, and nothing else is.
  assert.deepEqual(await deleted(), [['subscriptions delete', id, 'removed, with tokens: 1', 'done', 'it left']]);
});

/** Records of removals, as audit list tells them. */
async function deleted(): Promise<string[][]> {
  const { out } = await on('audit', 'list', '--json');
  const { records } = JSON.parse(out) as { records: Record<string, string>[] };
  return records
    .filter(({ what }) => what?.endsWith(' delete'))
    .map((record) => ['what', 'subject', 'change', 'outcome', 'why'].map((name) => record[name] ?? ''));
}

test('dead letters of one customer are deleted, those that hold others’ events are kept and said', async () => {
  const store = createDeadLetters(directory.client);
  const [one, two] = [randomUUID(), randomUUID()];
  const event = (identifier: string): string => JSON.stringify({ name: 'CompletionsFinished', identifier });
  for (const body of [event(one), event(two), `{"events":[${event(one)},${event(two)}]`])
    await store.put({ kind: body.endsWith(']') ? 'task' : 'event', body, reason: 'a test' }, 0);
  const hasty = await on('dead-letters', 'delete', '--identifier', one);
  assert.equal(hasty.code, 2);
  assert.match(hasty.err, /give --yes and --reason <text> to do it/);
  const remove = (of: string) =>
    on('dead-letters', 'delete', '--identifier', of, '--yes', '--reason', 'it left', '--json');
  const { code, out } = await remove(one);
  assert.deepEqual([code, JSON.parse(out)], [0, { deleted: 1, kept: 1, complete: true }]);
  const bodies = (await store.list(10)).map(({ body }) => body);
  assert.equal(bodies.length, 2);
  assert.ok(!bodies.includes(event(one)));
  assert.equal((await on('dead-letters', 'delete')).code, 2);
  assert.equal((await remove(randomUUID())).code, 0);
  const told = (await deleted()).filter(([what]) => what === 'dead-letters delete');
  assert.deepEqual(told, [['dead-letters delete', one, `1 dead letters of ${one}`, 'done', 'it left']]);
});

test('replaying takes a reason, and where there was nothing to replay there is nothing on record', async () => {
  for (const args of [
    ['dead-letters', 'replay'],
    ['events', 'replay', '--log', import.meta.filename],
  ])
    assert.deepEqual((await on(...args)).code, 2, args.join(' '));
  const replayed = await on(
    'events',
    'replay',
    '--log',
    import.meta.filename,
    '--reason',
    'nothing is in it',
    '--json',
  );
  assert.equal(replayed.code, 0, replayed.err);
  const { out } = await on('audit', 'list', '--json');
  assert.equal(out.includes('nothing is in it'), false);
});

test('limits in JSON are those in force, as in the table, beside what the source states and what is overridden', async () => {
  const { id } = await create('--name', 'raised', '--chat', '500/24h', '--code', '9/1h');
  const { code } = await on('subscriptions', 'set-limits', id, '--chat', '800', '--reason', 'contract of May');
  assert.equal(code, 0);
  const shown = JSON.parse((await on('subscriptions', 'show', id, '--json')).out) as Record<string, unknown>;
  const chat = (limit: number): object => ({ limit, intervalSeconds: 86_400, allowedModels: ['*'] });
  const code_completions = { limit: 9, intervalSeconds: 3_600, allowedModels: ['*'] };
  assert.deepEqual(shown['limits'], { chat_completions: chat(800), code_completions });
  assert.deepEqual(shown['stated'], {
    accessEnabled: true,
    archived: false,
    limits: { chat_completions: chat(500), code_completions },
  });
  assert.deepEqual(shown['overrides'], { limits: { chat_completions: { limit: 800 } } });
  const text = await on('subscriptions', 'show', id);
  assert.match(text.out, /^chat +800\/24h\n[^]*^overridden +chat; its source says 500\/24h$/m);
  const listed = JSON.parse((await on('subscriptions', 'list', '--json', '--most', '1000')).out) as {
    subscriptions: Record<string, unknown>[];
  };
  assert.deepEqual(listed.subscriptions.find((one) => one['id'] === id)?.['limits'], shown['limits']);
  await on('subscriptions', 'disable', id, '--reason', 'a pause', '--yes');
  const off = JSON.parse((await on('subscriptions', 'enable', id, '--reason', 'over', '--json')).out) as typeof shown;
  assert.deepEqual([off['accessEnabled'], off['overrides']], [true, shown['overrides']]);
});

test('a name stands for its subscription where only one has it; a second one of the same name is asked about', async () => {
  const { id } = await create('--name', 'Handle & Söhne', '--chat', '5/1h');
  assert.equal(
    (JSON.parse((await on('subscriptions', 'show', 'Handle & Söhne', '--json')).out) as { id: string }).id,
    id,
  );
  assert.equal((await on('subscriptions', 'disable', 'Handle & Söhne', '--reason', 'a pause', '--yes')).code, 0);
  assert.match(
    (await on('audit', 'list', '--subscription', 'Handle & Söhne')).out,
    new RegExp(`subscriptions disable +${id} `),
  );
  assert.match((await on('subscriptions', 'show', 'Handle & Sohne')).err, /did you mean "Handle & Söhne"\?/);
  const again = ['subscriptions', 'create', '--name', 'Handle & Söhne', '--chat', '5/1h'];
  const asked = await on(...again);
  assert.deepEqual([asked.code, asked.out], [2, '']);
  assert.match(
    asked.err,
    new RegExp(`makes a second subscription called "Handle & Söhne", beside ${id}.* give --yes to do it`),
  );
  assert.equal((await on(...again, '--yes')).code, 0);
  const both = await on('subscriptions', 'show', 'Handle & Söhne');
  assert.equal(both.code, 1);
  assert.match(both.err, /2 subscriptions are called "Handle & Söhne": give the id/);
  assert.ok(both.err.includes(id));
});

test('audit records: since when, how many, and changes as limits are typed', async () => {
  const { id } = await create('--name', 'changed often', '--chat', '5/1h');
  await on('subscriptions', 'set-limits', id, '--chat', '800/24h', '--reason', 'one');
  await on('subscriptions', 'set-limits', id, '--chat', 'none', '--code', '9/30d', '--yes', '--reason', 'two');
  const list = (...args: string[]) => on('audit', 'list', '--subscription', id, ...args);
  const all = (await list('--since', '1h')).out;
  assert.match(all, /"changed often": chat 5\/1h; models \*/);
  assert.match(all, / chat 800\/24h +done +one\n/);
  assert.match(all, / chat none; code 9\/30d +done +two\n/);
  const newest = await list('--most', '1');
  assert.match(newest.out, /two\n\nThere are more: give --most <number>\.\n$/);
  assert.equal((await list('--since', '2999-01-01')).out, 'no audit records\n');
  const odd = await list('--since', 'yesterday');
  assert.equal(odd.code, 2);
  assert.match(odd.err, /--since "yesterday" is no time: write 24h, 7d, or a day such as 2026-11-28/);
});

test('a model that nothing serves is told, with the nearest names; the subscription is made all the same', async () => {
  const named = (models: string, ...args: string[]) =>
    on('subscriptions', 'create', '--name', `of ${models}`, '--chat', '5/1h', '--models', models, ...args);
  const bogus = await named('bogus/model');
  assert.equal(bogus.code, 0, bogus.err);
  assert.match(bogus.out, /^No model that this gateway serves is called bogus\/model\. models list shows them\.$/m);
  const near = JSON.parse((await named('openai/gpt-4o,openai/gtp-4o', '--json')).out) as {
    id: string;
    notes: string[];
  };
  assert.match(near.notes[0] ?? '', /is called openai\/gtp-4o\. Did you mean openai\/gpt-4o/);
  assert.doesNotMatch((await named('openai/gpt-4o')).out, /No model/);
  const changed = await on('subscriptions', 'set-limits', near.id, '--models', 'bogus/model', '--reason', 'a test');
  assert.match(changed.out, /is called bogus\/model\./);
});

test('what fails says so on stderr, with exit code 1: a taken id, an unknown one, a directory that is not there', async () => {
  const { id } = await create('--name', 'taken', '--chat', '5/1h');
  assert.deepEqual(await on('subscriptions', 'create', '--name', 'again', '--chat', '5/1h', '--id', id), {
    code: 1,
    out: '',
    err: `gateway: there is a subscription ${id} already\n`,
  });
  const unknown = await on('subscriptions', 'show', randomUUID());
  assert.deepEqual([unknown.code, unknown.out], [1, '']);
  assert.match(unknown.err, /^gateway: there is no subscription ".*" in project operated/);
  const host = `127.0.0.1:${await freePort()}`;
  const away = await run(['subscriptions', 'list', '--project', project], { host });
  assert.deepEqual([away.code, away.out], [1, '']);
  assert.match(
    away.err,
    new RegExp(`nothing listens on ${host}\\. Start the emulator, or unset FIRESTORE_EMULATOR_HOST\n$`),
  );
});

test('a real project without credentials: what to do, not a stack', async () => {
  const env = {
    FIRESTORE_EMULATOR_HOST: '',
    GOOGLE_APPLICATION_CREDENTIALS: '',
    CLOUDSDK_CONFIG: '/nowhere',
    HOME: '/nowhere',
    METADATA_SERVER_DETECTION: 'none',
  };
  assert.deepEqual(await run(['subscriptions', 'list', '--project', 'p'], { env }), {
    code: 1,
    out: '',
    err: 'gateway: no credentials for project p: log in with gcloud auth application-default login\n',
  });
});

test('a wrong command line is said with the value that is wrong and exit code 2, and nothing is done', async () => {
  const named = ['subscriptions', 'create', '--name', 'n'];
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[], /^$/],
    [['subscription', 'create'], /^gateway: there is no command "subscription create"\n.*--help/],
    [['subscriptions', 'create', '--chat', '5/1h'], /--name is missing/],
    [['subscriptions', 'create', '--name', 'a\nb', '--chat', '5/1h'], /--name is not one line/],
    [named, /no limit is given.*--chat 500\/24h/],
    [[...named, '--chat', '500'], /--chat "500" is no limit: write units per window, such as 500\/24h/],
    [[...named, '--chat', '500/day'], /"day" is no window/],
    [[...named, '--chat', '1/24h'], /--chat 1 means that the account is blocked/],
    [[...named, '--chat', '5/1h', '--chat', '6/1h'], /--chat is given 2 times/],
    [[...named, '--chatt', '5/1h'], /Unknown option '--chatt', did you mean --chat\?\n/],
    [[...named, '--chat', '-5/24h'], /^gateway: --chat -5 is too small: give 2 or more\n/],
    [[...named, '--chat', '-5'], /^gateway: --chat -5 is too small: give 2 or more, such as 500\/24h\n/],
    [[...named, '--chat', '0/24h'], /--chat 0 grants nothing: leave the option out\n/],
    [[...named, '--chat'], /^gateway: --chat is given without its value\n/],
    [
      ['subscriptions', 'set-limits', 'n', '--chat', '0', '--reason', 'r'],
      /--chat none --yes takes the feature away\n/,
    ],
    [[...named, '--chat', '5/1h', '--models', '*,openai/gpt-4o'], /give \* alone/],
    [[...named, '--chat', '5/1h', '--models', "a'b"], /"a'b" is no name of a model/],
    [[...named, '--chat', '5/1h', '--url', 'localhost'], /--url "localhost"/],
    [['subscriptions', 'show'], /<subscription> is missing/],
    [['subscriptions', 'show', 'a', 'b'], /"b" is one word too many/],
    [['subscriptions', 'list', '--most', '-1'], /^gateway: --most "-1" is not a whole number from 1 to 1000\n/],
    [['subscriptions', 'list', '--most', '0'], /--most "0" is not a whole number from 1 to 1000/],
    [['tokens', 'derive'], /give either --licence-key or --access-token/],
  ];
  const counted = (await directory.client()).collection('subscriptions').count();
  const { count } = (await counted.get()).data();
  for (const [args, says] of cases) {
    const { code, err } = args[0] === 'subscriptions' ? await on(...args) : await run(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, says);
  }
  assert.equal((await counted.get()).data().count, count);
});

test('help for the whole, for a word of it and for a command, with examples; it asks nobody', async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const names = ['subscriptions create', 'subscriptions list', 'subscriptions show', 'tokens derive'];
  for (const [args, listed] of [
    [['--help'], names],
    [['subscriptions', '--help'], names.slice(0, 3)],
  ] as const) {
    const { code, out } = await run(args, { host });
    assert.equal(code, 0);
    for (const name of names) assert.equal(out.includes(`  ${name} `), listed.includes(name), name);
  }
  const { code, out } = await run(['subscriptions', 'create', '--help'], { host });
  assert.equal(code, 0);
  assert.match(out, /^usage: .*\n[^]*examples:\n.*--name acme --chat 500\/24h/);
});

test('tokens derive: from an argument, and from standard input where the secret shows nowhere; what is none is not repeated', async () => {
  const licence = 'slk_b9a1b8103a2f8c65d281ba210787880915152e631bb577fb95de11828ca86e4a';
  const derive = (args: string[], input = '') => run(['tokens', 'derive', ...args], { input });
  assert.equal((await derive(['--licence-key', 'test-license-key'])).out, `${licence}\n`);
  assert.equal((await derive(['--licence-key', '-'], 'test-license-key\n')).out, `${licence}\n`);
  const personal = 'sgp_0123456789abcdef0123456789abcdef01234567';
  assert.deepEqual(JSON.parse((await derive(['--json', '--access-token', personal])).out), {
    token: 'sgd_ee6ba2aa505be17522e936ebac2c31c108d58ebfc8d483ed75a6b298506cb949',
  });
  const wrong = await derive(['--access-token', 'sgp_secret']);
  assert.equal(wrong.code, 2);
  assert.equal(wrong.err.includes('secret'), false);
});

function without(value: Record<string, unknown>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}
