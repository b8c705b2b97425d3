// What of Sourcegraph.com's GraphQL schema the gateway can ask, as a schema of its own: written from the facts of the
// published one, and what a request is checked against. Not what is answered (sourcegraph.ts).

import {
  buildSchema,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  parse,
  validate,
  type DocumentNode,
} from 'graphql';

/**
 * sourcegraph/sourcegraph-public-snapshot, cmd/frontend/graphqlbackend: dotcom.graphql at 792eb263, guardrails.go
 * (snippetAttribution); read 2026-11-28. Names, arguments and nullability are theirs. Types of which the gateway asks
 * one field alone have that field and little else.
 */
const schema = buildSchema(`
scalar BigInt
scalar DateTime

type Query {
  dotcom: DotcomQuery!
  snippetAttribution(snippet: String!, first: Int): SnippetAttributionConnection!
}
type DotcomQuery {
  productSubscription(uuid: String!): ProductSubscription!
  productSubscriptionByAccessToken(accessToken: String!): ProductSubscription!
  productSubscriptions(first: Int, account: ID, query: String): ProductSubscriptionConnection!
  codyGatewayDotcomUserByToken(token: String!): CodyGatewayDotcomUser
}
type ProductSubscriptionConnection { nodes: [ProductSubscription!]! totalCount: Int! pageInfo: PageInfo! }
type ProductSubscription {
  id: ID!
  uuid: String!
  name: String!
  account: User
  activeLicense: ProductLicense
  sourcegraphAccessTokens: [String!]!
  codyGatewayAccess: CodyGatewayAccess!
  createdAt: DateTime!
  isArchived: Boolean!
}
type User { id: ID! username: String! }
type ProductLicense { id: ID! info: ProductLicenseInfo createdAt: DateTime! revokedAt: DateTime }
type ProductLicenseInfo { tags: [String!]! userCount: Int! expiresAt: DateTime! }
type CodyGatewayDotcomUser { id: ID! username: String! codyGatewayAccess: CodyGatewayAccess! }
type CodyGatewayAccess {
  enabled: Boolean!
  chatCompletionsRateLimit: CodyGatewayRateLimit
  codeCompletionsRateLimit: CodyGatewayRateLimit
  embeddingsRateLimit: CodyGatewayRateLimit
}
type CodyGatewayRateLimit {
  source: CodyGatewayRateLimitSource!
  allowedModels: [String!]!
  limit: BigInt!
  intervalSeconds: Int!
}
enum CodyGatewayRateLimitSource { OVERRIDE PLAN }
type PageInfo { endCursor: String hasNextPage: Boolean! }
type SnippetAttributionConnection { nodes: [SnippetAttribution!]! totalCount: Int! limitHit: Boolean! pageInfo: PageInfo! }
type SnippetAttribution { repositoryName: String! }
`);

/** A request that the schema allows. */
export interface CheckedRequest {
  /** Empty where the query has none. */
  readonly operation: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** @returns the errors with which a server of that schema refuses it, instead of a request */
export function checkRequest(body: unknown): CheckedRequest | { readonly errors: readonly GraphQLError[] } {
  const { query, operationName, variables } = (body ?? {}) as Record<string, unknown>;
  let document: DocumentNode;
  try {
    document = parse(typeof query === 'string' ? query : '');
  } catch (error) {
    return { errors: [error as GraphQLError] };
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };
  const operation = getOperationAST(document, typeof operationName === 'string' ? operationName : null);
  if (!operation) return { errors: [new GraphQLError('no operation with that name')] };
  const values = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    (variables ?? {}) as Record<string, unknown>,
  );
  if (values.errors) return { errors: values.errors };
  return { operation: operation.name?.value ?? '', variables: { ...values.variableValues.coerced } };
}
