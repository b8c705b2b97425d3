// What every rule over a plan goes by. The rules themselves: rules/.

import type { FunctionFile } from '../../functions/function-files.ts';
import type { Resource } from './resources.ts';

/** A rule that a plan breaks. */
export interface Fault {
  readonly rule: string;
  readonly address: string;
  readonly text: string;
}

/** A whole plan, and what it is held against. */
export interface Plan {
  readonly env: string;
  readonly resources: readonly Resource[];
  readonly files: readonly FunctionFile[];
}

/** Finds what breaks it. */
export type Rule = (plan: Plan) => Fault[];

/** The resources of one type. */
export const ofType = ({ resources }: Plan, type: string): Resource[] =>
  resources.filter((resource) => resource.type === type);

/** Faults of those that have a reason, or several. @param reason in words, or null */
export function faultsOf(
  rule: string,
  resources: readonly Resource[],
  reason: (resource: Resource) => string | null | readonly string[],
): Fault[] {
  return resources.flatMap((resource) => {
    const given = reason(resource);
    const texts = typeof given === 'string' ? [given] : (given ?? []);
    return texts.map((text) => ({ rule, address: resource.address, text }));
  });
}

/** The words of those conditions that do not hold. */
export const unless = (...conditions: readonly (readonly [holds: boolean, text: string])[]): string[] =>
  conditions.flatMap(([holds, text]) => (holds ? [] : [text]));
