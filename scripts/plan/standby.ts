// The root of a region that stands by, made of production's as terraform/README.md says ("Region lost"), and what would
// tie it to the first region: names of that region, and whatever the first root has made already.

import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at, textAt } from './rules/resources.ts';
import { faultsIn } from './rules.ts';
import { faultsOf, type Fault, type Plan, type Rule } from './rules/rule.ts';

/** Folder and project of the second root, of which nothing is in the tree. */
export const standby = 'prod-east';
const [region, other] = ['us-central1', 'us-east1'];
const project = 'cody-gateway-prod';

/** @param dir a copy of the tree. @throws Error where production's root has another form */
export function writeStandbyRoot(dir: string): void {
  const [from, to] = ['prod', standby].map((env) => path.join(dir, 'terraform/envs', env)) as [string, string];
  cpSync(from, to, { recursive: true });
  for (const file of globSync('*.tf', { cwd: to })) {
    const text = readFileSync(path.join(to, file), 'utf8');
    writeFileSync(path.join(to, file), text.replaceAll(project, `cody-gateway-${standby}`).replaceAll(region, other));
  }
  const main = path.join(to, 'main.tf');
  const text = readFileSync(main, 'utf8');
  const edited = text.replace(
    /^ {2}events_project_id = .*\n/m,
    (line) => `${line}  events_elsewhere  = true\n  paused_schedules  = ["close-days"]\n`,
  );
  if (edited === text) throw new Error(`${main}: events_project_id is no literal`);
  writeFileSync(main, edited);
}

const regions: Rule = ({ resources }) =>
  faultsOf('standby', resources, ({ values: { entitlement_id: _named, ...values } }) => {
    // An entitlement is named after the environment, in its own project.
    const found = new RegExp(`.{0,40}(${region}|${project}(?!-east)).{0,20}`).exec(JSON.stringify(values))?.[0];
    return found === undefined ? null : `it is of the first region: ${found}`;
  });

/** In another's project it may be let in, and makes nothing: the first root has made all of it. */
const shared: Rule = ({ resources }) =>
  faultsOf('standby', resources, (resource) => {
    // Google tells whose it is: the secret's.
    if (resource.type === 'google_secret_manager_secret_version') return null;
    const home = textAt(resource, 'project') || textAt(resource, 'parent').replace(/^projects\//, '');
    return home === '' || home === `cody-gateway-${standby}` || resource.type.endsWith('_iam_member')
      ? null
      : `the first root has made it already, in ${home}`;
  });

/** Names that are one for all of Google: buckets, and the record that proves a hostname. */
const everywhere: Rule = ({ resources }) =>
  faultsOf('standby', resources, (resource) => {
    if (resource.type === 'google_storage_bucket' && !textAt(resource, 'name').startsWith(`cody-gateway-${standby}-`))
      return 'a bucket has its name alone in the world';
    if (
      resource.type === 'google_certificate_manager_dns_authorization' &&
      at(resource, 'type') !== 'PER_PROJECT_RECORD'
    )
      return 'two projects prove one hostname only by records of their own';
    return null;
  });

const letters: Rule = ({ resources }) =>
  faultsOf('standby', resources, (resource) =>
    textAt(resource, 'name') === 'close-days' &&
    resource.type === 'google_cloud_scheduler_job' &&
    at(resource, 'paused') !== true
      ? 'customers would get each letter twice'
      : null,
  );

/** Faults of production's rules that are meant here: the ledger and its hourly run are the first root's. */
const meant = ({ rule, address }: Fault): boolean =>
  (rule === 'protections' && address === 'google_bigquery_dataset') ||
  (rule === 'jobs' && address.startsWith('module.function["close-days"]'));

/** All that ties the second root to the first, and what breaks a rule of any root. */
export const standbyFaults = (plan: Plan): Fault[] => [
  ...[regions, shared, everywhere, letters].flatMap((rule) => rule(plan)),
  ...faultsIn(plan).filter((fault) => !meant(fault)),
];
