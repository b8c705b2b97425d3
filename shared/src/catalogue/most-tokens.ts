// The most tokens that a provider counts for what only it can count: a picture, a page, what it adds unseen. Facts of
// providers' and models' rows, for the upper bound of a call's cost (bound.ts).

import * as v from 'valibot';

/** What a request may hold beside text, whether it is sent along or named. */
export const partKinds = ['image', 'audio', 'video', 'file'] as const;
export type PartKind = (typeof partKinds)[number];

/**
 * `image`, `audio`, `video`, `file`: input tokens of one; without a fact it may fill the whole context. `request`: what
 * is added to every request; `tools`: and to one with tools. `second`: output tokens that a model writes in a second.
 */
const names = [...partKinds, 'request', 'tools', 'second'] as const;
export type MostName = (typeof names)[number];

export const mostTokens = v.nullable(
  v.record(
    v.picklist(names, (issue) => `${issue.received} is none of ${names.join(', ')}`),
    v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is below 1'), v.maxValue(1e9)),
  ),
);
export type MostTokens = v.InferOutput<typeof mostTokens>;

/**
 * Where nobody has looked it up. Templates of open models add some tens of tokens, descriptions of tools that providers
 * write themselves some hundreds each; the fastest machines write some 3,000 a second.
 */
const unstated: Readonly<Partial<Record<MostName, number>>> = { request: 500, tools: 4_000, second: 5_000 };

/** Of a model, else of its provider. @returns null: there is no such fact */
export function mostOf(name: MostName, model: MostTokens, provider: MostTokens): number | null {
  return model?.[name] ?? provider?.[name] ?? unstated[name] ?? null;
}
