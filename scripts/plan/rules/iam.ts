// Who may do what: a list of all that is allowed. Whatever grants a right and is not in it is a fault, in a resource
// that nobody thought of too.

import type { FunctionFile } from '../../functions/function-files.ts';
import { at, textAt, type Resource } from './resources.ts';
import { pipelineGrants, pipelinePermissions } from './pipeline.ts';
import { faultsOf, ofType, unless, type Fault, type Plan, type Rule } from './rule.ts';

/**
 * Grants are members, one by one: a binding or a policy takes away what others granted. Keys and old-style lists are
 * grants that no list shows.
 */
const forbidden =
  /_iam_(binding|policy)$|_acl$|_access_control$|_service_account_key$|_hmac_key$|bigquery_dataset_access$/;
const grant = /_iam_(member|audit_config)/;
const telemetry = [
  'roles/serviceusage.serviceUsageConsumer',
  'roles/telemetry.metricsWriter',
  'roles/telemetry.tracesWriter',
];
const person = /^(group|user):/;

/** Whether a function's account may have it: by its function.json. */
interface Grant {
  readonly type: string;
  readonly role: string;
  /** Of a member as `names` has it. */
  readonly to: (member: string, resource: Resource, functions: ReadonlyMap<string, FunctionFile>) => boolean;
}

const usual = { http: ['directory', 'queues'], task: ['directory'], schedule: ['directory', 'queues'] } as const;
const uses = (file: FunctionFile | undefined, what: NonNullable<FunctionFile['uses']>[number]): boolean =>
  file !== undefined && (file.uses ?? (usual[file.trigger] as readonly string[])).includes(what);
const functionOf = (member: string, functions: ReadonlyMap<string, FunctionFile>): FunctionFile | undefined =>
  functions.get(/^account:fn-(.+)$/.exec(member)?.[1] ?? '');

const allowed: readonly Grant[] = [
  ...telemetry.map((role) => ({
    type: 'google_project_iam_member',
    role,
    to: (member: string, _resource: Resource, functions: ReadonlyMap<string, FunctionFile>) =>
      functionOf(member, functions) !== undefined,
  })),
  {
    type: 'google_project_iam_member',
    role: 'roles/datastore.user',
    to: (member, _resource, functions) => uses(functionOf(member, functions), 'directory'),
  },
  {
    type: 'google_project_iam_member',
    role: 'roles/datastore.viewer',
    to: (member, _resource, functions) => uses(functionOf(member, functions), 'directory-view'),
  },
  {
    type: 'google_project_iam_member',
    role: 'roles/aiplatform.user',
    to: (member, _resource, functions) => uses(functionOf(member, functions), 'vertex'),
  },
  {
    type: 'google_project_iam_member',
    role: 'roles/redis.dbConnectionUser',
    to: (member, resource, functions) =>
      functionOf(member, functions) !== undefined &&
      /^resource\.name == '[^']+'$/.test(textAt(resource, 'condition.0.expression')),
  },
  ...['roles/artifactregistry.writer', 'roles/logging.logWriter'].map((role) => ({
    type: 'google_project_iam_member',
    role,
    to: (member: string) => member === 'account:function-builder',
  })),
  {
    type: 'google_project_iam_member',
    role: 'roles/storage.objectViewer',
    // Terraform's state lies in a bucket too, and knows Redis's password.
    to: (member, resource) =>
      member === 'account:function-builder' &&
      /^resource\.name\.startsWith\('projects\/_\/buckets\/[a-z-]+-releases'\) \|\| resource\.name\.startsWith\('projects\/_\/buckets\/gcf-v2-'\)$/.test(
        textAt(resource, 'condition.0.expression'),
      ),
  },
  {
    type: 'google_secret_manager_secret_iam_member',
    role: 'roles/secretmanager.secretAccessor',
    to: (member, resource, functions) => {
      const own = functionOf(member, functions)?.secrets.map((secret) => secret.toLowerCase().replaceAll('_', '-'));
      return own !== undefined && [...own, 'redis-ca', 'redis-password'].includes(textAt(resource, 'secret_id'));
    },
  },
  {
    type: 'google_cloud_run_v2_service_iam_member',
    role: 'roles/run.invoker',
    to: (member, resource, functions) => {
      const name = textAt(resource, 'name');
      const file = functions.get(name);
      if (file === undefined) return false;
      if (file.access === 'iap')
        return /^serviceAccount:service-\d+@gcp-sa-iap\.iam\.gserviceaccount\.com$/.test(member);
      if (file.trigger === 'http') return member === 'allUsers';
      return member === (file.trigger === 'task' ? `account:queue-${file.queue ?? ''}` : `account:job-${name}`);
    },
  },
  {
    type: 'google_cloud_tasks_queue_iam_member',
    role: 'roles/cloudtasks.enqueuer',
    to: (member, _resource, functions) => uses(functionOf(member, functions), 'queues'),
  },
  {
    type: 'google_bigquery_table_iam_member',
    role: 'roles/bigquery.dataEditor',
    to: (member, resource, functions) =>
      (uses(functionOf(member, functions), 'warehouse') && textAt(resource, 'table_id') === 'events') ||
      (uses(functionOf(member, functions), 'final-days') && textAt(resource, 'table_id').startsWith('final_')),
  },
  {
    type: 'google_iap_web_backend_service_iam_member',
    role: 'roles/iap.httpsResourceAccessor',
    to: (member, resource, functions) => {
      const name = textAt(resource, 'web_backend_service').replace(/^fn-/, '');
      return functions.get(name)?.access === 'iap' && person.test(member);
    },
  },
  // Which partitions changed when is told only to who may read the whole dataset.
  ...[
    'google_bigquery_dataset_iam_member/roles/bigquery.dataViewer',
    'google_project_iam_member/roles/bigquery.jobUser',
  ].map((pair) => ({
    type: pair.slice(0, pair.indexOf('/')),
    role: pair.slice(pair.indexOf('/') + 1),
    to: (member: string, _resource: Resource, functions: ReadonlyMap<string, FunctionFile>) =>
      uses(functionOf(member, functions), 'final-days') || uses(functionOf(member, functions), 'ledger'),
  })),
  ...[
    'google_service_account_iam_member/roles/iam.serviceAccountUser',
    'google_iap_tunnel_instance_iam_member/roles/iap.tunnelResourceAccessor',
  ].map((pair) => ({
    type: pair.slice(0, pair.indexOf('/')),
    role: pair.slice(pair.indexOf('/') + 1),
    to: (member: string) => person.test(member),
  })),
];

/** Members by what they stand for: an account's e-mail is invented anew each time, its id is not. */
function namesOf(plan: Plan): (member: string) => string {
  const names = new Map<string, string>();
  for (const account of ofType(plan, 'google_service_account')) {
    const name = `account:${textAt(account, 'account_id')}`;
    names.set(textAt(account, 'member'), name);
    names.set(`serviceAccount:${textAt(account, 'email')}`, name);
  }
  return (member) => names.get(member) ?? member;
}

const grants: Rule = (plan) => {
  const functions = new Map(plan.files.map((file) => [file.name, file]));
  const nameOf = namesOf(plan);
  const all = [...allowed, ...pipelineGrants(plan, nameOf)];
  return faultsOf('grants', plan.resources, (resource) => {
    if (forbidden.test(resource.type)) return `${resource.type} is used nowhere: grants are single members`;
    if (!grant.test(resource.type)) return null;
    const [role, member] = [textAt(resource, 'role'), nameOf(textAt(resource, 'member'))];
    const fits = all.some(
      ({ type, role: may, to }) => type === resource.type && may === role && to(member, resource, functions),
    );
    return fits ? null : `${member} has ${role}, which scripts/plan/rules/iam.ts does not allow`;
  });
};

/** What must not be missing: a function that can't read its secrets, write its rows or be called is an outage. */
const needed: Rule = (plan) => {
  const nameOf = namesOf(plan);
  const has = new Set(
    plan.resources
      .filter(({ type }) => grant.test(type))
      .map((one) => `${nameOf(textAt(one, 'member'))} ${textAt(one, 'role')}`),
  );
  // It is the root's to say whether homes on Vertex AI are called; then each that calls them may.
  const vertex = ofType(plan, 'google_project_service').some(
    (one) => textAt(one, 'service') === 'aiplatform.googleapis.com',
  );
  const invoked = new Set(
    ofType(plan, 'google_cloud_run_v2_service_iam_member').map((resource) => textAt(resource, 'name')),
  );
  return plan.files.flatMap((file): Fault[] => {
    const account = `account:fn-${file.name}`;
    const wanted = [
      ...telemetry,
      'roles/secretmanager.secretAccessor',
      ...(uses(file, 'directory') ? ['roles/datastore.user'] : []),
      ...(uses(file, 'directory-view') ? ['roles/datastore.viewer'] : []),
      ...(vertex && uses(file, 'vertex') ? ['roles/aiplatform.user'] : []),
      ...(uses(file, 'ledger') ? ['roles/bigquery.dataViewer', 'roles/bigquery.jobUser'] : []),
      ...(uses(file, 'queues') ? ['roles/cloudtasks.enqueuer'] : []),
      ...(uses(file, 'warehouse') ? ['roles/bigquery.dataEditor'] : []),
      ...(uses(file, 'final-days')
        ? ['roles/bigquery.dataEditor', 'roles/bigquery.dataViewer', 'roles/bigquery.jobUser']
        : []),
    ];
    const missing = wanted.filter((role) => !has.has(`${account} ${role}`));
    return [
      ...missing.map((role) => ({ rule: 'needed-grants', address: account, text: `${file.name} lacks ${role}` })),
      ...(invoked.has(file.name)
        ? []
        : [{ rule: 'needed-grants', address: account, text: `nobody may call ${file.name}` }]),
    ];
  });
};

const looking = [
  'roles/cloudfunctions.viewer',
  'roles/cloudscheduler.viewer',
  'roles/cloudtasks.viewer',
  'roles/cloudtrace.user',
  'roles/compute.viewer',
  'roles/datastore.viewer',
  'roles/errorreporting.viewer',
  'roles/logging.viewer',
  'roles/monitoring.viewer',
  'roles/redis.viewer',
  'roles/run.viewer',
  'roles/storage.objectViewer',
];
/** Roles by entitlement. `operate` may not change who may do what, read a secret, or delete a store. */
const entitlements: Readonly<Record<string, readonly string[]>> = {
  look: looking,
  events: ['roles/bigquery.dataViewer', 'roles/bigquery.jobUser'],
  ledger: ['roles/bigquery.dataEditor', 'roles/bigquery.jobUser'],
  operate: [
    'roles/cloudfunctions.developer',
    'roles/cloudscheduler.admin',
    'roles/cloudtasks.admin',
    'roles/cloudtrace.user',
    'roles/compute.osLogin',
    'roles/compute.viewer',
    'roles/datastore.user',
    'roles/errorreporting.user',
    'roles/logging.viewer',
    'roles/monitoring.editor',
    'roles/redis.viewer',
    'roles/run.developer',
    'roles/storage.objectViewer',
  ],
};

const access: Rule = (plan) => {
  const roleNames = new Set(ofType(plan, 'google_project_iam_custom_role').map((role) => textAt(role, 'name')));
  return [
    ...faultsOf('access', ofType(plan, 'google_privileged_access_manager_entitlement'), (resource) => {
      const kind = textAt(resource, 'entitlement_id').split('-').at(-1) ?? '';
      const bindings = (at(resource, 'privileged_access.0.gcp_iam_access.0.role_bindings') ?? []) as readonly {
        readonly role: string;
        readonly condition_expression: string | null;
      }[];
      const roles = bindings.map(({ role }) => role).filter((role) => !roleNames.has(role));
      const more = roles.filter((role) => entitlements[kind]?.includes(role) !== true);
      const less = (entitlements[kind] ?? []).filter((role) => !roles.includes(role));
      const approved = at(resource, 'approval_workflow.0') !== undefined;
      return unless(
        [more.length === 0, `${kind} gives ${more.join(', ')}, which scripts/plan/rules/iam.ts does not allow`],
        [less.length === 0, `${kind} lacks ${less.join(', ')}, which commands of the runbooks need`],
        [
          bindings.every(({ role, condition_expression: when }) => !role.includes('storage') || Boolean(when)),
          'every bucket is open: the state in one of them knows Redis’s password',
        ],
        [
          bindings.every(
            ({ role, condition_expression: when }) =>
              role !== 'roles/bigquery.dataEditor' || /\/datasets\/[a-z_]+'\)$/.test(when ?? ''),
          ),
          'every dataset of that project is open',
        ],
        [Number.parseInt(textAt(resource, 'max_request_duration')) <= 10_800, 'three hours at most'],
        [at(resource, 'requester_justification_config.0.unstructured.0') !== undefined, 'a reason must be given'],
        [kind !== 'look' || !approved, 'whoever is woken at night must see the logs by himself'],
        [plan.env !== 'prod' || kind === 'look' || approved, 'in production somebody must agree'],
      );
    }),
    ...faultsOf('access', ofType(plan, 'google_project_iam_custom_role'), (resource) => {
      const own = pipelinePermissions[textAt(resource, 'role_id')] ?? ['redis.instances.getAuthString'];
      const more = ((at(resource, 'permissions') ?? []) as readonly string[]).filter((one) => !own.includes(one));
      return more.length === 0 ? null : `it may ${more.join(', ')}, which scripts/plan/rules does not allow`;
    }),
  ];
};

/** All of them. */
export const iamRules: readonly Rule[] = [grants, needed, access];
