// Two published Connect services as data: Enterprise Portal's CodyAccessService and TokensService of Sourcegraph's
// accounts. The forms on the wire are made by protobuf's own library from it. Not what they answer (portal.ts,
// introspection.ts).

import { createFileRegistry, fromJson, type DescMessage, type DescService, type JsonObject } from '@bufbuild/protobuf';
import {
  file_google_protobuf_duration,
  file_google_protobuf_timestamp,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

type Kind = 'string' | 'bool' | 'int32' | 'uint64' | `.${string}`;
/** Name, number, kind (a message's or an enum's name with its dot), and what else there is to say. */
type Field = readonly [name: string, number: number, kind: Kind, more?: 'repeated' | 'enum' | 'query'];

interface Source {
  /** Where it is published: repository, path, commit, date of the reading. */
  readonly source: string;
  readonly package: string;
  readonly service: string;
  readonly methods: Readonly<Record<string, readonly [request: string, response: string]>>;
  readonly messages: Readonly<Record<string, readonly Field[]>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

const codyAccess: Source = {
  source:
    'sourcegraph/sourcegraph-public-snapshot, lib/enterpriseportal/codyaccess/v1/codyaccess.proto at 49f58dc1, `limit` as of c93c3777 (uint64); read 2026-11-28',
  package: 'enterpriseportal.codyaccess.v1',
  service: 'CodyAccessService',
  methods: {
    GetCodyGatewayAccess: ['GetCodyGatewayAccessRequest', 'GetCodyGatewayAccessResponse'],
    ListCodyGatewayAccesses: ['ListCodyGatewayAccessesRequest', 'ListCodyGatewayAccessesResponse'],
  },
  messages: {
    GetCodyGatewayAccessRequest: [
      ['subscription_id', 1, 'string', 'query'],
      ['access_token', 2, 'string', 'query'],
    ],
    GetCodyGatewayAccessResponse: [['access', 1, '.CodyGatewayAccess']],
    ListCodyGatewayAccessesRequest: [
      ['page_size', 1, 'int32'],
      ['page_token', 2, 'string'],
    ],
    ListCodyGatewayAccessesResponse: [
      ['next_page_token', 1, 'string'],
      ['accesses', 2, '.CodyGatewayAccess', 'repeated'],
    ],
    CodyGatewayAccess: [
      ['subscription_id', 1, 'string'],
      ['enabled', 2, 'bool'],
      ['chat_completions_rate_limit', 3, '.CodyGatewayRateLimit'],
      ['code_completions_rate_limit', 4, '.CodyGatewayRateLimit'],
      ['embeddings_rate_limit', 5, '.CodyGatewayRateLimit'],
      ['access_tokens', 6, '.CodyGatewayAccessToken', 'repeated'],
      ['subscription_display_name', 7, 'string'],
    ],
    CodyGatewayRateLimit: [
      ['source', 1, '.CodyGatewayRateLimitSource', 'enum'],
      ['limit', 2, 'uint64'],
      ['interval_duration', 3, '.google.protobuf.Duration'],
    ],
    CodyGatewayAccessToken: [['token', 1, 'string']],
  },
  enums: {
    CodyGatewayRateLimitSource: [
      'CODY_GATEWAY_RATE_LIMIT_SOURCE_UNSPECIFIED',
      'CODY_GATEWAY_RATE_LIMIT_SOURCE_OVERRIDE',
      'CODY_GATEWAY_RATE_LIMIT_SOURCE_PLAN',
    ],
  },
};

const tokens: Source = {
  source:
    'sourcegraph/sourcegraph-accounts-sdk-go, clients/v1/clients.proto at 05296172, `user_id` of August 2025 (its number is not ours to know: JSON has names alone); read 2026-11-28',
  package: 'clients.v1',
  service: 'TokensService',
  methods: { IntrospectToken: ['IntrospectTokenRequest', 'IntrospectTokenResponse'] },
  messages: {
    IntrospectTokenRequest: [['token', 1, 'string']],
    IntrospectTokenResponse: [
      ['active', 1, 'bool'],
      ['scopes', 2, 'string', 'repeated'],
      ['client_id', 3, 'string'],
      ['expires_at', 4, '.google.protobuf.Timestamp'],
      ['user_id', 5, 'string'],
    ],
  },
  enums: {},
};

/** The two as the Connect library takes them. */
export const codyAccessService = describe(codyAccess);
export const tokensService = describe(tokens);

/** The response message of a method. */
export function responseOf(service: DescService, method: string): DescMessage {
  const found = service.methods.find(({ name }) => name === method);
  if (found === undefined) throw new Error(`${service.typeName} has no method ${method}`);
  return found.output;
}

function describe({ package: pkg, service, methods, messages, enums }: Source): DescService {
  const full = (name: string): string => (name.startsWith('.google.') ? name : `.${pkg}.${name.replace(/^\./, '')}`);
  const field = ([name, number, kind, more]: Field): JsonObject => ({
    name,
    jsonName: name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    number,
    label: more === 'repeated' ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
    ...(kind.startsWith('.')
      ? { type: more === 'enum' ? 'TYPE_ENUM' : 'TYPE_MESSAGE', typeName: full(kind) }
      : { type: `TYPE_${kind.toUpperCase()}` }),
    ...(more === 'query' && { oneofIndex: 0 }),
  });
  const known = [file_google_protobuf_duration, file_google_protobuf_timestamp];
  const file = fromJson(FileDescriptorProtoSchema, {
    name: `${pkg}.proto`,
    package: pkg,
    syntax: 'proto3',
    dependency: known.map(({ proto }) => proto.name),
    messageType: Object.entries(messages).map(([name, fields]) => ({
      name,
      field: fields.map(field),
      oneofDecl: fields.some(([, , , more]) => more === 'query') ? [{ name: 'query' }] : [],
    })),
    enumType: Object.entries(enums).map(([name, values]) => ({
      name,
      value: values.map((value, number) => ({ name: value, number })),
    })),
    service: [
      {
        name: service,
        method: Object.entries(methods).map(([name, [request, response]]) => ({
          name,
          inputType: full(request),
          outputType: full(response),
        })),
      },
    ],
  });
  const registry = createFileRegistry(file, (name) => known.find(({ proto }) => proto.name === name));
  const described = registry.getService(`${pkg}.${service}`);
  if (described === undefined) throw new Error(`${pkg}.${service} is not described`);
  return described;
}
