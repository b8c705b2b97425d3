// The rules over a plan, one by one on small plans, and the runner of mutations: what is grouped, what an edit that no
// longer fits says, what counts as caught.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readFunctionFiles } from '../functions/function-files.ts';
import mutations from './mutations.json' with { type: 'json' };
import { edited, grouped, uncaught, type Mutation } from './mutations.ts';
import { readOutput, type Resource } from './rules/resources.ts';
import { faultsIn, faultsInText } from './rules.ts';
import { standbyFaults } from './standby.ts';

const all: readonly Mutation[] = mutations;
const files = await readFunctionFiles();
const resource = (type: string, values: Record<string, unknown>, dependsOn: string[] = []): Resource => ({
  address: `${type}.it`,
  type,
  values,
  dependsOn,
});
/** What the rules say of these alone, of the faults that name them. */
const said = (...resources: Resource[]): string[] =>
  faultsIn({ env: 'prod', resources, files })
    .filter(({ address }) => address.endsWith('.it'))
    .map(({ rule, text }) => `${rule}: ${text}`);

test('a grant is allowed by its type, role and member together, whatever Terraform calls the account', () => {
  const account = resource('google_service_account', { account_id: 'fn-deliver-events', email: 'e1', member: 'm1' });
  const grant = (role: string, member: string, table = 'events'): Resource =>
    resource('google_bigquery_table_iam_member', { role, member, table_id: table });
  assert.deepEqual(said(account, grant('roles/bigquery.dataEditor', 'm1')), []);
  assert.deepEqual(said(account, grant('roles/bigquery.dataEditor', 'serviceAccount:e1')), []);
  for (const [role, member, table] of [
    ['roles/bigquery.dataOwner', 'm1', 'events'],
    ['roles/bigquery.dataEditor', 'allUsers', 'events'],
    ['roles/bigquery.dataEditor', 'm1', 'other'],
  ] as const)
    assert.match(said(account, grant(role, member, table)).join(), /^grants: \S+ has roles\/bigquery/);
  assert.match(said(resource('google_project_iam_policy', {})).join(), /google_project_iam_policy is used nowhere/);
});

test('an empty plan is no plan without faults: what must be there is missed', () => {
  const rules = new Set(faultsIn({ env: 'prod', resources: [], files }).map(({ rule }) => rule));
  for (const rule of ['needed-grants', 'protections', 'backups', 'functions', 'jobs', 'queues'])
    assert.ok(rules.has(rule), rule);
});

test('bounds and audiences', () => {
  const job = (audience: string, uri = `${audience}/`): Resource =>
    resource('google_cloud_scheduler_job', {
      name: 'sweep-leases',
      schedule: '* * * * *',
      attempt_deadline: '315s',
      http_target: [{ uri, oidc_token: [{ audience }] }],
    });
  const url = 'https://sweep-leases-123.us-central1.run.app';
  assert.deepEqual(said(job(url)), []);
  assert.match(said(job(`${url}/`)).join(), /its token is for .*run\.app\//);
  assert.match(said(job(url.replace('sweep-leases', 'limits'))).join(), /not the address of sweep-leases/);
  assert.match(said(job(url, 'https://example.com/')).join(), /another address/);
});

test('a region that stands by has nothing of the first one, and makes nothing that the first has made', () => {
  const tied = (type: string, values: Record<string, unknown>): string =>
    standbyFaults({ env: 'prod', resources: [resource(type, values)], files })
      .filter(({ rule }) => rule === 'standby')
      .map(({ text }) => text)
      .join();
  assert.match(tied('google_redis_instance', { region: 'us-central1' }), /of the first region: .*us-central1/);
  assert.match(
    tied('google_cloudfunctions2_function', { uri: 'gs://cody-gateway-prod-releases/x' }),
    /cody-gateway-prod/,
  );
  assert.equal(tied('google_redis_instance', { region: 'us-east1', project: 'cody-gateway-prod-east' }), '');
  const theirs = { project: 'telligentsourcegraph' };
  assert.match(tied('google_bigquery_table', theirs), /made it already, in telligentsourcegraph/);
  assert.match(
    tied('google_privileged_access_manager_entitlement', { parent: 'projects/telligentsourcegraph' }),
    /made it already/,
  );
  assert.equal(tied('google_bigquery_table_iam_member', theirs), '');
  assert.match(tied('google_storage_bucket', { name: 'cody-gateway-releases' }), /alone in the world/);
  assert.match(tied('google_certificate_manager_dns_authorization', { type: 'FIXED_RECORD' }), /records of their own/);
  assert.match(tied('google_cloud_scheduler_job', { name: 'close-days' }), /each letter twice/);
  assert.equal(tied('google_cloud_scheduler_job', { name: 'close-days', paused: true }), '');
});

test('of the files themselves: successors before what they replace', () => {
  const terraform = path.resolve(import.meta.dirname, '../../terraform');
  assert.deepEqual(faultsInText(terraform), []);
  assert.ok(faultsInText(path.join(terraform, 'modules/redis')).length > 5);
});

test('what Terraform tells: its resources without those that it only reads, and what it refuses', () => {
  const line = (value: object): string => JSON.stringify(value);
  const module = (mode: string): object => ({
    root_module: {
      child_modules: [
        { resources: [{ address: 'module.gateway.google_x.it', mode, type: 'google_x', values: { a: [{ b: 1 }] } }] },
      ],
    },
  });
  const output = readOutput(['not JSON', line({ type: 'test_state', test_state: module('managed') })].join('\n'));
  assert.deepEqual(output.resources, [
    { address: 'google_x.it', type: 'google_x', values: { a: [{ b: 1 }] }, dependsOn: [] },
  ]);
  const error = { diagnostic: { severity: 'error', summary: 'no', detail: 'because' } };
  assert.deepEqual(readOutput(line(error)).refused, [{ summary: 'no', detail: 'because' }]);
  assert.throws(() => readOutput(line({ type: 'test_state', test_state: module('data') })), /planned nothing/);
});

test('mutations: forty at least, none twice, most of them can be planned together', () => {
  assert.ok(all.length >= 40, String(all.length));
  const page = readFileSync(path.resolve(import.meta.dirname, '../../terraform/README.md'), 'utf8');
  assert.ok(page.includes(`makes ${all.length} dangerous edits`), 'terraform/README.md says how many there are');
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  const tree = path.resolve(import.meta.dirname, '../..');
  const read = (file: string): string => readFileSync(path.join(tree, file), 'utf8');
  const groups = grouped(all, read);
  assert.equal(groups.flat().length, all.length);
  for (const group of groups)
    assert.equal(new Set(group.map(({ rule, at }) => `${rule} ${at}`)).size, group.length, 'two of one rule and place');
  // The whole run edits all of a group one after the other.
  for (const group of groups)
    for (const { file } of group.flatMap(({ edits }) => edits))
      assert.notEqual(edited(group, file, read(file)), read(file));
  assert.ok(groups.length < all.length / 4, `${groups.length} groups: each takes Terraform ten seconds`);
  assert.ok((groups[0]?.length ?? 0) > all.length / 2, 'the gate plans the first group alone');
});

test('each mutation fits the files as they stand', () => {
  const tree = path.resolve(import.meta.dirname, '../..');
  for (const one of all)
    for (const { file } of one.edits)
      assert.notEqual(edited([one], file, readFileSync(path.join(tree, file), 'utf8')), '', one.name);
});

test('a mutation that no longer fits the files is an error, not a catch', () => {
  const [one] = all;
  assert.ok(one !== undefined);
  const [{ file, search, replace }] = one.edits as [Mutation['edits'][number]];
  assert.equal(edited([one], file, `a${search}b`), `a${replace}b`);
  assert.throws(() => edited([one], file, 'something else'), /exactly once: mend mutations\.json/);
  assert.throws(() => edited([one], file, search + search), /exactly once/);
  assert.equal(edited([one], 'another file', 'text'), 'text');
});

test('caught is what the right rule says of the right place in the right words', () => {
  const mutation = (more: Partial<Mutation>): Mutation => ({
    name: 'n',
    rule: 'r',
    at: 'it',
    says: 'word',
    edits: [],
    ...more,
  });
  const fault = { rule: 'r', address: 'module.x.it', text: 'a word' };
  assert.deepEqual(uncaught([mutation({})], [fault], []), []);
  for (const other of [{ rule: 'other' }, { at: 'that' }, { says: 'nothing' }])
    assert.equal(uncaught([mutation(other)], [fault], []).length, 1);
  const byTerraform = mutation({ rule: 'terraform' });
  assert.equal(uncaught([byTerraform], [fault], []).length, 1);
  assert.deepEqual(uncaught([byTerraform], [], [{ summary: 'no', detail: 'a\n  word' }]), []);
});
