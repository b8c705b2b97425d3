// The documents of the directory: their shapes, checked on every read. Not where they come from (directory.ts) or who writes them (subscriptions.ts).

import * as v from 'valibot';

const limitSchema = v.object({
  limit: v.pipe(v.number(), v.integer()),
  intervalSeconds: v.pipe(v.number(), v.integer()),
  allowedModels: v.array(v.string()),
});

/** `subscriptions/{id}` and `users/{id}`. */
export const subscriptionSchema = v.object({
  name: v.string(),
  accessEnabled: v.boolean(),
  archived: v.optional(v.boolean(), false),
  limits: v.object({
    chat_completions: v.nullish(limitSchema),
    code_completions: v.nullish(limitSchema),
    embeddings: v.nullish(limitSchema),
  }),
});

/** `tokens/{sha256 of the token}`. */
export const tokenSchema = v.object({
  /** Path of the document of whom the token belongs to. */
  actor: v.pipe(v.string(), v.regex(/^(subscriptions|users)\/[^/]+$/)),
  revoked: v.optional(v.boolean(), false),
});

/** A document of `subscriptions/` or `users/`, as stored. */
export type SubscriptionRecord = v.InferOutput<typeof subscriptionSchema>;

/**
 * The content of a document. One of another shape grants nothing.
 * @throws Error that names the document and its faulty members; their values stay out of it, since it ends in a log
 */
export function parseDocument<S extends v.GenericSchema>(schema: S, data: unknown, path: string): v.InferOutput<S> {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const faults = result.issues.map(
    (issue) => `${v.getDotPath(issue) ?? 'document'}: expected ${issue.expected ?? issue.type}`,
  );
  throw new Error(`directory document ${path} is malformed: ${faults.join('; ')}`);
}
