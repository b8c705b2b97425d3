// Every command of the operators' pages exists: npm scripts, the gateway command's own, gcloud's, outputs of the
// roots, chapters, members of log lines.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { variables } from '@cody-gateway/shared/config';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const pages = globSync('terraform/**/*.md', { cwd: root });

/** What a program says of itself. */
const helpOf = (file: string, ...words: string[]): string =>
  spawnSync(process.execPath, ['--no-warnings', path.join(root, file), ...words, '--help'], { encoding: 'utf8' })
    .stdout;
/** Flags of a command line, up to where its code ends. */
const flagsOf = (line: string): string[] => [...line.matchAll(/ --([a-z-]+)/g)].map(([, flag = '']) => flag);

/** Flags that stand outside of brackets in a usage. */
const requiredOf = (help: string): string[] => {
  const [usage = ''] = help.split('\n\n');
  return flagsOf(
    (usage.split('\n       npm run')[0] ?? '').replaceAll(/\[[^\]]*\]|\([^)]*\)/g, '').replaceAll(/\s+/g, ' '),
  );
};

test('npm scripts and commands of npm run gateway, with their flags', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const helps = new Map<string, string>();
  const help = (name: string, ask: () => string): string => {
    const known = helps.get(name) ?? ask();
    helps.set(name, known);
    return known;
  };
  let seen = 0;
  for (const page of [...pages, 'README.md'])
    for (const [line, name = '', rest = ''] of read(page).matchAll(/npm run (?:--silent )?([a-z:-]+)([^`\n]*)/g)) {
      const entry = scripts[name];
      assert.ok(entry !== undefined, `${page}: npm run ${name}`);
      seen++;
      const command = name === 'gateway' ? (/^ -- ([a-z][a-z-]*(?: [a-z][a-z-]*)?)/.exec(rest)?.[1] ?? '') : '';
      const words = entry.split(' ');
      const [file = '', ...fixed] = words.slice(words.findIndex((word) => /^scripts\/.*\.ts$/.test(word)));
      const own = flagsOf(rest.replace(/^ --(?= )/, ''));
      if (own.length === 0 && command === '') continue;
      const text = help(`${name} ${command}`, () =>
        helpOf(file, ...fixed, ...command.split(' ').filter((word) => word !== '')),
      );
      if (command !== '') assert.ok(text.startsWith(`usage: npm run gateway -- ${command}`), `${page}: ${line}`);
      for (const flag of own)
        assert.ok(flag === 'help' || text.includes(`--${flag}`), `${page}: ${line}: --${flag} is not in its help`);
      // A line to be pasted says all that its command asks for.
      if (command.includes(' ') && own.length > 0 && !own.includes('help'))
        for (const flag of requiredOf(text)) assert.ok(own.includes(flag), `${page}: ${line}: --${flag} is missing`);
    }
  assert.ok(seen > 40 && helps.size > 8, `${seen}, ${helps.size}`);
});

/**
 * Words of a command, then the flags that it takes, of those that we use. By Google's reference of gcloud and bq; a
 * new one is looked up there and added.
 */
const forms: Readonly<Record<string, string>> = {
  'gcloud auth application-default login': '',
  'gcloud auth login': '',
  'gcloud billing accounts add-iam-policy-binding': 'member role',
  'gcloud billing projects link': 'billing-account',
  'gcloud beta services identity create': 'service project',
  'gcloud compute ssh': 'project zone tunnel-through-iap',
  'gcloud certificate-manager certificates list': 'project',
  'gcloud firestore backups list': 'project',
  'gcloud firestore databases clone': 'source-database snapshot-time destination-database project',
  'gcloud firestore databases restore': 'source-backup destination-database project',
  'gcloud firestore export': 'database project',
  'gcloud firestore import': 'database project',
  'gcloud org-policies reset': 'project',
  'gcloud org-policies set-policy': '',
  'gcloud logging read': 'project freshness limit format',
  'gcloud projects create': 'organization',
  'gcloud redis instances describe': 'project region format',
  'gcloud redis instances failover': 'project region data-protection-mode',
  'gcloud redis instances get-auth-string': 'project region format',
  'gcloud redis instances update': 'project region enable-auth no-enable-auth',
  'gcloud scheduler jobs describe': 'location project',
  'gcloud scheduler jobs pause': 'location project',
  'gcloud scheduler jobs resume': 'location project',
  'gcloud scheduler jobs run': 'location project',
  'gcloud secrets delete': 'project',
  'gcloud secrets versions add': 'project data-file',
  'gcloud secrets versions disable': 'secret project',
  'gcloud secrets versions list': 'project',
  'gcloud services enable': 'project',
  'gcloud storage buckets create': 'project location uniform-bucket-level-access',
  'gcloud storage buckets update': 'versioning',
  'gcloud tasks list': 'queue location project',
  'gcloud tasks queues delete': 'location project',
  'gcloud tasks queues describe': 'location project',
  'gcloud tasks queues resume': 'location project',
  'bq show': 'schema format',
  'bq query': 'use_legacy_sql project_id parameter',
};

test('commands of gcloud and bq, their flags, and the project they are meant for', () => {
  const used = new Set<string>();
  for (const page of pages)
    for (const [command] of read(page).matchAll(/(?:\bgcloud|\bbq) [a-z][^`\n]*/g)) {
      const form = Object.keys(forms).find(
        (words) => command.startsWith(`${words} `) || command.trimEnd().startsWith(words),
      );
      if (form === undefined) {
        // A sentence about the program, not a command.
        assert.match(command, /^gcloud (and|storage|so)\b|^gcloud [a-z]+[),]/, `${page}: ${command}`);
        continue;
      }
      used.add(form);
      // Behind ` -- ` stand the flags of ssh; in quotes stands what is read.
      const own = command.replace(/ -- .*/, '').replace(/'[^']*'|"[^"]*"/g, '');
      for (const [, flag = ''] of own.matchAll(/ --([a-z_-]+)/g))
        assert.ok(forms[form]?.split(' ').includes(flag), `${page}: ${form} --${flag}`);
      if (
        / (--project=|--project_id=|update gs:|(?:create|link) cody-gateway-\$ENV )/.test(own) ||
        form.startsWith('gcloud auth') ||
        form.startsWith('gcloud billing accounts') ||
        // Of a file that names it; of a table that does.
        form === 'gcloud org-policies set-policy' ||
        form === 'bq show'
      )
        continue;
      assert.fail(`${page}: ${command} does not name its project`);
    }
  assert.deepEqual([...used].toSorted(), Object.keys(forms).toSorted());
});

test('members of log lines that are searched for are written by the code', () => {
  const code = globSync(['shared/src/**/*.ts', 'functions/*/*.ts'], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map(read)
    .join('\n');
  let seen = 0;
  for (const page of pages)
    for (const [, members = ''] of read(page).matchAll(/jsonPayload\.([a-z_.]+)/g))
      for (const member of members.split('.')) {
        seen++;
        assert.match(code, new RegExp(`\\b${member}\\b`), `${page}: ${members}`);
      }
  assert.ok(seen > 10);
});

test('lines that are searched for by their message are lines that the code writes', () => {
  const code = globSync(['shared/src/**/*.ts', 'functions/**/*.ts'], { cwd: root })
    .filter((file) => !/node_modules|\.test[./]/.test(file))
    .map(read)
    .join('\n');
  const faults: string[] = [];
  let seen = 0;
  for (const page of pages)
    for (const [, pattern, text = ''] of read(page).matchAll(/jsonPayload\.message=(~?)"(\^?[^"]*)"/g)) {
      seen++;
      const words = text.replace('^', '');
      const whole = ["'", '`'].some((quote) => code.includes(quote + words + quote));
      const begun = ["'", '`'].some((quote) => code.includes(quote + words));
      if (!(pattern === '' ? whole : text.startsWith('^') ? begun : code.includes(words)))
        faults.push(`${page}: no line has the message that is asked for: ${text}`);
    }
  assert.deepEqual(faults, []);
  assert.ok(seen > 8, String(seen));
});

test('the way from x-trace asks for the field that the code writes, with the header that it sends', () => {
  const chapter = /^## From x-trace to the trace\n([\s\S]*?)^## /m.exec(read('terraform/README.md'))?.[1] ?? '';
  assert.match(chapter, /"trace=\\"projects\/cody-gateway-\$ENV\/traces\/\$TRACE\\""/);
  assert.match(
    read('shared/src/telemetry/log.ts'),
    /'logging\.googleapis\.com\/trace'\][^;]*`projects\/\$\{[^}]+\}\/traces\/\$\{trace\.traceId\}`/,
  );
  assert.match(read('shared/src/telemetry/scope.ts'), /'x-trace': traceId/);
});

test('outputs of the roots, chapters of the README, folders', () => {
  const chapters = [...read('terraform/README.md').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
  for (const page of pages) {
    const text = read(page);
    for (const [, name = ''] of text.matchAll(/terraform -chdir=\S+ output (?:-json )?([a-z]+)/g))
      for (const env of ['prod', 'dev'])
        assert.match(read(`terraform/envs/${env}/outputs.tf`), new RegExp(`^output "${name}"`, 'm'), page);
    for (const [, title = ''] of text.matchAll(
      /"([A-Z][a-z]+ [a-z]+)" in terraform\/README|terraform\/README\.md, "([^"]+)"/g,
    ))
      if (title !== '') assert.ok(chapters.includes(title), `${page}: ${title}`);
  }
});

test('every secret has a row under "Rotating secrets", and every row is a secret that a function reads', () => {
  const chapter = /^## Rotating secrets\n([\s\S]*?)^## /m.exec(read('terraform/README.md'))?.[1] ?? '';
  const rows = [...chapter.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, name = '']) => name);
  const named = Object.values<{ readonly name: string; readonly kind: string }>(variables).flatMap(({ name, kind }) =>
    kind === 'secret' ? [name.toLowerCase().replaceAll('_', '-')] : [],
  );
  assert.deepEqual(rows.toSorted(), named.toSorted());
  // As terraform/modules/secrets names them, and what Terraform itself keeps beside them.
  assert.match(read('terraform/modules/secrets/main.tf'), /lower\(replace\(variable, "_", "-"\)\)/);
  for (const other of ['redis-ca', 'redis-password', 'slack_token', 'opsgenie_url'])
    assert.ok(chapter.includes(other), other);
});

test('what the issue of operations asks for has a chapter of its own', () => {
  const chapters = [...read('terraform/README.md').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
  assert.deepEqual(chapters, [
    'What only Google can prove',
    'A project from nothing',
    'By hand',
    'Whose address it is: not proven yet',
    'Roll-out',
    'Roll-back',
    'Pipeline',
    "The operator's command",
    'Redis debugging',
    'Rotating secrets',
    'Final days, and prices that change afterwards',
    'Replaying events',
    'Redis loss',
    'Region lost',
    'Firestore restored',
    'What is there already',
    'Taking something away',
    'Vertex AI',
    'From x-trace to the trace',
    'Provider outage',
    "Deleting a customer's data",
  ]);
});

test('every runbook begins with what mends it fastest, or says that nothing is lost meanwhile', () => {
  const fastest =
    /`(npm run traffic -- (\S+) --env \$ENV --percent 0|npm run gateway -- (models|providers|subscriptions) disable |npm run gateway -- homes drain |gcloud (tasks queues|scheduler jobs) resume )/;
  const runbooks = globSync('terraform/runbooks/*.md', { cwd: root });
  assert.ok(runbooks.length > 30);
  const functions = globSync('functions/*/function.json', { cwd: root }).map((file) =>
    path.basename(path.dirname(file)),
  );
  for (const page of runbooks) {
    const [, first = '', text = ''] = /^## (.+)\n\n([^#]+)/m.exec(read(page)) ?? [];
    assert.equal(first, 'At once', page);
    const named = fastest.exec(text);
    assert.ok(named !== null || text.startsWith('Nothing'), `${page}: ${text}`);
    const moved = named?.[2];
    assert.ok(moved === undefined || moved === '<function>' || functions.includes(moved), `${page}: ${moved ?? ''}`);
  }
});

test('what an alert about a customer’s money tells first is how that customer is stopped', () => {
  const stop = '`npm run gateway -- subscriptions disable <id> --yes --reason TEXT';
  for (const name of ['spend-above-past', 'budget-pace', 'unpriced-spend', 'price-changes', 'budget-above-bound']) {
    const [, first = ''] = /^## At once\n\n(.+)/m.exec(read(`terraform/runbooks/${name}.md`)) ?? [];
    assert.ok(first.startsWith(stop) && first.includes('in ten seconds'), `${name}: ${first}`);
  }
});

/**
 * What Google lets us label; members of a resource type's schema (google provider 7.45). Queues, jobs and accounts
 * take none.
 */
const labelled: Readonly<Record<string, string>> = {
  google_bigquery_dataset: 'labels',
  google_bigquery_table: 'labels',
  google_certificate_manager_certificate: 'labels',
  google_certificate_manager_certificate_map: 'labels',
  google_certificate_manager_certificate_map_entry: 'labels',
  google_certificate_manager_dns_authorization: 'labels',
  google_cloudfunctions2_function: 'labels',
  google_compute_global_address: 'labels',
  google_compute_global_forwarding_rule: 'labels',
  google_compute_instance: 'labels',
  google_compute_security_policy: 'labels',
  google_monitoring_alert_policy: 'user_labels',
  google_monitoring_custom_service: 'user_labels',
  google_monitoring_notification_channel: 'user_labels',
  google_monitoring_slo: 'user_labels',
  google_monitoring_uptime_check_config: 'user_labels',
  google_network_connectivity_service_connection_policy: 'labels',
  google_redis_cluster: 'labels',
  google_redis_instance: 'labels',
  google_secret_manager_secret: 'labels',
  google_storage_bucket: 'labels',
};

test('every resource that takes labels has them', () => {
  let seen = 0;
  for (const file of globSync('terraform/modules/*/*.tf', { cwd: root }))
    for (const [, type = '', name = '', body = ''] of read(file).matchAll(
      /^resource "(\w+)" "(\w+)" \{\n([\s\S]*?)^\}/gm,
    )) {
      const member = labelled[type];
      if (member === undefined) continue;
      seen++;
      const own = new RegExp(`^  ${member} +=.*(local|var)\\.labels`, 'm');
      // A network address inside a peering's range is labelled as well as one that callers see.
      assert.match(body, own, `${file}: ${type}.${name} has no ${member}`);
    }
  assert.ok(seen > 20);
});
