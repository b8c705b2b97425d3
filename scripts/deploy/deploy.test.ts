// What a deploy decides without a cloud: a commit's tag, the release before one, the literal that is edited, what a
// plan may touch.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { unrelatedChanges } from './plan.ts';
import { composeTag, previousTag } from './release-tag.ts';
import { readRoot, writeTags } from './root-file.ts';

const envs = path.resolve(import.meta.dirname, '../../terraform/envs');

test('a tag is the handbook’s: build, day, version, commit', () => {
  const facts = {
    count: 218287,
    committedSeconds: Date.UTC(2023, 4, 10, 23, 59, 59) / 1000,
    version: '5.0.3',
    commit: '5bd03cd18e71aaaaaaaa',
  };
  assert.equal(composeTag(facts), '218287_2023-05-10_5.0-5bd03cd18e71');
  assert.throws(() => composeTag({ ...facts, commit: 'HEAD' }), /no release tag/);
});

test('the release before is the one with the next lower build number, whatever the order and whatever else lies there', () => {
  const tags = [
    'insiders',
    '9_2026-01-02_0.1-aaaaaaaaaaaa',
    '100_2026-01-04_0.1-bbbbbbbbbbbb',
    '10_2026-01-03_0.1-cccccccccccc',
  ];
  assert.equal(previousTag(tags, '100_2026-01-04_0.1-bbbbbbbbbbbb'), '10_2026-01-03_0.1-cccccccccccc');
  assert.equal(previousTag(tags, '10_2026-01-03_0.1-cccccccccccc'), '9_2026-01-02_0.1-aaaaaaaaaaaa');
  assert.equal(previousTag(tags, '9_2026-01-02_0.1-aaaaaaaaaaaa'), null);
});

test('both roots are read, and one function’s tag is written without touching another line', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'deploy-test-'));
  try {
    await cp(envs, dir, { recursive: true });
    assert.equal(readRoot('dev', dir).imageTag, 'insiders');
    const before = readRoot('prod', dir);
    assert.equal(before.project, 'cody-gateway-prod');
    const all = ['attribution', 'chat-completions', 'limits'];
    const write = (tags: Record<string, string>): void => writeTags(readRoot('prod', dir), tags, all);
    write({ limits: '2_2026-11-24_0.1-111111111111' });
    write({ 'chat-completions': '3_2026-11-25_0.1-222222222222' });
    write({ limits: '4_2026-11-26_0.1-333333333333' });
    const after = readRoot('prod', dir);
    assert.deepEqual(after.functionTags, {
      ...before.functionTags,
      'chat-completions': '3_2026-11-25_0.1-222222222222',
      limits: '4_2026-11-26_0.1-333333333333',
    });
    const rest = (text: string): string => text.replace(/function_tags = \{[^}]*\}/, '');
    const file = 'prod/main.tf';
    assert.equal(
      rest(await readFile(path.join(dir, file), 'utf8')),
      rest(await readFile(path.join(envs, file), 'utf8')),
    );
    // As the gate wants it, after an entry, several, and none.
    const written = readFile(path.join(dir, file), 'utf8');
    assert.match(
      await written,
      /^ {2}image_tag = "[^"]+"\n\n {2}function_tags = \{\n {4}"chat-completions" = "3_\S+"\n {4}"limits" {11}= "4_\S+"\n {2}\}\n\n/m,
    );
    formatted(path.join(dir, 'prod'));
    // All to one release: the literal of all of them says so, and stays of use.
    const together = '5_2026-11-27_0.1-444444444444';
    write(Object.fromEntries(all.map((name) => [name, together])));
    assert.deepEqual([readRoot('prod', dir).imageTag, readRoot('prod', dir).functionTags], [together, {}]);
    formatted(path.join(dir, 'prod'));
    // One that returns to what all have needs no entry.
    write({ limits: '4_2026-11-26_0.1-333333333333' });
    write({ limits: together });
    assert.deepEqual(readRoot('prod', dir).functionTags, {});
    assert.throws(() => readRoot('staging', dir), /no environment staging/);
  } finally {
    await rm(dir, { recursive: true });
  }
});

/** By Terraform itself where it is installed, as .ci/run has it; the form is compared above in any case. */
function formatted(dir: string): void {
  const { status, error, stdout } = spawnSync('terraform', ['fmt', '-check', '-diff', dir], { encoding: 'utf8' });
  if (error === undefined) assert.equal(status, 0, stdout);
}

test('a plan that touches more than the function is found out', () => {
  const change = (address: string, ...actions: string[]) => ({ address, change: { actions } });
  const own = 'module.gateway.module.function["limits"].google_cloudfunctions2_function.this';
  const other = 'module.gateway.module.function["limits-2"].google_cloudfunctions2_function.this';
  const plan = {
    resource_changes: [
      change(own, 'update'),
      change(other, 'no-op'),
      change('module.gateway.data.google_project.this', 'read'),
    ],
  };
  assert.deepEqual(unrelatedChanges(plan, ['limits']), []);
  assert.deepEqual(
    unrelatedChanges({ resource_changes: [...plan.resource_changes, change(other, 'delete', 'create')] }, ['limits']),
    [other],
  );
});
