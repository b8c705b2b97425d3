// The documents of the directory: their shapes, checked on every read. Not where they come from (open-directory.ts) or
// who writes them.

import * as v from 'valibot';
import { parseDocument } from '../documents/documents.ts';
import { budgetsSchema } from './budget.ts';

const models = v.array(v.string());
const units = v.pipe(v.number(), v.integer());

/** A limit that is stated whole. */
const limitSchema = v.object({ limit: units, intervalSeconds: units, allowedModels: models });
/** What an operator says otherwise, field by field (an override of the limit alone keeps the plan's interval). */
const overrideSchema = v.object({
  limit: v.nullish(units),
  intervalSeconds: v.nullish(units),
  allowedModels: v.nullish(models),
});

/** Where prompts may go, as far as it is stated: what is absent is not. */
const placesSchema = v.object({
  /** Who may read them (`companies` of the catalogue's homes); absent: the one whose model is asked for. */
  companies: v.nullish(v.array(v.string())),
  /** Where they may be processed; absent: anywhere. */
  regions: v.nullish(v.array(v.string())),
  /** How long they may be kept at the most; absent: as long as the company does. */
  retention: v.nullish(v.picklist(['none', '30-days', 'longer'])),
});

const byFeature = <S extends v.GenericSchema>(schema: S) =>
  v.object({
    chat_completions: v.nullish(schema),
    code_completions: v.nullish(schema),
    embeddings: v.nullish(schema),
  });

/** Where a document's statements come from: an operator's hand, or the source that a sync or a look-up asked. */
const originSchema = v.picklist(['operator', 'sourcegraph', 'portal']);

/** `subscriptions/{id}` and `users/{id}`: what the source states, and beside it what an operator says otherwise. */
export const subscriptionSchema = v.object({
  name: v.string(),
  accessEnabled: v.boolean(),
  archived: v.optional(v.boolean(), false),
  limits: byFeature(limitSchema),
  /** The quotas of a plan hold where `limits` states none (plan.ts). */
  plan: v.nullish(
    v.object({ name: v.string(), users: units, expiresAt: v.nullish(v.pipe(v.string(), v.isoTimestamp())) }),
  ),
  /** Of the active licence. */
  tags: v.optional(v.array(v.string()), []),
  overrides: v.optional(
    v.object({
      accessEnabled: v.nullish(v.boolean()),
      archived: v.nullish(v.boolean()),
      limits: v.nullish(byFeature(overrideSchema)),
      prompts: v.nullish(placesSchema),
      /** In dollars, beside the limits in units: whichever is used up first refuses. */
      budgets: v.nullish(budgetsSchema),
      /** Hashes of tokens that stay revoked, whatever the source lists. */
      revokedTokens: v.optional(v.array(v.string())),
    }),
    {},
  ),
  origin: v.optional(originSchema, 'operator'),
  /** Hashes of the tokens that the source lists. */
  tokens: v.optional(v.array(v.string()), []),
  /** When the source last told of it, Unix ms; null for what an operator made. */
  lastUpdatedMs: v.nullish(v.number()),
});

/** `tokens/{sha256 of the token}`. */
export const tokenSchema = v.object({
  /** Path of the document of whom the token belongs to. */
  actor: v.pipe(v.string(), v.regex(/^(subscriptions|users)\/[^/]+$/)),
  /** Nobody's for now: its source took it away, and may give it back. */
  revoked: v.optional(v.boolean(), false),
  /** Nobody's for good, whatever a source lists. */
  revokedByOperator: v.optional(v.boolean(), false),
  /** When its source last said of this very token whose it is, Unix ms; null for one that only lists told of. */
  askedMs: v.nullish(v.number()),
});

/** A document of `subscriptions/` or `users/`, as read. */
export type SubscriptionRecord = v.InferOutput<typeof subscriptionSchema>;

/** The same as it may be written: what has a default may be absent. */
export type SubscriptionDocument = v.InferInput<typeof subscriptionSchema>;

/** Where a document's statements come from. */
export type Origin = v.InferOutput<typeof originSchema>;

/**
 * A document of `subscriptions/` or `users/` as it was read.
 * @throws Error that names the document and its faulty members
 */
export function recordOf(data: unknown, path: string): SubscriptionRecord {
  return parseDocument(subscriptionSchema, data, path);
}
