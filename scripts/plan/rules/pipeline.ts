// What the workflows of the repository may do: who is let in, as which account, and what each of the three may. A
// roll-out needs functions, what calls them and what watches them; it grants nothing and reads no secret but its own.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { at, textAt, type Resource } from './resources.ts';
import { faultsOf, ofType, unless, type Plan, type Rule } from './rule.ts';

/** What a grant of it may be: as in iam.ts. */
interface Grant {
  readonly type: string;
  readonly role: string;
  readonly to: (member: string, resource: Resource) => boolean;
}

const readers = ['account:pipeline-planner', 'account:pipeline-deployer'];
const deployer = (member: string): boolean => member === 'account:pipeline-deployer';
const reader = (member: string): boolean => readers.includes(member);

const reads = [
  'roles/bigquery.metadataViewer',
  'roles/browser',
  'roles/certificatemanager.viewer',
  'roles/cloudfunctions.viewer',
  'roles/cloudscheduler.viewer',
  'roles/cloudtasks.viewer',
  'roles/compute.viewer',
  'roles/firebaserules.viewer',
  'roles/iam.roleViewer',
  'roles/iam.securityReviewer',
  'roles/iam.serviceAccountViewer',
  'roles/iam.workloadIdentityPoolViewer',
  'roles/monitoring.viewer',
  'roles/privilegedaccessmanager.viewer',
  'roles/redis.viewer',
  'roles/run.viewer',
  'roles/secretmanager.viewer',
  'roles/serviceusage.serviceUsageConsumer',
  'roles/serviceusage.serviceUsageViewer',
  'roles/storage.bucketViewer',
];
const writes = [
  'roles/cloudfunctions.developer',
  'roles/cloudscheduler.admin',
  'roles/cloudtasks.queueAdmin',
  'roles/monitoring.editor',
  'roles/run.developer',
];

/** Custom roles, whole: what is not in them no account has. */
export const pipelinePermissions: Readonly<Record<string, readonly string[]>> = {
  codyGatewayPlanner: [
    'datastore.backupSchedules.get',
    'datastore.backupSchedules.list',
    'datastore.databases.getMetadata',
    'datastore.databases.list',
    'datastore.indexes.get',
    'datastore.indexes.list',
    'logging.logMetrics.get',
    'logging.logMetrics.list',
    'redis.instances.getAuthString',
    'servicenetworking.services.get',
  ],
  codyGatewayDeployer: ['logging.logMetrics.create', 'logging.logMetrics.update'],
};

/** The bucket of a grant that is for one alone, `releases` or `terraform`; undefined where it is for more. */
const bucketOf = (resource: Resource): string | undefined =>
  /^resource\.name == 'projects\/_\/buckets\/([a-z0-9-]+-(releases|terraform))' \|\| resource\.name\.startsWith\('projects\/_\/buckets\/\1\/'\)$/.exec(
    textAt(resource, 'condition.0.expression'),
  )?.[2];

const doors: Readonly<Record<string, RegExp>> = {
  'account:pipeline-planner': /^none$/,
  'account:pipeline-uploader': /^releases$/,
  'account:pipeline-deployer': /^(prod|dev)$/,
};

const project = (role: string, to: Grant['to']): Grant => ({ type: 'google_project_iam_member', role, to });

/**
 * Grants to those accounts.
 * @param nameOf members by what they stand for
 */
export const pipelineGrants = (plan: Plan, nameOf: (member: string) => string): readonly Grant[] => [
  ...reads.map((role) => project(role, reader)),
  ...writes.map((role) => project(role, deployer)),
  ...ofType(plan, 'google_project_iam_custom_role').flatMap((role) => {
    const id = textAt(role, 'role_id');
    if (!(id in pipelinePermissions)) return [];
    return [project(textAt(role, 'name'), id === 'codyGatewayDeployer' ? deployer : reader)];
  }),
  project('roles/storage.objectViewer', (member, resource) =>
    member === 'account:pipeline-uploader'
      ? bucketOf(resource) === 'releases'
      : reader(member) && bucketOf(resource) !== undefined,
  ),
  project(
    'roles/storage.objectCreator',
    (member, resource) => member === 'account:pipeline-uploader' && bucketOf(resource) === 'releases',
  ),
  project('roles/storage.objectUser', (member, resource) =>
    deployer(member)
      ? bucketOf(resource) === 'terraform'
      : // In dev `insiders` moves; what prod runs never changes.
        member === 'account:pipeline-uploader' && plan.env === 'dev' && bucketOf(resource) === 'releases',
  ),
  {
    type: 'google_service_account_iam_member',
    role: 'roles/iam.workloadIdentityUser',
    to: (member, resource) => {
      const pools = ofType(plan, 'google_iam_workload_identity_pool').map((pool) => textAt(pool, 'name'));
      const [, pool = '', environment = ''] =
        /^principalSet:\/\/iam\.googleapis\.com\/(.+)\/attribute\.environment\/([a-z]+)$/.exec(member) ?? [];
      const of = accountOf(plan, textAt(resource, 'service_account_id'), nameOf);
      return (
        pools.includes(pool) &&
        doors[of]?.test(environment) === true &&
        !(plan.env !== environment && of.endsWith('deployer'))
      );
    },
  },
  { type: 'google_service_account_iam_member', role: 'roles/iam.serviceAccountUser', to: deployer },
  {
    type: 'google_secret_manager_secret_iam_member',
    role: 'roles/secretmanager.secretAccessor',
    to: (member, resource) => reader(member) && textAt(resource, 'secret_id') === 'cody-gateway-pipeline-variables',
  },
];

/** The account that a grant is on, as `nameOf` calls it. */
function accountOf(plan: Plan, id: string, nameOf: (member: string) => string): string {
  const account = ofType(plan, 'google_service_account').find((one) => textAt(one, 'name') === id);
  return account === undefined ? '' : nameOf(textAt(account, 'member'));
}

const manifest = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  readonly repository: string;
};
/** As package.json says it, owner/name. */
const repository = manifest.repository.replace(/^github:/, '');

/** Nobody is let in but jobs of our main branch, and no key outlives them. */
const door: Rule = (plan) => {
  const providers = ofType(plan, 'google_iam_workload_identity_pool_provider');
  return faultsOf('pipeline', providers, (resource) => {
    const condition = textAt(resource, 'attribute_condition').split(' && ');
    const number = condition.filter((part) => /^assertion\.repository_id == '\d+'$/.test(part));
    const wanted = [
      `assertion.repository == '${repository}'`,
      ...number,
      "assertion.ref == 'refs/heads/main'",
      "assertion.event_name in ['push', 'schedule', 'workflow_dispatch']",
    ];
    const mapping = JSON.stringify(at(resource, 'attribute_mapping') ?? {});
    return unless(
      [condition.join() === wanted.join(), `its condition is not "${wanted.join(' && ')}"`],
      [
        mapping ===
          `{"attribute.environment":"has(assertion.environment) ? assertion.environment : 'none'","google.subject":"assertion.sub"}`,
        `its attributes are ${mapping}: the environment is GitHub’s own claim`,
      ],
      [
        textAt(resource, 'oidc.0.issuer_uri') === 'https://token.actions.githubusercontent.com',
        'its tokens are not GitHub’s',
      ],
      [
        (at(resource, 'oidc.0.allowed_audiences') ?? null) === null && textAt(resource, 'oidc.0.jwks_json') === '',
        'it takes tokens that were made for others',
      ],
    );
  });
};

/** All of them. */
export const pipelineRules: readonly Rule[] = [door];
