// `npm run rollout`: what an environment differs by from its files, and the apply of it, as the pipeline does both.
// Needs gcloud and terraform, gh where provenance is asked for, and who runs it their login.

import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { foldHelp } from '../terminal/fold.ts';
import { endWith, UsageError } from '../terminal/usage-error.ts';
import { differences, digest, personsChanges, type Plan } from './plan.ts';
import { run, runOrNull } from './program.ts';
import { object, release } from './releases.ts';
import { readRoot, type Root } from './root-file.ts';
import { smoke } from './smoke.ts';

const usage = `usage: npm run rollout -- --env dev|prod [--drift] [--output FILE]
       npm run rollout -- --env dev|prod --apply [--digest HEX] [--provenance-of OWNER/NAME]

What an environment differs by from its files in terraform/envs: one line a resource, without values. Changes nothing.

--drift          ends with 1 where anything differs
--output         appends changes=true|false and digest=… to that file
--apply          applies it and smoke tests. What grants a right, keeps data or lets callers in is refused, and whatever would
                 be deleted: that is a person's, with terraform apply
--digest         only if it is still the plan of that digest
--provenance-of  only functions whose release was built and signed by the workflow main.yml of that repository

The root's sensitive variables come from TF_VAR_…, or else from the secret cody-gateway-pipeline-variables.

example:
  npm run rollout -- --env prod`;

const secret = 'cody-gateway-pipeline-variables';
const names = ['slack_token', 'synthetic_token', 'opsgenie_url'] as const;

/** @throws Error where neither the environment nor the secret has them; never with a value */
function sensitiveVariables(target: Root): Readonly<Record<string, string>> {
  if (process.env['TF_VAR_slack_token'] !== undefined) return {};
  const text = runOrNull('gcloud', [
    'secrets', 'versions', 'access', 'latest', `--secret=${secret}`, `--project=${target.project}`,
  ]); // prettier-ignore
  const given = parsed(text);
  if (typeof given['slack_token'] !== 'string')
    throw new Error(
      `the secret ${secret} of ${target.project} holds no JSON with slack_token: terraform/README.md, "Pipeline", says how it is filled`,
    );
  return Object.fromEntries(
    names.flatMap((name) => (typeof given[name] === 'string' ? [[`TF_VAR_${name}`, given[name]]] : [])),
  );
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text ?? '{}') ?? {}) as Record<string, unknown>;
  } catch {
    // Its message would quote the secret.
    return {};
  }
}

/** @throws Error where a release that the plan would run was not built and signed by the pipeline */
function verifyReleases(target: Root, plan: Plan, repository: string, dir: string): void {
  const functions = (plan.resource_changes ?? []).flatMap(({ address, change: { actions } }) =>
    actions.includes('create') || actions.includes('update')
      ? (/^module\.gateway\.module\.function\["(.+)"\]\.google_cloudfunctions2_function\.this$/.exec(address)?.[1] ??
        [])
      : [],
  );
  for (const name of functions) {
    const tag = release(target, name);
    if (tag === null) throw new Error(`${name} has no release`);
    const [file, bundle] = [path.join(dir, `${name}.zip`), path.join(dir, `${name}.sigstore.json`)];
    run('gcloud', ['storage', 'cp', object(target, name, target.functionTags[name] ?? target.imageTag), file]);
    if (runOrNull('gcloud', ['storage', 'cp', object(target, name, tag, 'sigstore.json'), bundle]) === null)
      throw new Error(`${name} ${tag} has no provenance: it was not uploaded by the pipeline, so a person applies it`);
    run('gh', [
      'attestation', 'verify', file, `--bundle=${bundle}`, `--repo=${repository}`,
      `--signer-workflow=${repository}/.github/workflows/main.yml`, '--source-ref=refs/heads/main',
    ]); // prettier-ignore
    console.log(`${name} ${tag}: built by ${repository}`);
  }
}

/** Options of the command. */
interface Options {
  readonly drift?: boolean;
  readonly output?: string;
  readonly apply?: boolean;
  readonly digest?: string;
  readonly 'provenance-of'?: string;
}

/** @returns whether all is as it should be. @throws Error where it may not be applied, or a program failed */
async function rollOut(target: Root, options: Options): Promise<boolean> {
  const dir = mkdtempSync(path.join(tmpdir(), 'rollout-'));
  try {
    const [variables, file] = [sensitiveVariables(target), path.join(dir, 'plan')];
    const terraform = (...args: string[]): string => run('terraform', [`-chdir=${target.dir}`, ...args], variables);
    terraform('init', '-input=false');
    // Who only looks may not write the lock.
    terraform('plan', '-input=false', `-out=${file}`, ...(options.apply === true ? [] : ['-lock=false']));
    const plan = JSON.parse(terraform('show', '-json', file)) as Plan;
    const [lines, own] = [differences(plan), digest(plan)];
    console.log(lines.length === 0 ? 'nothing differs' : lines.join('\n'));
    const persons = personsChanges(plan);
    if (options.output !== undefined) appendFileSync(options.output, `changes=${lines.length > 0}\ndigest=${own}\n`);
    if (options.apply !== true) {
      if (persons.length > 0) console.log(`a person applies this, not the pipeline: ${persons.join(', ')}`);
      return options.drift !== true || lines.length === 0;
    }
    if (options.digest !== undefined && options.digest !== own)
      throw new Error('the plan is another one than was looked at: nothing was applied. Plan again');
    if (persons.length > 0)
      throw new Error(`a person applies this with terraform apply: ${persons.join(', ')}. Nothing was applied`);
    if (lines.length === 0) return true;
    if (options['provenance-of'] !== undefined) verifyReleases(target, plan, options['provenance-of'], dir);
    terraform('apply', '-input=false', file);
    const token = variables['TF_VAR_synthetic_token'] ?? process.env['TF_VAR_synthetic_token'];
    if (token === undefined) {
      console.log('applied, but not smoke tested: there is no synthetic_token. npm run smoke does it');
      return true;
    }
    if (await smoke(`https://${target.hostname}`, token)) return true;
    throw new Error('applied, but the smoke test failed: terraform/README.md, "Roll-back"');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** @param envs where the roots are @returns the exit code. @throws Error in words for who typed it */
export async function main(args: readonly string[], envs?: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      env: { type: 'string' },
      drift: { type: 'boolean' },
      output: { type: 'string' },
      apply: { type: 'boolean' },
      digest: { type: 'string' },
      'provenance-of': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.log(foldHelp(usage));
    return 0;
  }
  if (values.env === undefined) throw new UsageError('--env is missing: dev or prod');
  if (values.drift === true && values.apply === true) throw new UsageError('--drift looks, --apply changes: give one');
  const apart = values.digest ?? values['provenance-of'];
  if (apart !== undefined && values.apply !== true) throw new UsageError('--digest and --provenance-of need --apply');
  return (await rollOut(readRoot(values.env, envs), values)) ? 0 : 1;
}

if (import.meta.main)
  await main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error: unknown) => endWith(error, 'npm run rollout --'),
  );
