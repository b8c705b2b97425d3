// The commands about models, providers, homes and prices as an operator meets them: processes on a real Redis and
// Firestore's emulator; what an instance makes of what they wrote, what they say, what they refuse, and that every
// write leaves its record.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { defaultPrices, defaultsLayer, openOverlay, type Catalogue, type Layer } from '@cody-gateway/shared/catalogue';
import { openDocuments, type AuditRecord, type Documents } from '@cody-gateway/shared/documents';
import { connectStore, type Store } from '@cody-gateway/shared/store';
import { startFirestore, type LocalFirestore } from '../local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../local/process/redis.ts';
import { removalCommands } from './catalogue-removals.ts';
import { homeCommands } from './homes.ts';
import { modelChangeCommands } from './model-changes.ts';
import { modelCommands } from './models.ts';
import { priceCommands } from './prices.ts';
import { providerCommands } from './providers.ts';

const program = path.resolve(import.meta.dirname, 'operator.ts');
let emulator: LocalFirestore;
let server: LocalRedis;
let redis: Redis;
let store: Store;
let documents: Documents;
let project = '';
let number = 0;

before(async () => {
  [emulator, server] = await Promise.all([startFirestore(), startRedis()]);
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
  project = `operated-${(number += 1)}`;
  documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
});
after(async () => {
  redis.disconnect();
  await Promise.all([store.close(), documents.close()]);
  await Promise.all([server.close(), emulator.close()]);
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], { redisEndpoint = server.url } = {}): Promise<Ended> {
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: emulator.host, REDIS_ENDPOINT: redisEndpoint };
  const child = spawn(process.execPath, [program, ...args, '--project', project], { env });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.on('close', resolve);
  child.stdin.end();
  return { code: await promise, out, err };
}

/** Runs what must succeed, and reads its JSON. */
async function ok<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { code, out, err } = await run([...args, '--json']);
  assert.deepEqual([code, err], [0, ''], args.join(' '));
  return JSON.parse(out) as T;
}

const why = ['--reason', 'because'];
const mountedByDefault = ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN', 'CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN'];

/** What an instance has that starts now; it tells Redis what it has below the overlay, as all do. */
async function serving(environment: readonly Layer[] = [], mounted = mountedByDefault): Promise<Catalogue> {
  const copy = openOverlay({
    config: { functionName: 'chat-completions', redisBudgetMs: 10_000, billingTimeZone: 'Europe/Berlin' },
    store,
    documents,
    parts: { reviewed: [defaultsLayer(), ...environment], mounted: (name) => mounted.includes(name), defaultPrices },
    now: Date.now,
    onFaults: (faults) => assert.fail(faults.join('\n')),
  });
  return copy.use(0);
}

const records = async (): Promise<AuditRecord[]> => (await ok<{ records: AuditRecord[] }>('audit', 'list')).records;

test('a model of tomorrow is served, with limits and price of the one that it is like', async () => {
  assert.equal((await serving()).resolve('openai/gpt-99').kind, 'refused');
  const like = (await serving()).resolve('openai/gpt-5');
  assert.ok(like.kind === 'served');
  const told = await run(['models', 'add', 'openai/gpt-99', '--like', 'openai/gpt-5', '--output', '77_000', ...why]);
  assert.deepEqual([told.code, told.err], [0, '']);
  assert.match(told.out, /^models add in project .*: openai\/gpt-99 like openai\/gpt-5 \{"outputTokens":77000\}$/m);
  assert.match(told.out, /^served now: openai\/gpt-99$/m);
  assert.match(told.out, /^In force within 10 s\.\n$/m);
  const catalogue = await serving();
  const added = catalogue.resolve('gpt-99');
  assert.ok(added.kind === 'served');
  assert.equal(added.model.row.contextTokens, like.model.row.contextTokens);
  assert.notEqual(added.model.row.contextTokens, null);
  assert.equal(added.model.row.outputTokens, 77_000);
  const prices = await catalogue.prices();
  assert.deepEqual(
    prices.priceOf('openai/gpt-99', Date.now())?.dimensions,
    prices.priceOf('openai/gpt-5', Date.now())?.dimensions,
  );
  const shown = await run(['models', 'show', 'gpt-99']);
  assert.match(shown.out, /^openai\/gpt-99: served$/m);
  assert.match(shown.out, /^outputTokens +77000 +overlay$/m);
  assert.match(shown.out, /^title +- +-$/m, 'a fact that nobody states has no layer');
  assert.match(shown.out, /^openai-api +open +0 +100 +gpt-99$/m);
  assert.match((await run(['models', 'show', 'openai/gpt-5'])).out, /^contextTokens +\d+ +defaults$/m);
  const [record, ...others] = await records();
  assert.deepEqual(
    [record?.what, record?.why, record?.outcome, record?.subject],
    ['models add', 'because', 'done', null],
  );
  assert.ok(record?.who.includes('@'));
  assert.deepEqual(others, [], 'looking leaves no record');
});

test('the kill switch of a model and of a provider, with words for the caller, and back', async () => {
  await serving();
  const disabled = await ok('models', 'disable', 'openai/gpt-5', '--text', 'gpt-5 is off until noon', ...why);
  assert.deepEqual(disabled['servedNoLonger'], ['openai/gpt-5']);
  let resolution = (await serving()).resolve('openai/gpt-5');
  assert.ok(resolution.kind === 'disabled' && resolution.text === 'gpt-5 is off until noon');
  assert.match((await run(['models', 'list', '--provider', 'openai'])).out, /^openai\/gpt-5 +disabled +/m);
  assert.match((await run(['models', 'enable', 'openai/gpt-4o', ...why])).err, /openai\/gpt-4o is not disabled/);
  await ok('providers', 'disable', 'openai', ...why);
  assert.match(
    (await run(['models', 'enable', 'openai/gpt-4o', ...why])).err,
    /its provider is: providers enable openai/,
  );
  await ok('models', 'enable', 'openai/gpt-5', ...why);
  resolution = (await serving()).resolve('openai/gpt-5');
  assert.ok(resolution.kind === 'disabled' && /switched off/.test(resolution.text));
  assert.match(
    (await run(['providers', 'list'])).out,
    /^openai .* disabled: the models of this provider are switched off/m,
  );
  const back = await ok<{ served: string[] }>('providers', 'enable', 'openai', ...why);
  assert.ok(back.served.includes('openai/gpt-5'));
  assert.equal((await serving()).resolve('openai/gpt-5').kind, 'served');
  // Nothing is left in the overlay that would hide what a later release says.
  assert.deepEqual((await ok<{ shadowed: unknown[] }>('models', 'list', '--shadowed')).shadowed, []);
});

test('an alias comes and goes; one that is a model’s own name is refused', async () => {
  await serving();
  await ok('models', 'alias', 'openai/gpt-5', 'gpt-best', ...why);
  const resolution = (await serving()).resolve('gpt-best');
  assert.ok(resolution.kind === 'served' && resolution.model.id === 'openai/gpt-5');
  const taken = await run(['models', 'alias', 'openai/gpt-5', 'gpt-4o', ...why]);
  assert.equal(taken.code, 1);
  assert.match(taken.err, /models openai\/gpt-5: aliases: gpt-4o is already openai\/gpt-4o/);
  const typedWhole = await run(['models', 'alias', 'openai/gpt-5', 'openai/gpt-4o', ...why]);
  assert.equal(typedWhole.code, 1);
  assert.match(typedWhole.err, /aliases: gpt-4o is already openai\/gpt-4o/, 'with its provider it is the same name');
  await ok('models', 'alias', 'gpt-best', 'openai/gpt-best', '--remove', ...why);
  assert.equal((await serving()).resolve('gpt-best').kind, 'refused');
});

test('homes: what Terraform has is known, with its keys; drained, weighed and back', async () => {
  const environment: Layer = {
    name: 'environment',
    rows: {
      providers: [
        {
          id: 'inhouse',
          title: 'Inhouse',
          company: 'us',
          semanticName: 'inhouse',
          dialects: { 'openai-chat': '/v1/chat/completions' },
          allow: ['*'],
          source: 'terraform',
          asOf: '2026-11-28',
        },
      ],
      homes: [
        {
          id: 'inhouse-vllm',
          provider: 'inhouse',
          kind: 'none',
          baseUrl: 'http://10.0.0.7:8000',
          company: 'us',
          state: 'inhouse-vllm',
          source: 'terraform',
          asOf: '2026-11-28',
        },
      ],
    },
  };
  await serving([environment]);
  const listed = await run(['homes', 'list']);
  assert.match(listed.out, /^inhouse-vllm +inhouse +open +0 +100 +us +- +http:\/\/10\.0\.0\.7:8000 +- +environment$/m);
  assert.match(listed.out, /^openai-api +openai +open +/m);
  assert.match(listed.out, /^\S+ +mistral +no key: apply terraform \(MISTRAL_API_KEY\) /m);
  await ok('homes', 'drain', 'inhouse-vllm', '--text', 'under repair', ...why);
  const drained = (await serving([environment])).resolve('inhouse/llama');
  assert.ok(drained.kind === 'unavailable' && drained.text === 'under repair');
  await ok('homes', 'undrain', 'inhouse-vllm', ...why);
  assert.equal((await serving([environment])).resolve('inhouse/llama').kind, 'served');
  await ok('homes', 'weight', 'openai-api', '30', '--priority', '5', ...why);
  const row = (await serving([environment])).homes.find((home) => home.row.id === 'openai-api')?.row;
  assert.deepEqual([row?.weight, row?.priority], [30, 5]);
  assert.match((await run(['homes', 'weight', 'openai-api', '1001', ...why])).err, /weight: is more than 1000/);
  assert.match((await run(['homes', 'undrain', 'openai-api', ...why])).err, /openai-api is not draining/);
  const shadowed = await run(['models', 'list', '--shadowed']);
  assert.equal(shadowed.out, 'no value hides another\n', 'the defaults state neither weight nor priority of it');
});

test('a provider of one’s own: served where its key is there, else kept and told what is missing', async () => {
  const mounted = [...mountedByDefault, 'NEW_API_KEY'];
  await serving();
  const kept = await run([
    'providers',
    'add',
    'newcomer',
    '--base-url',
    'https://api.newcomer.example',
    '--secret',
    'NEW_API_KEY',
    '--allow',
    '*',
    ...why,
  ]);
  assert.deepEqual([kept.code, kept.err], [0, '']);
  assert.match(kept.out, /newcomer-api gets no calls yet\. no key: apply terraform \(NEW_API_KEY\)/);
  assert.equal((await serving()).resolve('newcomer/any').kind, 'unavailable');
  // A key that Terraform has mounted, and allowed nowhere yet, goes to no address of the overlay.
  const home = (await serving([], mounted)).homes.find(({ row }) => row.id === 'newcomer-api');
  assert.deepEqual([home?.status, home?.secrets], ['refused', []]);
  const allowed: Layer = {
    name: 'environment',
    rows: {
      secrets: [{ id: 'NEW_API_KEY', hosts: ['api.newcomer.example'], source: 'terraform', asOf: '2026-11-28' }],
    },
  };
  assert.equal((await serving([allowed], mounted)).resolve('newcomer/any').kind, 'served');
  const stolen = await run([
    'providers',
    'add',
    'thief',
    '--base-url',
    'https://thief.example',
    '--secret',
    'CODY_GATEWAY_OPENAI_ACCESS_TOKEN',
    ...why,
  ]);
  assert.equal(stolen.code, 1);
  assert.match(
    stolen.err,
    /CODY_GATEWAY_OPENAI_ACCESS_TOKEN may not be sent to https:\/\/thief\.example: only Terraform can allow it/,
  );
  const inside = await run(['providers', 'add', 'inside', '--base-url', 'https://10.0.0.1', '--no-key', ...why]);
  assert.match(inside.err, /10\.0\.0\.1 is a private, local or link-local address/);
  await ok('providers', 'add', 'open', '--base-url', 'https://open.example', '--no-key', '--like', 'openai', ...why);
  await ok('models', 'add', 'open/small', '--context', '8000', ...why);
  const resolution = (await serving()).resolve('open/small');
  assert.ok(resolution.kind === 'served');
  assert.ok('openai-responses' in resolution.model.provider.dialects);
});

test('what operators added is taken back: a model, what was said of a known one, a provider with all that is its own', async () => {
  await serving();
  await ok('models', 'add', 'openai/gtp-99', '--like', 'openai/gpt-5', '--spelling', 'azure-openai=our-gtp', ...why);
  await ok('models', 'disable', 'openai/gpt-4o', '--text', 'off', ...why);
  const asked = await run(['models', 'remove', 'openai/gtp-99', ...why]);
  assert.deepEqual([asked.code, /give --yes to do it/.test(asked.err)], [2, true], asked.err);
  const gone = await run(['models', 'remove', 'openai/gtp-99', ...why, '--yes']);
  assert.match(gone.out, /: openai\/gtp-99 is known no longer\nserved no longer: openai\/gtp-99\n/);
  assert.equal((await serving()).resolve('openai/gtp-99').kind, 'refused');
  const spelt = (await serving()).homes.find(({ row }) => row.id === 'azure-openai');
  assert.deepEqual(spelt?.row.spellings, {});
  const back = await run(['models', 'remove', 'gpt-4o', ...why, '--yes']);
  assert.match(back.out, /: openai\/gpt-4o is again as the release has it\nserved now: openai\/gpt-4o\n/);
  assert.equal((await serving()).resolve('openai/gpt-4o').kind, 'served');
  const nothing = await run(['models', 'remove', 'gpt-4o', ...why, '--yes']);
  assert.match(nothing.err, /openai\/gpt-4o is as the release has it: models disable keeps callers from it/);

  await ok('providers', 'add', 'trial', '--base-url', 'https://trial.example', '--no-key', ...why);
  await ok('models', 'add', 'trial/small', '--price', 'input=1,output=2', ...why);
  assert.equal((await serving()).resolve('trial/small').kind, 'served');
  const removed = await run(['providers', 'remove', 'trial', ...why, '--yes']);
  assert.deepEqual([removed.code, removed.err], [0, '']);
  assert.match(removed.out, /: trial, trial-api, trial\/small\nserved no longer: trial\/small\n/);
  const after = await serving();
  assert.ok(!after.providers.has('trial') && !after.models.has('trial/small'));
  assert.ok(!after.homes.some(({ row }) => row.id === 'trial-api'));
  assert.notEqual((await after.prices()).priceOf('trial/small', Date.now()), null, 'what was charged has its price');
  // One that a release has stays, whatever was said of it.
  await ok('providers', 'disable', 'groq', ...why);
  const standing = await run(['providers', 'remove', 'groq', ...why, '--yes']);
  assert.match(standing.err, /groq is from the release, and stays: providers disable groq keeps callers from it/);
  // The name is free again.
  await ok('providers', 'add', 'trial', '--base-url', 'https://other.example', '--no-key', ...why);
});

test('prices: amounts, tiers, hours, multipliers, days, like another’s; and a factor that was negotiated', async () => {
  await serving();
  await ok(
    'prices',
    'set',
    'openai/gpt-5',
    '--from',
    '2030-01-01',
    '--price',
    'input=2,output=16.5',
    '--tiers',
    '200000:input=4,output=30',
    '--hours',
    '16:30-00:30:input=1',
    '--multipliers',
    'service_tier:priority=2',
    '--source',
    'https://example.com/pricing',
    '--basis',
    'page',
    ...why,
  );
  const day = Date.parse('2030-06-01T12:00:00Z');
  let prices = await (await serving()).prices();
  const { source, ...price } = prices.priceOf('openai/gpt-5', day) ?? { source: '' };
  assert.equal(source, 'https://example.com/pricing');
  assert.deepEqual(
    { ...price, asOf: '' },
    {
      asOf: '',
      model: 'openai/gpt-5',
      from: '2030-01-01',
      until: null,
      dimensions: { input: '2', output: '16.5' },
      tiers: [{ above: 200_000, dimensions: { input: '4', output: '30' } }],
      hours: [{ from: '16:30', until: '00:30', dimensions: { input: '1' } }],
      multipliers: { 'service_tier:priority': '2' },
      basis: 'page',
    },
  );
  assert.notDeepEqual(prices.priceOf('openai/gpt-5', Date.now())?.dimensions, price, 'not before its day');
  assert.match(
    (await run(['prices', 'list', '--model', 'gpt-5'])).out,
    /^openai\/gpt-5 +2030-01-01 +- +input=2, output=16\.5 +above 200000: input=4, output=30; 16:30-00:30: input=1; service_tier:priority x 2 +page +overlay/m,
  );
  await ok('prices', 'set', 'openai/gpt-5', '--like', 'openai/gpt-4o', '--from', '2030-01-01', ...why);
  prices = await (await serving()).prices();
  assert.deepEqual(
    prices.priceOf('openai/gpt-5', day)?.dimensions,
    prices.priceOf('openai/gpt-4o', Date.now())?.dimensions,
    'of the same day: replaced, and whole',
  );
  assert.deepEqual(prices.priceOf('openai/gpt-5', day)?.hours, []);
  await ok('prices', 'set', 'anthropic', '--factor', '0.88', '--home', 'claude-vertex', '--from', '2030-01-01', ...why);
  await ok('prices', 'set', 'openai/gpt-5', '--factor', '0.5', '--from', '2030-01-01', '--until', '2031-01-01', ...why);
  prices = await (await serving()).prices();
  const factor = (provider: string, home: string | null, model: string, atMs: number): string =>
    prices.factorOf({ provider, home, model }, atMs);
  assert.equal(factor('anthropic', 'claude-vertex', 'anthropic/claude-x', day), '0.88');
  assert.equal(factor('anthropic', 'anthropic-api', 'anthropic/claude-x', day), '1');
  assert.equal(factor('openai', null, 'openai/gpt-5', day), '0.5');
  assert.equal(factor('openai', null, 'openai/gpt-5', Date.parse('2031-01-01')), '1');
  assert.match(
    (await run(['prices', 'list', '--provider', 'anthropic'])).out,
    /^0\.88 +anthropic +claude-vertex +- +2030-01-01/m,
  );
  assert.equal(
    (await ok<{ prices: unknown[] }>('prices', 'list', '--model', 'gpt-5', '--at', '2020-01-01')).prices.length > 1,
    true,
  );
});

test('what an older overlay hides of a newer release is listed', async () => {
  await serving();
  const { model } = (await serving()).resolve('openai/gpt-5') as { model: { row: { contextTokens: number } } };
  await ok('models', 'add', 'openai/gpt-5', '--context', '1000', ...why);
  const { shadowed } = await ok<{ shadowed: Record<string, unknown>[] }>('models', 'list', '--shadowed');
  const [one, ...others] = shadowed;
  assert.deepEqual(
    [one?.['kind'], one?.['id'], one?.['member'], one?.['value'], one?.['hidden'], one?.['hiddenLayer'], others],
    ['models', 'openai/gpt-5', 'contextTokens', 1000, model.row.contextTokens, 'defaults', []],
  );
});

test('operators at once lose nothing', async () => {
  await serving();
  const names = ['one', 'two', 'three', 'four'];
  const ended = await Promise.all(
    names.map((name) => run(['models', 'alias', 'openai/gpt-5', `at-once-${name}`, ...why])),
  );
  assert.deepEqual(
    ended.map(({ code, err }) => [code, err]),
    names.map(() => [0, '']),
  );
  const catalogue = await serving();
  for (const name of names) assert.equal(catalogue.resolve(`at-once-${name}`).kind, 'served', name);
  assert.equal((await records()).length, names.length);
});

test('a Redis that is away or unknown: the kill switch works all the same, and says what is not known', async () => {
  const away = await run(['models', 'disable', 'openai/gpt-5', ...why], { redisEndpoint: 'redis://127.0.0.1:1' });
  assert.equal(away.code, 0, away.err);
  assert.match(
    away.out,
    /In force within 10 s; Redis could not be told, so by way of Firestore\.\nTerraform's rows and keys/,
  );
  assert.equal((await serving()).resolve('openai/gpt-5').kind, 'disabled');
  const unknown = await run(['homes', 'list'], { redisEndpoint: '' });
  assert.match(unknown.out, /not known here: set REDIS_ENDPOINT/);
});

test('what can’t be done is said with exit code 1 or 2, and leaves no record', async () => {
  await serving();
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [
      ['models', 'disable', 'openai/gpt-4p', ...why],
      1,
      /there is no model "openai\/gpt-4p", did you mean openai\/gpt-4 or openai\/gpt-4o or openai\/gpt-4\.1\?/,
    ],
    [['models', 'disable', 'openai/gpt-4o'], 2, /--reason is missing/],
    [['models', 'disable', 'openai/gpt-4o', '--text', 'x'.repeat(301), ...why], 1, /disabled: is longer than 300/],
    [['models', 'add', 'gpt-99', ...why], 2, /"gpt-99" is not a qualified model/],
    [['models', 'add', 'nobody/gpt-99', ...why], 1, /there is no provider "nobody"/],
    [['models', 'add', 'openai/gpt-99', '--like', 'gpt-none-such', ...why], 1, /there is no model "gpt-none-such"/],
    [['models', 'add', 'openai/gpt-4o', '--like', 'openai/gpt-5', ...why], 1, /openai\/gpt-4o is known already/],
    [
      ['models', 'add', 'openai/gpt-99', '--features', 'chats', ...why],
      1,
      /features\.0: is none of chat, code, embeddings/,
    ],
    [['models', 'add', 'openai/gpt-99', '--context', 'many', ...why], 2, /--context "many" is not a whole number/],
    [
      ['models', 'add', 'openai/gpt-99', '--price', 'inputs=1', ...why],
      2,
      /"inputs" is no dimension; there are input,/,
    ],
    [['models', 'add', 'openai/gpt-99', '--price', 'input=0.0000001x', ...why], 1, /"0\.0000001x" is not an amount/],
    [['models', 'alias', 'openai/gpt-4o', 'x', '--remove', ...why], 1, /openai\/gpt-4o has no alias "x"/],
    [['homes', 'drain', 'open-api', ...why], 1, /there is no home "open-api", did you mean openai-api/],
    [['homes', 'weight', 'openai-api', 'half', ...why], 2, /<weight> "half" is not a whole number/],
    [['providers', 'add', 'x', '--base-url', 'https://x.example', ...why], 2, /give either --secret or --no-key/],
    [
      ['providers', 'add', 'openai', '--base-url', 'https://x.example', '--no-key', ...why],
      1,
      /a provider openai already/,
    ],
    [['prices', 'set', 'openai/gpt-4o', ...why], 2, /nothing is given to set/],
    [['prices', 'set', 'openai', '--factor', '0.9', '--price', 'input=1', ...why], 2, /--price is of a price/],
    [['prices', 'set', 'openai', '--factor', '0.9', '--home', 'claude-vertex', ...why], 1, /is a home of anthropic/],
    [
      ['prices', 'set', 'openai/gpt-4o', '--price', 'input=1', '--from', '2030-02-30', ...why],
      1,
      /"2030-02-30" is no date/,
    ],
    [
      ['prices', 'set', 'openai/gpt-4o', '--price', 'input=1', '--from', '2030-02-01', '--until', '2030-01-01', ...why],
      1,
      /2030-01-01 is not after 2030-02-01/,
    ],
    [['prices', 'set', 'openai/gpt-4o', '--price', 'input=1', '--tiers', 'x', ...why], 2, /"x" is no tier such as/],
    [['prices', 'list', '--at', 'yesterday'], 2, /--at "yesterday" is no day/],
  ];
  for (const [args, code, says] of cases) {
    const ended = await run(args);
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.err}`);
    assert.match(ended.err, says, args.join(' '));
  }
  assert.deepEqual(await records(), []);
});

test('README lists each, and each has help with an example', () => {
  const commands = [
    ...modelCommands,
    ...modelChangeCommands,
    ...providerCommands,
    ...removalCommands,
    ...homeCommands,
    ...priceCommands,
  ];
  const readme = readFileSync(path.resolve(import.meta.dirname, 'README.md'), 'utf8');
  const [, chapter = ''] = /^## Models, providers and prices, without a deploy$([^]*?)^## /m.exec(readme) ?? [];
  const table = chapter.split('\n').filter((line) => line.startsWith('|'));
  const listed = table.flatMap((line) =>
    [...(line.split(' | ')[0] ?? '').matchAll(/`(\w+ \w+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(new Set(listed), new Set(commands.map(({ name }) => name)), 'README’s table');
  for (const { name, help, summary } of commands) {
    assert.match(
      help,
      new RegExp(`^usage: npm run gateway -- ${name} [^]*\nexamples?:\n  npm run gateway -- ${name}`),
      name,
    );
    assert.ok(summary.length > 20, name);
    const writes = !/ (list|show)$/.test(name);
    assert.equal(help.includes('--reason <text>'), writes, name);
  }
});
