// What Cloud Functions, Cloud Scheduler and Cloud Tasks take: bounds, runtimes that exist, tokens whose audience is
// the address that they are for.

import { at, textAt, type Resource } from './resources.ts';
import { faultsOf, ofType, unless, type Plan, type Rule } from './rule.ts';
import runtimes from './runtimes.json' with { type: 'json' };

const today = (): string => new Date().toISOString().slice(0, 10);

const functions: Rule = (plan) => {
  const accounts = ofType(plan, 'google_service_account');
  const account = (id: string): Resource | undefined => accounts.find((one) => textAt(one, 'account_id') === id);
  return faultsOf('functions', ofType(plan, 'google_cloudfunctions2_function'), (resource) => {
    const build = (name: string): string => textAt(resource, `build_config.0.${name}`);
    const service = (name: string): string => textAt(resource, `service_config.0.${name}`);
    const of = (name: string): number => Number.parseFloat(service(name));
    const runtime = build('runtime');
    const end = (runtimes.runtimes as Readonly<Record<string, string>>)[runtime];
    const memory = of('available_memory');
    const heap = Number(
      /--max-old-space-size=(\d+)/.exec(service('environment_variables.NODE_OPTIONS'))?.[1] ?? Number.NaN,
    );
    const is = (id: string, member: string, value: string): boolean => {
      const found = account(id);
      return found !== undefined && textAt(found, member) === value;
    };
    return unless(
      [end !== undefined, `there is no runtime ${runtime}`],
      [end === undefined || end >= today(), `${runtime} has ended on ${end ?? ''}`],
      [
        /^[A-Za-z][A-Za-z0-9_.]*$/.test(build('entry_point')),
        `${build('entry_point')} is no entry point: letters, digits, dot and underscore`,
      ],
      [is('function-builder', 'name', build('service_account')), 'another account than function-builder builds it'],
      [
        is(`fn-${textAt(resource, 'name')}`, 'email', service('service_account_email')),
        'it runs as another account than its own',
      ],
      [/^\d+Mi$/.test(service('available_memory')) && memory >= 128 && memory <= 32_768, `${memory} MiB: 128 to 32768`],
      [of('timeout_seconds') >= 1 && of('timeout_seconds') <= 3600, 'a time-out of 1 to 3600 seconds'],
      [of('available_cpu') >= 1 || of('max_instance_request_concurrency') === 1, 'below one CPU one request at a time'],
      [of('available_cpu') <= 8, 'eight CPUs at most'],
      [of('max_instance_request_concurrency') <= 1000, 'a thousand requests at a time at most'],
      [of('max_instance_count') >= Math.max(1, of('min_instance_count')), 'fewer instances at most than at least'],
      [heap <= memory * 0.75, `V8 may take ${heap} MiB of ${memory}: an instance would end instead of collecting`],
    );
  });
};

/** An instance that starts before it may read its secrets never starts. */
const order: Rule = (plan) =>
  faultsOf('order', ofType(plan, 'google_cloudfunctions2_function'), ({ dependsOn }) =>
    dependsOn.some((address) => address.endsWith('google_secret_manager_secret_iam_member.secret'))
      ? null
      : 'it does not wait for the right to read its secrets',
  );

const mounted: Rule = (plan) =>
  faultsOf('secrets', ofType(plan, 'google_cloudfunctions2_function'), (resource) => {
    const environment = (at(resource, 'service_config.0.environment_variables') ?? {}) as Record<string, unknown>;
    const plain = Object.keys(environment).filter((name) => /(TOKEN|SECRET|PASSWORD|_DSN|API_KEY)$/.test(name));
    return plain.length === 0 ? null : `${plain.join(', ')} would stand in the environment as text`;
  });

const host = (url: string): string | undefined => /^https:\/\/([a-z0-9-]+)-\d+\.[a-z0-9-]+\.run\.app$/.exec(url)?.[1];

const jobs: Rule = (plan) => [
  ...faultsOf('jobs', ofType(plan, 'google_cloud_scheduler_job'), (resource) => {
    const name = textAt(resource, 'name');
    const file = plan.files.find((one) => one.name === name);
    if (textAt(resource, 'paused') === 'true') return 'it is paused';
    const deadline = Number.parseInt(textAt(resource, 'attempt_deadline'));
    if (!(deadline >= 15 && deadline <= 1800)) return 'Scheduler waits 15 seconds to 30 minutes';
    // The synthetic call goes to the hostname, with a token of its own.
    if (file === undefined) return name === 'cody-gateway-synthetic-call' ? null : 'it calls no function';
    const audience = textAt(resource, 'http_target.0.oidc_token.0.audience');
    if (host(audience) !== name) return `its token is for ${audience}, which is not the address of ${name}`;
    if (textAt(resource, 'http_target.0.uri') !== `${audience}/`)
      return 'it calls another address than its token is for';
    if (textAt(resource, 'schedule') !== file.schedule) return `its schedule is not ${file.schedule ?? ''}`;
    return deadline > file.timeoutSeconds ? null : 'it gives up before the function does';
  }),
  ...plan.files
    .filter(({ trigger, name }) => trigger === 'schedule' && !hasName(plan, 'google_cloud_scheduler_job', name))
    .map(({ name }) => ({ rule: 'jobs', address: name, text: 'nobody calls it on time' })),
];

const queues: Rule = (plan) => [
  ...faultsOf('queues', ofType(plan, 'google_cloud_tasks_queue'), (resource) => {
    const queue = textAt(resource, 'name').replace(/-\d+$/, '');
    const target = plan.files.find((file) => file.queue === queue)?.name;
    const audience = textAt(resource, 'http_target.0.oidc_token.0.audience');
    if (target === undefined || host(audience) !== target)
      return `its token is for ${audience}, not for who serves ${queue}`;
    if (textAt(resource, 'desired_state') === 'PAUSED') return 'it is paused';
    const rate = Number(textAt(resource, 'rate_limits.0.max_dispatches_per_second'));
    return rate >= 100 && rate <= 500 ? null : 'a queue takes 500 tasks a second, and is given no less than 100';
  }),
  ...plan.files.flatMap(({ queue, name }) =>
    queue === undefined || hasName(plan, 'google_cloud_tasks_queue', queue)
      ? []
      : [{ rule: 'queues', address: name, text: `there is no queue ${queue}` }],
  ),
];

const hasName = (plan: Plan, type: string, name: string): boolean =>
  ofType(plan, type).some((resource: Resource) => textAt(resource, 'name') === name);

const everyFunction: Rule = (plan) =>
  plan.files.flatMap(({ name, trigger }) => [
    ...(hasName(plan, 'google_cloudfunctions2_function', name)
      ? []
      : [{ rule: 'functions', address: name, text: 'it is not deployed' }]),
    ...(trigger !== 'http' || hasName(plan, 'google_compute_backend_service', `fn-${name}`)
      ? []
      : [{ rule: 'functions', address: name, text: 'the load balancer does not reach it' }]),
  ]);

/** All of them. */
export const functionRules: readonly Rule[] = [functions, order, mounted, jobs, queues, everyFunction];
