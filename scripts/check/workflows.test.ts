// The workflows hold their rules, each rule sees what breaks it, actionlint is really run; Terraform and the workflows
// name the same accounts; the nightly issue is opened once; updates are looked for where there is something.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { workflowFaults } from './workflows.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const names = globSync('.github/workflows/*.yml', { cwd: root });
const files = new Map(names.map((name) => [name, read(name)]));

test('the workflows as they are', () => {
  assert.ok(names.length >= 4);
  assert.deepEqual(workflowFaults(files), []);
});

const edits: readonly (readonly [file: string, from: string | RegExp, to: string, said: RegExp])[] = [
  ['test', '  pull_request:', '  pull_request_target:', /pull_request_target gives/],
  ['test', 'permissions: {}', 'permissions: write-all', /permissions: \{\} is missing/],
  ['test', 'contents: read', 'contents: write', /test: a pull request may write/],
  ['test', /concurrency:\n(  .*\n)+/, '', /concurrency is missing/],
  ['test', /    timeout-minutes: \d+\n/, '', /test: timeout-minutes is missing/],
  ['test', /    permissions:\n      contents: read\n/, '', /test: permissions are missing/],
  ['test', /checkout@[0-9a-f]{40}/, 'checkout@v6', /actions\/checkout@v6 is not pinned/],
  ['test', /checkout@[0-9a-f]{40}/, `checkout@${'0'.repeat(40)}`, /actions\/checkout is pinned to two commits/],
  ['test', / # v6\.0\.2/, '', /actions\/checkout has no version/],
  ['test', /          persist-credentials: false\n/, '', /checkout leaves its token behind/],
  ['main', '$BUNDLE"', '${{ steps.provenance.outputs.bundle-path }}"', /release: an expression in a shell/],
  ['main', 'vars.DEV_IDENTITY_PROVIDER }}', 'secrets.PROVIDER }}', /reads a secret/],
  ['main', '    environment: releases\n', '', /Google refuses uploader in the environment \(none\)/],
  ['main', 'pipeline-planner@', 'pipeline-deployer@', /plan: nobody agrees to what deployer does/],
  ['main', 'pipeline-planner@', 'owner@', /plan: who is owner@/],
  ['rollout', /    environment: \$.*\n/, '', /apply: nobody agrees to what deployer does/],
];

test('each rule sees the edit that breaks it', () => {
  for (const [name, from, to, said] of edits) {
    const file = `.github/workflows/${name}.yml`;
    const text = files.get(file) ?? '';
    const edited = text.replace(from, () => to);
    assert.notEqual(edited, text, String(from));
    assert.match(workflowFaults(new Map([...files, [file, edited]])).join('\n'), said);
  }
  assert.deepEqual(workflowFaults(new Map()), ['there is no workflow']);
});

test('actionlint is run, and a fault of its ends the check', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'workflows-'));
  try {
    for (const file of ['scripts/check/workflows.ts', 'package.json'])
      cpSync(path.join(root, file), path.join(dir, file));
    symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
    cpSync(path.join(root, '.github'), path.join(dir, '.github'), { recursive: true });
    const check = (): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, ['--no-warnings', 'scripts/check/workflows.ts'], { cwd: dir, encoding: 'utf8' });
    assert.equal(check().status, 0);
    const file = path.join(dir, '.github/workflows/main.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('needs: release', 'needs: realease'));
    const { status, stderr } = check();
    assert.equal(status, 1);
    assert.match(String(stderr), /realease/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('accounts are of the roots’ projects, and Terraform is one version', () => {
  const all = [...files.values()].join('\n');
  const projects = ['prod', 'dev'].map(
    (env) => /project_id = "([^"]+)"/.exec(read(`terraform/envs/${env}/main.tf`))?.[1],
  );
  for (const [, project = ''] of all.matchAll(/pipeline-\w+@([a-z-]+)\.iam/g))
    assert.ok(projects.includes(project), project);
  // The others are `cody-gateway-` and the environment's name.
  assert.deepEqual(projects, ['cody-gateway-prod', 'cody-gateway-dev']);
  assert.equal(new Set([...all.matchAll(/terraform_version: (\S+)/g)].map(([, version]) => version)).size, 1);
});

test('what fails at night is one issue, then comments on it', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'open-issue-'));
  try {
    const gh = path.join(dir, 'bin/gh');
    mkdirSync(path.dirname(gh));
    writeFileSync(
      gh,
      `#!/bin/sh\nif [ "$2" = list ]; then exec cat '${dir}/open'; fi\necho "$@" >> '${dir}/calls'\nfor last; do :; done\ncp "$last" '${dir}/body'\n`,
    );
    chmodSync(gh, 0o755);
    const told = path.join(dir, 'told');
    writeFileSync(told, 'update module.gateway.google_x.y: labels\n');
    const run = (title: string): ReturnType<typeof spawnSync> =>
      spawnSync(path.join(root, '.ci/open-issue'), [title, told], {
        encoding: 'utf8',
        env: {
          PATH: `${dir}/bin:${process.env['PATH'] ?? ''}`,
          GITHUB_REPOSITORY: 'a/b',
          GITHUB_SERVER_URL: 'https://github.com',
          GITHUB_RUN_ID: '7',
        },
      });
    const open = (issue: string): void => writeFileSync(path.join(dir, 'open'), `${issue}\n`);
    open('3 prod differs from its files, too');
    const { status, stderr } = run('prod differs');
    assert.equal(status, 0, String(stderr));
    assert.match(
      readFileSync(path.join(dir, 'calls'), 'utf8'),
      /^issue create --repo a\/b --title prod differs --body-file/,
    );
    const body = readFileSync(path.join(dir, 'body'), 'utf8');
    assert.match(
      body,
      /^https:\/\/github\.com\/a\/b\/actions\/runs\/7\n~~~~\nupdate module\.gateway\.google_x\.y: labels\n/,
    );
    open('5 prod differs');
    assert.equal(run('prod differs').status, 0);
    assert.match(readFileSync(path.join(dir, 'calls'), 'utf8'), /\nissue comment 5 --repo a\/b --body-file/);
    rmSync(told);
    assert.equal(run('prod differs').status, 0);
    assert.match(readFileSync(path.join(dir, 'body'), 'utf8'), /It ended before it said anything/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('updates are looked for in folders that have something to update, each kind grouped', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: readonly { 'package-ecosystem': string; directory?: string; directories?: string[]; groups?: object }[];
  };
  const found: Readonly<Record<string, string>> = {
    npm: 'package.json',
    'github-actions': '.github/workflows/*.yml',
    terraform: '*.tf',
  };
  assert.deepEqual(updates.map((update) => update['package-ecosystem']).toSorted(), Object.keys(found).toSorted());
  for (const { 'package-ecosystem': kind, directory, directories = [directory ?? ''], groups } of updates) {
    assert.ok(groups !== undefined, kind);
    for (const folder of directories)
      assert.ok(globSync(`.${folder}/${found[kind] ?? '?'}`, { cwd: root }).length > 0, `${kind}: ${folder}`);
  }
});
