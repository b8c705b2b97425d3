// What Sourcegraph.com's records of subscriptions and users state. Not how they are asked for (sourcegraph.ts).

import * as v from 'valibot';
import { features, type StatedLimit, type SubscribedFeature } from '../limits.ts';
import { hashToken } from '../token.ts';
import type { Page, Statement } from './access-source.ts';
import { int32, int64 } from './stated-number.ts';

/** GraphQL's BigInt comes as text or as a number. */
const limitSchema = v.nullish(v.object({ allowedModels: v.array(v.string()), limit: int64, intervalSeconds: int32 }));
const accessSchema = v.object({
  enabled: v.boolean(),
  chatCompletionsRateLimit: limitSchema,
  codeCompletionsRateLimit: limitSchema,
  embeddingsRateLimit: limitSchema,
});
/** `ProductSubscription` of the schema, as far as it is asked for. */
export const subscriptionSchema = v.object({
  uuid: v.pipe(v.string(), v.nonEmpty()),
  account: v.nullish(v.object({ username: v.string() })),
  isArchived: v.boolean(),
  codyGatewayAccess: accessSchema,
  activeLicense: v.nullish(v.object({ info: v.nullish(v.object({ tags: v.array(v.string()) })) })),
  sourcegraphAccessTokens: v.nullish(v.array(v.string())),
});
/** `CodyGatewayDotcomUser` of the schema. */
export const userSchema = v.object({
  id: v.string(),
  username: v.string(),
  codyGatewayAccess: v.nullish(accessSchema),
});
/** A list's nodes. One of another shape must not stop the others. */
export function readNodes(nodes: readonly unknown[]): Page {
  const statements: Statement[] = [];
  const unreadable: string[] = [];
  for (const node of nodes) {
    const result = v.safeParse(subscriptionSchema, node);
    if (result.success) statements.push(subscriptionStatement(result.output));
    else {
      const uuid = (node as { uuid?: unknown } | null)?.uuid;
      unreadable.push(typeof uuid === 'string' ? uuid.toLowerCase() : '');
    }
  }
  return { statements, unreadable };
}

/** What a subscription's record states. */
export function subscriptionStatement(node: v.InferOutput<typeof subscriptionSchema>): Statement {
  const { uuid, account, isArchived, codyGatewayAccess, activeLicense, sourcegraphAccessTokens } = node;
  const tags = activeLicense?.info?.tags ?? [];
  const customer = tags.find((tag) => tag.startsWith('customer:'))?.slice('customer:'.length);
  return {
    source: 'dotcom-product-subscriptions',
    id: uuid.toLowerCase(),
    name: firstName(customer, account?.username) ?? uuid,
    // Without an active licence there is no access, whatever the switch says.
    accessEnabled: codyGatewayAccess.enabled && activeLicense !== null && activeLicense !== undefined,
    archived: isArchived,
    tags,
    ...limitsOf(codyGatewayAccess),
    tokenHashes: sourcegraphAccessTokens?.map(hashToken) ?? null,
  };
}

/** What a user's record states. */
export function userStatement({ id, username, codyGatewayAccess }: v.InferOutput<typeof userSchema>): Statement {
  const number = /^User:(\d+)$/.exec(Buffer.from(id, 'base64').toString('utf8'))?.[1] ?? '';
  return {
    source: 'dotcom-user',
    id: number,
    name: firstName(username) ?? (number === '' ? id : number),
    accessEnabled: number !== '' && (codyGatewayAccess?.enabled ?? false),
    archived: false,
    tags: [],
    ...limitsOf(codyGatewayAccess),
    tokenHashes: null,
  };
}

/** An empty tag or username is no name. */
function firstName(...names: readonly (string | undefined)[]): string | undefined {
  return names.find((name) => name !== undefined && name.trim() !== '');
}

function limitsOf(
  access: v.InferOutput<typeof accessSchema> | null | undefined,
): Pick<Statement, 'limits' | 'unreadableLimits'> {
  const stated = {
    chat_completions: access?.chatCompletionsRateLimit,
    code_completions: access?.codeCompletionsRateLimit,
    embeddings: access?.embeddingsRateLimit,
  } satisfies Record<SubscribedFeature, unknown>;
  return {
    limits: {
      chat_completions: limitOf(stated.chat_completions),
      code_completions: limitOf(stated.code_completions),
      embeddings: limitOf(stated.embeddings),
    },
    unreadableLimits: features.filter((feature) => stated[feature]?.limit === null),
  };
}

function limitOf(stated: v.InferOutput<typeof limitSchema>): StatedLimit | null {
  if (stated === null || stated === undefined || stated.limit === null) return null;
  const { limit, intervalSeconds, allowedModels } = stated;
  return { limit, intervalSeconds, allowedModels: allowedModels.map(qualifiedName) };
}

/** Newer releases write a model as `provider::version of its API::model`. */
function qualifiedName(model: string): string {
  const [provider, version, name, more] = model.split('::');
  return provider && version && name && more === undefined ? `${provider}/${name}` : model;
}
