// What a Terraform plan would change, whether that is only what was meant, and in words that hold no value.

import { createHash } from 'node:crypto';

/** `terraform show -json` of a plan, as far as it is read here. */
export interface Plan {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly type?: string;
    readonly change: {
      readonly actions: readonly string[];
      readonly before?: Readonly<Record<string, unknown>> | null;
      readonly after?: Readonly<Record<string, unknown>> | null;
      readonly after_unknown?: Readonly<Record<string, unknown>>;
    };
  }[];
}

type Change = NonNullable<Plan['resource_changes']>[number];

const changesOf = ({ resource_changes: changes = [] }: Plan): Change[] =>
  changes.filter(({ change }) => change.actions.some((action) => action !== 'no-op' && action !== 'read'));

/** Addresses that the plan would change. */
export const changed = (plan: Plan): string[] => changesOf(plan).map(({ address }) => address);

/** @returns the changes that belong to none of these functions */
export function unrelatedChanges(plan: Plan, functions: readonly string[]): string[] {
  const own = functions.map((name) => `module.gateway.module.function["${name}"].`);
  return changed(plan).filter((address) => !own.some((prefix) => address.startsWith(prefix)));
}

/** One line a change: what is done to which resource, and the names of the arguments; their values may be secret. */
export const differences = (plan: Plan): string[] =>
  changesOf(plan).map(({ address, change: { actions, before, after, after_unknown: unknown } }) => {
    const names = Object.keys({ ...before, ...after, ...unknown }).filter(
      (name) => unknown?.[name] === true || JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]),
    );
    const of = actions.join() === 'update' ? `: ${names.toSorted().join(', ')}` : '';
    return `${actions.join(' and ')} ${address}${of}`;
  });

/** The same for plans that do the same, and for no others. Tells nothing of what is in it. */
export const digest = (plan: Plan): string =>
  createHash('sha256')
    .update(JSON.stringify(changesOf(plan).toSorted((a, b) => (a.address < b.address ? -1 : 1))))
    .digest('hex');

/** What the pipeline's account may create and change: terraform/modules/pipeline. A channel needs a secret by hand. */
const pipelines =
  /^(google_cloudfunctions2_function|google_cloud_scheduler_job|google_cloud_tasks_queue|google_logging_metric|google_monitoring_(?!notification_channel)\w+)$/;
/** Those live in the state alone. */
const stateOnly = /^(terraform_data|time_\w+)$/;

/** @returns the changes that need a person: what grants a right, keeps data or lets callers in, and what would go */
export const personsChanges = (plan: Plan): string[] =>
  changesOf(plan)
    .filter(
      ({ type = '', change: { actions } }) =>
        !stateOnly.test(type) && !(pipelines.test(type) && !actions.includes('delete')),
    )
    .map(({ address }) => address);
