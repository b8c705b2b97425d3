// What the pipeline does with an environment, with programs in the place of gcloud, terraform and gh: it tells of
// differences without values, and applies only what somebody looked at, what the pipeline may change and what it built.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { differences, digest, personsChanges, type Plan } from './plan.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'rollout-test-'));
const at = (name: string): string => path.join(dir, name);
after(() => rmSync(dir, { recursive: true }));

type Change = NonNullable<Plan['resource_changes']>[number];
const change = (address: string, actions: readonly string[], before: object | null, to: object | null): Change => ({
  address,
  type: address.split('.').at(-2) ?? '',
  change: { actions, before: before as never, after: to as never },
});
const limits = 'module.gateway.module.function["limits"].google_cloudfunctions2_function.this';
const rolled = change(limits, ['update'], { tag: 'a', token: 'slk_old' }, { tag: 'b', token: 'slk_new' });
const granted = change('module.gateway.google_project_iam_member.x', ['create'], null, { role: 'roles/owner' });

beforeEach(() => {
  rmSync(at('.'), { recursive: true });
  mkdirSync(at('bin'), { recursive: true });
  cpSync(path.resolve(import.meta.dirname, '../../terraform/envs'), at('envs'), { recursive: true });
  const main = at('envs/prod/main.tf');
  writeFileSync(main, readFileSync(main, 'utf8').replace(/hostname +=.*/, 'hostname = "127.0.0.1:1"'));
  const programs = {
    // Whether it got the secret's variables, never which.
    terraform: `echo "terraform $@ \${TF_VAR_slack_token:+with variables}" >> '${dir}/calls'; [ "$2" != show ] || cat '${dir}/plan'`,
    gcloud: `echo "gcloud $@" >> '${dir}/calls'
case "$*" in
  secrets*) cat '${dir}/secret' ;;
  *sigstore.json*) [ -e '${dir}/signed' ] || { echo 'ERROR: The following URLs matched no objects or files' >&2; exit 1; } ;;
esac`,
    gh: `echo "gh $@" >> '${dir}/calls'; [ ! -e '${dir}/forged' ]`,
  };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${text}\n`);
    chmodSync(at(`bin/${name}`), 0o755);
  }
  writeFileSync(at('secret'), '{"slack_token": "xoxb-1"}');
  writeFileSync(at('calls'), '');
  plan(rolled);
});

const plan = (...changes: Change[]): void => writeFileSync(at('plan'), JSON.stringify({ resource_changes: changes }));

function rollout(...args: string[]): { status: number | null; told: string; calls: string } {
  const program = `
    import { main } from '${path.join(import.meta.dirname, 'rollout.ts')}';
    import { endWith } from '${path.resolve(import.meta.dirname, '../terminal/usage-error.ts')}';
    const [envs, ...args] = process.argv.slice(1);
    await main(args, envs).then((code) => (process.exitCode = code), (error) => endWith(error, 'rollout'));`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', program, '--', at('envs'), ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${at('bin')}:${process.env['PATH'] ?? ''}`, TF_VAR_slack_token: undefined },
    },
  );
  return { status, told: stdout + stderr, calls: readFileSync(at('calls'), 'utf8') };
}

test('differences are told by address and argument, never by value; equal plans have one digest', () => {
  const lines = differences({ resource_changes: [rolled, granted, change('a.b', ['no-op'], {}, {})] });
  assert.deepEqual(lines, [`update ${limits}: tag, token`, 'create module.gateway.google_project_iam_member.x']);
  assert.equal(digest({ resource_changes: [rolled, granted] }), digest({ resource_changes: [granted, rolled] }));
  assert.notEqual(
    digest({ resource_changes: [rolled] }),
    digest({ resource_changes: [change(limits, ['update'], { tag: 'a' }, { tag: 'c' })] }),
  );
});

test('a person’s are grants, stores, secrets, ways in, channels, and whatever goes', () => {
  const of = (type: string, ...actions: string[]): string[] =>
    personsChanges({ resource_changes: [change(`${type}.x`, actions, {}, {})] });
  for (const type of ['google_monitoring_alert_policy', 'google_cloud_tasks_queue', 'terraform_data'])
    assert.deepEqual(of(type, 'update'), [], type);
  for (const type of [
    'google_project_iam_member',
    'google_redis_instance',
    'google_secret_manager_secret_version',
    'google_compute_url_map',
    'google_monitoring_notification_channel',
    'google_iam_workload_identity_pool_provider',
  ])
    assert.equal(of(type, 'update').length, 1, type);
  assert.equal(of('google_cloudfunctions2_function', 'delete').length, 1);
  assert.equal(of('google_cloudfunctions2_function', 'delete', 'create').length, 1);
});

test('a look changes nothing, takes no lock, gives the digest on, and says what is a person’s', () => {
  const { status, told, calls } = rollout('--env', 'prod', '--output', at('output'));
  assert.equal(status, 0, told);
  assert.equal(told, `update ${limits}: tag, token\n`);
  assert.match(calls, /terraform -chdir=\S+prod plan -input=false -out=\S+ -lock=false with variables/);
  assert.doesNotMatch(calls, / apply /);
  assert.equal(readFileSync(at('output'), 'utf8'), `changes=true\ndigest=${digest({ resource_changes: [rolled] })}\n`);
  plan(granted);
  assert.match(
    rollout('--env', 'prod').told,
    /a person applies this, not the pipeline: module\.gateway\.google_project/,
  );
});

test('drift is a difference: 1, and 0 without any', () => {
  assert.equal(rollout('--env', 'prod', '--drift').status, 1);
  plan();
  const { status, told } = rollout('--env', 'prod', '--drift');
  assert.deepEqual([status, told], [0, 'nothing differs\n']);
});

test('an apply is of the plan that was looked at, and says where nobody smoke tested', () => {
  const looked = digest({ resource_changes: [rolled] });
  const { status, told, calls } = rollout('--env', 'prod', '--apply', '--digest', looked);
  assert.equal(status, 0, told);
  assert.match(told, /applied, but not smoke tested/);
  assert.match(calls, /terraform \S+ apply -input=false \S+ with variables\n$/);
  assert.doesNotMatch(calls, /-lock=false/);
  const other = rollout('--env', 'prod', '--apply', '--digest', '0'.repeat(64));
  assert.equal(other.status, 1);
  assert.match(other.told, /another one than was looked at: nothing was applied/);
  assert.equal(other.calls.match(/ apply /g)?.length, 1);
});

test('an apply that touches what is a person’s does nothing at all', () => {
  plan(rolled, granted);
  const { status, told, calls } = rollout('--env', 'prod', '--apply');
  assert.equal(status, 1);
  assert.match(
    told,
    /a person applies this with terraform apply: module\.gateway\.google_project_iam_member\.x\. Nothing was applied/,
  );
  assert.doesNotMatch(calls, / apply /);
});

test('a function runs only what the pipeline built and signed', () => {
  const apply = (): ReturnType<typeof rollout> => rollout('--env', 'prod', '--apply', '--provenance-of', 'a/b');
  const unsigned = apply();
  assert.match(unsigned.told, /limits 1_\S+ has no provenance/);
  writeFileSync(at('signed'), '');
  writeFileSync(at('forged'), '');
  assert.match(apply().told, /gh attestation verify/);
  assert.doesNotMatch(readFileSync(at('calls'), 'utf8'), /terraform \S+ apply/);
  rmSync(at('forged'));
  const { status, told, calls } = apply();
  assert.equal(status, 0, told);
  assert.match(
    calls,
    /gh attestation verify \S+limits\.zip --bundle=\S+ --repo=a\/b --signer-workflow=a\/b\/\.github\/workflows\/main\.yml --source-ref=refs\/heads\/main\n.*apply/,
  );
});

test('a smoke test that fails is said, with what to do', () => {
  writeFileSync(at('secret'), '{"slack_token": "xoxb-1", "synthetic_token": "slk_1"}');
  const { status, told } = rollout('--env', 'prod', '--apply');
  assert.equal(status, 1);
  assert.match(told, /applied, but the smoke test failed: terraform\/README\.md, "Roll-back"/);
});

test('a secret that is empty or no JSON is said without what is in it', () => {
  for (const text of ['', 'xoxb-secret', '{"slack_token": 3}', 'null']) {
    writeFileSync(at('secret'), text);
    const { status, told, calls } = rollout('--env', 'prod');
    assert.equal(status, 1);
    assert.match(told, /cody-gateway-pipeline-variables of cody-gateway-prod holds no JSON with slack_token/);
    assert.doesNotMatch(told, /xoxb-secret/);
    assert.doesNotMatch(calls, /terraform/);
  }
  assert.ok(!existsSync(at('envs/prod/plan')));
});

test('words that do not go together', () => {
  for (const [args, said] of [
    [[], /--env is missing/],
    [['--env', 'stage'], /no environment stage/],
    [['--env', 'dev', '--digest', 'x'], /need --apply/],
    [['--env', 'dev', '--apply', '--drift'], /give one/],
  ] as const) {
    const { status, told } = rollout(...args);
    assert.equal(status, 2);
    assert.match(told, said);
  }
});
