// `npm run deploy`, `rollback`, `status` and `traffic`: one function at a time, in one environment. Needs gcloud and
// terraform, and who runs it their login.

import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packFunctions } from '../build/release.ts';
import { readFunctionFiles } from '../functions/function-files.ts';
import { operatorAddresses } from './addresses.ts';
import { withClaim } from './claim.ts';
import { unrelatedChanges, type Plan } from './plan.ts';
import { run, runOrNull } from './program.ts';
import { requireProvenance } from './provenance.ts';
import { object, release } from './releases.ts';
import { currentTag, previousTag, requirePublished, tagForm } from './release-tag.ts';
import { readRoot, writeTags, type Root } from './root-file.ts';
import { smoke } from './smoke.ts';
import { moveTraffic } from './traffic.ts';
import { foldHelp } from '../terminal/fold.ts';
import { formatTable } from '../terminal/table.ts';
import { endWith, UsageError } from '../terminal/usage-error.ts';

const token = `
--token     of the gateway, for the smoke test that ends a roll-out; or E2E_GATEWAY_TOKEN
--endpoint  what that test calls; the environment's hostname where absent`;
const environments = `
dev is rolled out at once, by one person at a time; the apply needs TF_VAR_slack_token. prod is rolled out by a pull request: the release of a commit that
is on main of a remote is uploaded and the literal in terraform/envs/prod/main.tf is edited; after the merge, the apply and npm run smoke follow as
terraform/README.md says. A root of a region that stands by is named by its folder, and goes as prod does.`;

/** By command. */
const usages: Readonly<Record<string, string>> = {
  deploy: `usage: npm run deploy -- <function>… --env dev|prod [--token T] [--endpoint URL] [--upload-only] [--provenance FILE] [--pack-only]
       npm run deploy -- --all --env dev|prod …

Builds, uploads, rolls out and smoke tests functions.

--all          every function
--upload-only  leaves the roll-out to a later terraform apply: a project's first
--provenance   Sigstore's bundle over these very releases, which goes beside each of them
--pack-only    makes the releases in .build/releases and uploads none: the pipeline signs them first${token}
${environments}

example:
  npm run deploy -- limits --env dev --token slk_…`,
  rollback: `usage: npm run rollback -- <function>… --env dev|prod [--to TAG] [--token T] [--endpoint URL]

Rolls functions back to a release that was uploaded before.

--to        that one; the one before the present where absent${token}
${environments}

example:
  npm run rollback -- limits --env dev`,
  status: `usage: npm run status -- [<function>…] --env dev|prod [--json]

What runs where, since when, which tag.

example:
  npm run status -- --env dev`,
  traffic: `usage: npm run traffic -- <function> --env dev|prod [--percent N] [--json]

Who gets the requests of a function.

--percent   for its newest revision; the rest goes to the one before

example:
  npm run traffic -- limits --env dev --percent 10`,
};

/** Tags of a function that have been uploaded. */
function uploaded(target: Root, name: string): string[] {
  // Null before a function's first release.
  const listed = runOrNull('gcloud', ['storage', 'ls', `gs://${target.project}-releases/${name}/`]) ?? '';
  return listed.split('\n').flatMap((line) => /([^/]+)\.zip$/.exec(line.trim())?.[1] ?? []);
}

/** Makes the tags what the next apply runs: in dev as `insiders`, in prod as literals for a pull request. */
function choose(target: Root, tags: Readonly<Record<string, string>>, all: readonly string[]): void {
  const names = Object.keys(tags);
  if (target.production) {
    writeTags(target, tags, all);
    console.log(`${target.file} is edited: open a pull request with it. It changes ${names.join(', ')} alone.`);
    return;
  }
  for (const name of names)
    run('gcloud', [
      'storage', 'cp', object(target, name, tags[name] ?? ''), object(target, name, 'insiders'), `--custom-metadata=tag=${tags[name] ?? ''}`,
    ]); // prettier-ignore
}

/**
 * Applies what was chosen, in dev; nothing but these functions may change.
 * @throws Error: a plan that touches more is not applied
 */
function apply(target: Root, names: readonly string[]): void {
  const planFile = path.join(target.dir, 'deploy.tfplan');
  const terraform = (...args: string[]): string => run('terraform', [`-chdir=${target.dir}`, ...args]);
  try {
    terraform('init', '-input=false');
    terraform(
      'plan',
      '-input=false',
      `-out=${planFile}`,
      ...names.map((name) => `-target=module.gateway.module.function["${name}"]`),
    );
    const others = unrelatedChanges(JSON.parse(terraform('show', '-json', planFile)) as Plan, names);
    if (others.length > 0)
      throw new Error(
        `the plan would also change ${others.join(', ')}: apply that first, by itself. Nothing was applied.`,
      );
    terraform('apply', '-input=false', planFile);
  } finally {
    if (existsSync(planFile)) rmSync(planFile);
  }
}

/** Chooses; then in dev apply and smoke test, in prod the pull request. */
async function rollOut(
  env: string,
  target: Root,
  tags: Readonly<Record<string, string>>,
  all: readonly string[],
  {
    token = process.env['E2E_GATEWAY_TOKEN'],
    endpoint = `https://${target.hostname}`,
    'upload-only': uploadOnly = false,
  }: { token?: string; endpoint?: string; 'upload-only'?: boolean },
): Promise<void> {
  const names = Object.keys(tags);
  if (target.production) return choose(target, tags, all);
  // Two at once would roll out and test each other's: insiders is chosen before Terraform takes its own lock.
  return withClaim(`gs://${target.project}-releases/deploying`, names.join(', '), async () => {
    const before = names.map((name) => [name, release(target, name)] as const);
    choose(target, tags, all);
    if (uploadOnly) return;
    try {
      apply(target, names);
    } catch (error) {
      // Or the next apply of anybody would roll it out.
      const back = before.flatMap(([name, tag]) => (tag !== null && tagForm.test(tag) ? [[name, tag] as const] : []));
      choose(target, Object.fromEntries(back), all);
      throw error;
    }
    if (token === undefined) throw new Error('rolled out, but not smoke tested: give --token, or run npm run smoke');
    if (!(await smoke(endpoint, token, console.log, names)))
      throw new Error(`rolled out, but the smoke test failed: npm run rollback -- ${names.join(' ')} --env ${env}`);
  });
}

function status(target: Root, names: readonly string[], json: boolean): void {
  const rows = names.map((name) => {
    const text = runOrNull('gcloud', [
      'functions', 'describe', name, '--v2', `--project=${target.project}`, `--region=${target.region}`, '--format=json',
    ]); // prettier-ignore
    if (text === null) return { function: name, state: 'not deployed', 'not yet': release(target, name) };
    const { updateTime, state, serviceConfig } = JSON.parse(text) as {
      updateTime?: string;
      state?: string;
      serviceConfig?: {
        uri?: string;
        revision?: string;
        allTrafficOnLatestRevision?: boolean;
        environmentVariables?: Record<string, string>;
      };
    };
    const tag = serviceConfig?.environmentVariables?.['CODY_GATEWAY_VERSION'];
    const wanted = release(target, name);
    return {
      function: name,
      state,
      tag,
      'not yet': tag === wanted ? '' : wanted,
      since: updateTime,
      region: target.region,
      revision: serviceConfig?.revision,
      traffic: serviceConfig?.allTrafficOnLatestRevision === false ? 'not all: npm run traffic tells' : 'all',
      url: serviceConfig?.uri,
    };
  });
  if (json) return console.log(JSON.stringify(rows, null, 2));
  console.log(
    formatTable(
      ['function', 'state', 'release', 'since', 'traffic', 'not yet', 'revision', 'address'],
      rows.map((row) => [
        row.function,
        row.state ?? '',
        row.tag ?? '',
        row.since?.replace(/:\d\d(?:\.\d+)?Z$/, 'Z') ?? '',
        row.traffic ?? '',
        row['not yet'] ?? '',
        row.revision ?? '',
        row.url ?? '',
      ]),
    ),
  );
  for (const line of operatorAddresses(target)) console.log(line);
}

/**
 * The four commands.
 * @param args from the command's name on
 * @param envs where the roots are
 * @throws Error in words for who typed it
 */
export async function main(args: readonly string[], envs?: string): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      env: { type: 'string' },
      to: { type: 'string' },
      token: { type: 'string' },
      endpoint: { type: 'string' },
      percent: { type: 'string' },
      json: { type: 'boolean' },
      all: { type: 'boolean' },
      'upload-only': { type: 'boolean' },
      'pack-only': { type: 'boolean' },
      provenance: { type: 'string' },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const [command, ...given] = positionals;
  const usage = usages[command ?? ''];
  if (usage === undefined) throw new UsageError(`no command ${command ?? ''}: ${Object.keys(usages).join(', ')}`);
  if (values.help === true) return console.log(foldHelp(usage));
  if (values.env === undefined) throw new UsageError('--env is missing: dev or prod');
  const target = readRoot(values.env, envs);
  const all = (await readFunctionFiles()).map(({ name }) => name);
  const names = values.all === true || (command === 'status' && given.length === 0) ? all : given;
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new UsageError(`no function ${unknown.join(', ')}; there are ${all.join(', ')}`);
  if (names.length === 0) throw new UsageError(`which function? ${all.join(', ')}, or --all`);
  if (command === 'status') return status(target, names, values.json === true);
  if (command === 'traffic') {
    if (names.length !== 1) throw new UsageError('traffic is moved one function at a time');
    const shares = moveTraffic(target, names[0] ?? '', values.percent);
    if (values.json === true) console.log(JSON.stringify(shares, null, 2));
    else
      console.log(
        formatTable(
          ['revision', 'percent', ''],
          shares.map(({ revision, percent, newest }) => [revision, String(percent), newest ? 'newest' : '']),
        ),
      );
    return;
  }
  if (command === 'deploy') {
    const tag = currentTag();
    if (target.production) requirePublished();
    const packed = await packFunctions({ names });
    if (values['pack-only'] === true) return console.log(packed.map(({ file }) => file).join('\n'));
    if (values.provenance !== undefined)
      requireProvenance(
        values.provenance,
        packed.flatMap(({ file, sbomFile }) => [file, sbomFile]),
      );
    for (const { name, file, bytes, sha256, sbomFile } of packed) {
      // A tag never changes: what is there stays. What tells of it comes first: no release without.
      if (!uploaded(target, name).includes(tag)) {
        if (values.provenance !== undefined)
          run('gcloud', [
            'storage',
            'cp',
            '--no-clobber',
            values.provenance,
            object(target, name, tag, 'sigstore.json'),
          ]);
        run('gcloud', ['storage', 'cp', '--no-clobber', sbomFile, object(target, name, tag, 'cdx.json')]);
        run('gcloud', ['storage', 'cp', '--no-clobber', file, object(target, name, tag)]);
      }
      console.log(`${name} ${tag}: ${Math.round(bytes / 1000)} kB, sha256 ${sha256}`);
    }
    return rollOut(values.env, target, Object.fromEntries(names.map((name) => [name, tag])), all, values);
  }
  const tags: Record<string, string> = {};
  for (const name of names) {
    const found = uploaded(target, name);
    const to = values.to ?? previousTag(found, release(target, name) ?? '');
    if (to === null || !tagForm.test(to) || !found.includes(to))
      throw new Error(`${name} has no ${to ?? 'earlier'} release; there are ${found.join(', ')}`);
    tags[name] = to;
    console.log(`${name} back to ${to}`);
  }
  return rollOut(values.env, target, tags, all, values);
}

if (import.meta.main)
  await main(process.argv.slice(2)).catch((error: unknown) =>
    endWith(error, `npm run ${process.argv[2] ?? 'deploy'} --`),
  );
