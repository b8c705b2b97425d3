// What a Terraform plan would change, and whether that is only what was meant.

/** `terraform show -json` of a plan, as far as it is read here. */
export interface Plan {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly change: { readonly actions: readonly string[] };
  }[];
}

/** Addresses that the plan would change. */
export function changed({ resource_changes: changes = [] }: Plan): string[] {
  return changes
    .filter(({ change }) => change.actions.some((action) => action !== 'no-op' && action !== 'read'))
    .map(({ address }) => address);
}

/** @returns the changes that belong to none of these functions */
export function unrelatedChanges(plan: Plan, functions: readonly string[]): string[] {
  const own = functions.map((name) => `module.gateway.module.function["${name}"].`);
  return changed(plan).filter((address) => !own.some((prefix) => address.startsWith(prefix)));
}
