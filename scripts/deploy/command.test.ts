// deploy, rollback and status from their first word to the smoke test, with programs in the place of gcloud, terraform
// and git, and a whole gateway behind.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startCloud, type LocalCloud } from '../local/cloud.ts';
import { installPrograms } from './stand-ins.ts';

const commits = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'] as const;
const tag = (build: 1 | 2): string => `${build}_2026-11-24_0.1-${commits[build - 1]}`;
const prod = 'gs://cody-gateway-prod-releases';
const dev = 'gs://cody-gateway-dev-releases';

let cloud: LocalCloud;
let dir: string;
let envs: string;
let calls: () => string[];
let bin: string;

before(async () => {
  cloud = await startCloud({
    env: { CODY_GATEWAY_REDIS_BUDGET: '20s', CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '100000' },
  });
  dir = mkdtempSync(path.join(tmpdir(), 'deploy-command-'));
  envs = path.join(dir, 'envs');
  cpSync(path.resolve(import.meta.dirname, '../../terraform/envs'), envs, { recursive: true });
  ({ bin, calls } = installPrograms(dir));
});
after(async () => {
  rmSync(dir, { recursive: true });
  await cloud.stop();
});

/** What is checked out, and what else a plan would touch. */
function checkedOut(
  build: 1 | 2,
  { dirty = false, others = [] as string[], remotes = 'main\nfeature', applyFails = false } = {},
): void {
  const git = {
    'status --porcelain': dirty ? ' M README.md' : '',
    'rev-list --count HEAD': String(build),
    log: String(Date.UTC(2026, 10, 24) / 1000),
    'rev-parse HEAD': commits[build - 1]?.padEnd(40, '0'),
    'branch --remotes --contains HEAD --format=%(refname:lstrip=3)': remotes,
  };
  writeFileSync(path.join(dir, 'facts.json'), JSON.stringify({ git, others, applyFails }));
}

interface Outcome {
  /** The error's message, or null. */
  readonly error: string | null;
  readonly calls: readonly string[];
  /** What a command with --json wrote. */
  readonly rows: readonly Record<string, unknown>[];
  readonly text: string;
}

/**
 * A process of its own: the programs that it waits for must not hold up the gateway's stand-ins, which live in this
 * one.
 */
const program = `
  import { main } from '${path.join(import.meta.dirname, 'deploy.ts')}';
  const [envs, ...args] = process.argv.slice(1);
  await main(args, envs).catch((error) => console.log('ERROR ' + JSON.stringify(error.message)));`;

async function start(...args: string[]): Promise<Outcome> {
  const already = calls().length;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program, '--', envs, ...args], {
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, E2E_GATEWAY_TOKEN: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = Buffer.concat((await child.stdout.toArray()) as Buffer[])
    .toString()
    .split('\n');
  const told = (word: string): unknown =>
    JSON.parse(lines.find((line) => line.startsWith(word))?.slice(word.length) ?? 'null');
  const error = told('ERROR ') as string | null;
  return {
    // What the smoke test said is the reason.
    error: error === null ? null : [error, ...lines.filter((line) => line.startsWith('FAILED'))].join('\n'),
    calls: calls()
      .slice(already)
      .filter((call) => !call.startsWith('git')),
    rows: args.includes('--json') && error === null ? (JSON.parse(lines.join('\n')) as Outcome['rows']) : [],
    text: lines.join('\n'),
  };
}

async function run(...args: string[]): Promise<Outcome> {
  const smoked = ['--token', cloud.token, '--endpoint', cloud.url];
  if (args[0] === 'status' || args[0] === 'traffic') return start(...args, '--json');
  return args.includes('prod') || args.includes('--upload-only') ? start(...args) : start(...args, ...smoked);
}

const runs = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries((await run('status', 'limits', '--env', 'dev')).rows.map((row) => [row['function'], row['tag']]));

test('dev: built, uploaded under its tag and as insiders, applied alone, smoke tested', async () => {
  checkedOut(1);
  const { error, calls: told } = await run('deploy', 'limits', '--env', 'dev');
  const made = [...told];
  assert.equal(error, null);
  assert.equal(made[0], `gcloud storage ls ${dev}/limits/`);
  // What is in the release, beside it.
  assert.match(
    made.splice(1, 1)[0] ?? '',
    new RegExp(`^gcloud storage cp --no-clobber \\S+/limits\\.cdx\\.json ${dev}/limits/${tag(1)}\\.cdx\\.json$`),
  );
  // Nobody else rolls out meanwhile.
  assert.match(
    made.splice(2, 1)[0] ?? '',
    new RegExp(`^gcloud storage cp --if-generation-match=0 \\S+ ${dev}/deploying$`),
  );
  assert.equal(made.pop(), `gcloud storage rm ${dev}/deploying`);
  // What insiders is so far.
  assert.match(made.splice(2, 1)[0] ?? '', /^gcloud storage objects describe \S+\/limits\/insiders\.zip /);
  assert.match(
    made[1] ?? '',
    new RegExp(`^gcloud storage cp --no-clobber \\S+/limits\\.zip ${dev}/limits/${tag(1)}\\.zip$`),
  );
  assert.equal(
    made[2],
    `gcloud storage cp ${dev}/limits/${tag(1)}.zip ${dev}/limits/insiders.zip --custom-metadata=tag=${tag(1)}`,
  );
  assert.deepEqual(
    made.slice(3).map((call) => call.split(' ')[2]),
    ['init', 'plan', 'show', 'apply'],
  );
  assert.match(made[4] ?? '', / -target=module\.gateway\.module\.function\["limits"\]$/);
  assert.deepEqual(await runs(), { limits: tag(1) });
});

test('a tag is never written twice; the next one is, and a roll-back returns to the one before', async () => {
  const release = path.join(dir, 'bucket/cody-gateway-dev-releases/limits', `${tag(1)}.zip`);
  writeFileSync(release, 'as it was uploaded');
  checkedOut(1);
  assert.equal((await run('deploy', 'limits', '--env', 'dev')).error, null);
  assert.equal(readFileSync(release, 'utf8'), 'as it was uploaded');
  checkedOut(2);
  assert.equal((await run('deploy', 'limits', '--env', 'dev')).error, null);
  assert.deepEqual(await runs(), { limits: tag(2) });
  assert.equal((await run('rollback', 'limits', '--env', 'dev')).error, null);
  assert.deepEqual(await runs(), { limits: tag(1) });
  const { error } = await run('rollback', 'limits', '--env', 'dev');
  assert.match(error ?? '', new RegExp(`limits has no earlier release; there are .*${tag(2)}`));
  assert.equal((await run('rollback', 'limits', '--env', 'dev', '--to', tag(2))).error, null);
  assert.deepEqual(await runs(), { limits: tag(2) });
  assert.match(
    (await run('rollback', 'limits', '--env', 'dev', '--to', 'insiders')).error ?? '',
    /no insiders release/,
  );
});

test('a plan that would touch more is not applied', async () => {
  const neighbour = 'module.gateway.module.function["chat-completions"].google_cloudfunctions2_function.this';
  checkedOut(1, { others: [neighbour] });
  const { error, calls: made } = await run('deploy', 'limits', '--env', 'dev');
  assert.ok(error?.includes(neighbour) === true && error.includes('Nothing was applied'), error ?? '');
  assert.ok(!made.some((call) => call.split(' ')[2] === 'apply'));
  assert.deepEqual(await runs(), { limits: tag(2) });
  // Nor does it wait for the next apply of anybody.
  assert.deepEqual((await run('status', 'limits', '--env', 'dev')).rows[0]?.['not yet'], '');
});

test('an apply that fails leaves nothing for the next apply of anybody', async () => {
  checkedOut(1, { applyFails: true });
  assert.match((await run('deploy', 'limits', '--env', 'dev')).error ?? '', /quota exceeded/);
  assert.deepEqual((await run('status', 'limits', '--env', 'dev')).rows[0]?.['not yet'], '');
});

test('while somebody rolls out, the next one is told who it is, and moves nothing', async () => {
  const claim = path.join(dir, 'bucket/cody-gateway-dev-releases/deploying');
  writeFileSync(claim, 'ada on engine since 2026-11-24T10:00:00.000Z, with embeddings\n');
  checkedOut(1);
  const { error, calls: made } = await run('deploy', 'limits', '--env', 'dev');
  assert.match(
    error ?? '',
    /another roll-out is under way: ada on engine since .*, with embeddings\. If it is not, remove/,
  );
  assert.ok(error?.includes(`gcloud storage rm ${dev}/deploying`));
  assert.ok(!made.some((call) => call.includes('insiders.zip') || call.startsWith('terraform')));
  assert.equal(readFileSync(claim, 'utf8').slice(0, 3), 'ada');
  rmSync(claim);
});

test('status tells what is chosen and not rolled out yet', async () => {
  checkedOut(1);
  assert.equal((await run('deploy', 'limits', '--env', 'dev', '--upload-only')).error, null);
  const { rows } = await run('status', 'limits', 'embeddings', '--env', 'dev');
  assert.deepEqual(rows, [
    {
      function: 'limits',
      state: 'ACTIVE',
      tag: tag(2),
      'not yet': tag(1),
      since: '2026-11-24T10:00:00Z',
      region: 'us-central1',
      revision: 'limits-00005',
      traffic: 'all',
      url: 'https://limits.example.com',
    },
    { function: 'embeddings', state: 'not deployed', 'not yet': null },
  ]);
  const { text } = await start('status', 'limits', 'embeddings', '--env', 'dev');
  assert.match(text, /^function +state +release +since/);
  assert.match(text, /\nembeddings +not deployed/);
  assert.match(
    (await start('traffic', 'limits', '--env', 'dev')).text,
    /^revision +percent\nlimits-00005 +100 +newest/,
  );
});

test('traffic: a share for the newest, back to the one before, and a revision that waits for its share', async () => {
  const shares = async (...args: string[]): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      (await run('traffic', 'limits', '--env', 'dev', ...args)).rows.map((row) => [row['revision'], row['percent']]),
    );
  const root = path.join(envs, 'dev/main.tf');
  const text = readFileSync(root, 'utf8');
  assert.deepEqual(await shares(), { 'limits-00005': 100 });
  // Nobody shares yet: the one before does.
  assert.deepEqual(await shares('--percent', '10'), { 'limits-00004': 90, 'limits-00005': 10 });
  assert.equal((await run('status', 'limits', '--env', 'dev')).rows[0]?.['traffic'], 'not all: npm run traffic tells');
  assert.deepEqual(await shares('--percent', '0'), { 'limits-00004': 100, 'limits-00005': 0 });
  assert.deepEqual(await shares('--percent', '100'), { 'limits-00005': 100 });
  writeFileSync(root, text.replace('function_tags = {}', 'function_tags = {}\n  gradual_functions = ["limits"]'));
  checkedOut(1);
  assert.equal((await run('deploy', 'limits', '--env', 'dev')).error, null);
  assert.deepEqual(await shares(), { 'limits-00005': 100, 'limits-00006': 0 });
  assert.deepEqual(await shares('--percent', '25'), { 'limits-00005': 75, 'limits-00006': 25 });
  writeFileSync(root, text);
  assert.equal((await run('deploy', 'limits', '--env', 'dev')).error, null);
  assert.deepEqual(await shares(), { 'limits-00007': 100 });
  assert.match((await run('traffic', 'limits', '--env', 'dev', '--percent', '110')).error ?? '', /from 0 to 100/);
  assert.match((await run('traffic', 'embeddings', '--env', 'dev')).error ?? '', /embeddings is not deployed/);
});

test('prod: uploaded, and one literal edited for a pull request; nothing is applied', async () => {
  checkedOut(2);
  const file = path.join(envs, 'prod/main.tf');
  const text = readFileSync(file, 'utf8');
  const { error, calls: made } = await run('deploy', 'limits', '--env', 'prod');
  assert.equal(error, null);
  assert.deepEqual(
    made.map((call) => call.split(' ').slice(0, 3).join(' ')),
    ['gcloud storage ls', 'gcloud storage cp', 'gcloud storage cp'],
  );
  assert.ok(made[2]?.endsWith(`${prod}/limits/${tag(2)}.zip`));
  const edited = readFileSync(file, 'utf8');
  assert.notEqual(edited, text);
  const lines = edited.split('\n').filter((line) => !text.split('\n').includes(line));
  assert.deepEqual(lines, ['  function_tags = {', `    "limits" = "${tag(2)}"`, '  }']);
});

test('a region that stands by is rolled out as prod is: its own bucket and literal, no apply', async () => {
  checkedOut(2);
  const root = path.join(envs, 'prod-east');
  cpSync(path.join(envs, 'prod'), root, { recursive: true });
  const file = path.join(root, 'main.tf');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('cody-gateway-prod', 'cody-gateway-prod-east'));
  const { error, calls: made } = await start('deploy', 'limits', '--env', 'prod-east');
  assert.equal(error, null);
  assert.ok(made.at(-1)?.endsWith(`gs://cody-gateway-prod-east-releases/limits/${tag(2)}.zip`));
  assert.ok(!made.some((call) => call.startsWith('terraform')));
  assert.ok(readFileSync(file, 'utf8').includes(`"limits" = "${tag(2)}"`));
  rmSync(root, { recursive: true });
});

/** A bundle as GitHub's attestation writes it: a signed statement over digests, in a letter. */
function attest(file: string, files: readonly string[]): void {
  const subject = files.map((one) => ({
    name: path.basename(one),
    digest: { sha256: createHash('sha256').update(readFileSync(one)).digest('hex') },
  }));
  const payload = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject })).toString('base64');
  const dsseEnvelope = { payload, payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: 'c2ln' }] };
  writeFileSync(file, JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope }));
}

test('the pipeline: packed without an upload, signed, and uploaded with the statement over these very bytes', async () => {
  checkedOut(2);
  const packed = await start('deploy', 'attribution', '--env', 'dev', '--pack-only');
  assert.equal(packed.error, null);
  assert.deepEqual(packed.calls, []);
  const zip = packed.text.trim();
  assert.match(zip, /\/\.build\/releases\/attribution\.zip$/);
  const entries = execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).trim().split('\n').toSorted();
  for (const entry of ['index.js', 'package-lock.json', 'package.json']) assert.ok(entries.includes(entry), entry);
  assert.ok(!entries.some((entry) => entry.includes('node_modules') || entry.endsWith('.ts')), entries.join());

  const bundle = path.join(dir, 'bundle.json');
  const bill = zip.replace(/zip$/, 'cdx.json');
  for (const [files, said] of [
    [[], /is no Sigstore bundle with digests/],
    [[bill], /attribution\.zip \(sha256 [0-9a-f]{64}\) is not what \S+bundle\.json was signed over/],
    [[zip], /attribution\.cdx\.json \(sha256 [0-9a-f]{64}\) is not what/],
  ] as const) {
    attest(bundle, files);
    const refused = await start('deploy', 'attribution', '--env', 'prod', '--upload-only', '--provenance', bundle);
    assert.match(refused.error ?? '', said);
    assert.deepEqual(refused.calls, []);
  }

  attest(bundle, [zip, bill]);
  const { error, calls: made } = await start(
    'deploy', 'attribution', '--env', 'prod', '--upload-only', '--provenance', bundle,
  ); // prettier-ignore
  assert.equal(error, null);
  // What tells of a release is there before it is.
  assert.deepEqual(
    made
      .filter((call) => call.startsWith('gcloud storage cp'))
      .map((call) => /\.(sigstore\.json|cdx\.json|zip)$/.exec(call)?.[1]),
    ['sigstore.json', 'cdx.json', 'zip'],
  );
  const at = (kind: string): Buffer =>
    readFileSync(path.join(dir, `bucket/cody-gateway-prod-releases/attribution/${tag(2)}.${kind}`));
  const statement = JSON.parse(at('sigstore.json').toString()) as { dsseEnvelope: { payload: string } };
  const { subject } = JSON.parse(Buffer.from(statement.dsseEnvelope.payload, 'base64').toString()) as {
    subject: { name: string; digest: { sha256: string } }[];
  };
  for (const [kind, name] of [
    ['zip', 'attribution.zip'],
    ['cdx.json', 'attribution.cdx.json'],
  ] as const)
    // prettier-ignore
    assert.equal(
      subject.find((one) => one.name === name)?.digest.sha256,
      createHash('sha256').update(at(kind)).digest('hex'),
    );
});

test('prod: a commit that is on main of no remote is not uploaded', async () => {
  checkedOut(2, { remotes: 'feature' });
  const { error, calls: made } = await run('deploy', 'limits', '--env', 'prod');
  assert.match(error ?? '', /on main of no remote/);
  assert.deepEqual(made, []);
});

test('what stops a deploy is said: a dirty tree, no such function, no environment, no token, a smoke test that fails', async () => {
  checkedOut(2, { dirty: true });
  assert.match((await run('deploy', 'limits', '--env', 'dev')).error ?? '', /something is not committed/);
  checkedOut(2);
  assert.match(
    (await run('deploy', 'nothing', '--env', 'dev')).error ?? '',
    /no function nothing; there are attribution/,
  );
  assert.match((await run('deploy', '--env', 'dev')).error ?? '', /which function\?/);
  assert.match((await run('deploy', 'limits', '--env', 'staging')).error ?? '', /no environment staging/);
  assert.match((await run('deploy', 'limits')).error ?? '', /--env is missing/);
  assert.match((await run('undo', 'limits', '--env', 'dev')).error ?? '', /no command undo/);
  const bad = ['--token', `slk_${'0'.repeat(64)}`, '--endpoint', cloud.url];
  assert.match(
    (await start('deploy', 'limits', '--env', 'dev', ...bad)).error ?? '',
    /smoke test failed: npm run rollback -- limits --env dev/,
  );
  assert.match((await start('deploy', 'limits', '--env', 'dev')).error ?? '', /not smoke tested/);
});
