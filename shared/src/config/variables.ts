// Every environment variable the gateway reads, one row each: name, kind, default, sentence. README.md beside it has
// the table.

import { consoleVariables } from './console-variables.ts';
import { deliveryVariables } from './delivery-variables.ts';
import { flaggingVariables } from './flagging-variables.ts';
import { providerVariables } from './provider-variables.ts';
import { redisVariables } from './redis-variables.ts';
import { choice, row } from './variable-row.ts';

export type { Kind } from './variable-row.ts';

/**
 * Names and defaults of the original gateway where it has them (shared/COMPATIBILITY.md#variable-names), ours besides.
 * Keys are the names in `Config`.
 */
export const variables = {
  ...redisVariables,
  diagnosticsSecret: row(
    'CODY_GATEWAY_DIAGNOSTICS_SECRET',
    'secret',
    undefined,
    'Bearer secret of `/-/healthz` and `/metrics`.',
  ),
  catalogue: row(
    'CODY_GATEWAY_CATALOGUE',
    'text',
    null,
    'Rows of providers, homes, secrets, models, prices and factors that are added to the defaults (`shared/src/catalogue/defaults`) or change them: JSON such as `{"homes": [{"id": "ollama", "baseUrl": "http://10.0.0.7:11434"}]}`, or the path of a file that holds it.',
  ),
  ...providerVariables,
  ...flaggingVariables,
  flaggedPromptRecording: row(
    'CODY_GATEWAY_FLAGGED_PROMPT_RECORDING',
    'boolean',
    'false',
    'Whether flagged chat prompts of Sourcegraph.com users are kept in Redis for a while, to be read at `/maintenance/flagged-requests`.',
  ),
  flaggedPromptTtlMs: row(
    'CODY_GATEWAY_DOTCOM_FLAGGED_PROMPT_RECORDER_TTL',
    'duration',
    '1h',
    'How long a flagged prompt is kept.',
  ),
  acceptableUsePolicyUrl: row(
    'CODY_GATEWAY_ACCEPTABLE_USE_POLICY_URL',
    'url',
    'https://sourcegraph.com/terms/aup',
    'Told to callers whose request is blocked.',
  ),
  supportAddress: row(
    'CODY_GATEWAY_SUPPORT_ADDRESS',
    'text',
    'support@sourcegraph.com',
    'Whom callers whose request is blocked may ask.',
  ),
  introspectionUrl: row(
    'CODY_GATEWAY_TOKEN_INTROSPECTION_URL',
    'url',
    null,
    'Where tokens for `/maintenance/` are looked up (RFC 7662); without it and `SAMS_CLIENT_ID` and `SAMS_CLIENT_SECRET` these paths do not exist.',
  ),
  introspectionMethod: choice(
    'CODY_GATEWAY_TOKEN_INTROSPECTION_METHOD',
    ['auto', 'connect', 'bearer', 'basic'],
    'auto',
    'How they are looked up: `connect` (TokensService of `SAMS_URL`), `bearer` (RFC 7662 with an access token of ours from `SAMS_URL`), `basic` (RFC 7662 with client id and secret); `auto` takes the first of these that is accepted, and elsewhere than at `SAMS_URL` `basic` alone.',
  ),
  samsClientId: row(
    'SAMS_CLIENT_ID',
    'text',
    null,
    'Our client id at `SAMS_URL`, for that look-up and Enterprise Portal.',
  ),
  samsClientSecret: row('SAMS_CLIENT_SECRET', 'secret', null, 'The client’s secret.'),
  allowedEmbeddingModels: row(
    'CODY_GATEWAY_ALLOWED_EMBEDDINGS_MODELS',
    'list',
    'openai/text-embedding-ada-002,sourcegraph/st-multi-qa-mpnet-base-dot-v1,sourcegraph/st-multi-qa-mpnet-metadata,openai/text-embedding-3-small,openai/text-embedding-3-large,google/gemini-embedding-001',
    'Embedding models that are served, with provider prefix; `google/…` on `/v1beta/*`.',
  ),
  sourcegraphEmbeddingsUrl: row(
    'CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_URL',
    'url',
    'https://embeddings.sourcegraph.com/v2/models/st-multi-qa-mpnet-base-dot-v1/infer',
    'KServe v2 endpoint of the embedding model that Sourcegraph hosts.',
  ),
  sourcegraphEmbeddingsToken: row(
    'CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_TOKEN',
    'secret',
    null,
    'Secret of that endpoint; without it its models are not served.',
  ),
  embeddingEndpoints: row(
    'CODY_GATEWAY_EMBEDDINGS_ENDPOINTS',
    'list',
    null,
    "Further embedding models behind OpenAI's API, each as `provider/model:dimensions=https://host/v1`.",
  ),
  embeddingEndpointsToken: row(
    'CODY_GATEWAY_EMBEDDINGS_ENDPOINTS_TOKEN',
    'secret',
    null,
    'Bearer token that all of these take; unset where they take none.',
  ),
  embeddingTimeoutMs: row(
    'CODY_GATEWAY_EMBEDDINGS_TIMEOUT',
    'duration',
    '60s',
    'Longest time for all calls of one embedding request.',
  ),
  allowAnonymous: row(
    'CODY_GATEWAY_ALLOW_ANONYMOUS',
    'boolean',
    'false',
    'Whether callers without a token are served, each address with a small pool of its own.',
  ),
  trustedProxies: row(
    'CODY_GATEWAY_TRUSTED_PROXIES',
    'integer',
    '0',
    'Entries that our own proxies append to `X-Forwarded-For` behind the caller’s address: 1 for the load balancer.',
    [0, 10],
  ),
  loadBalancerAddresses: row(
    'CODY_GATEWAY_LOAD_BALANCER_ADDRESSES',
    'list',
    null,
    'Addresses of the load balancer: only requests that came through it have the entries of `CODY_GATEWAY_TRUSTED_PROXIES`. Not set: all requests have them.',
  ),
  dotcomClientId: row(
    'CODY_GATEWAY_DOTCOM_CLIENT_ID',
    'text',
    null,
    'Sent to Sourcegraph.com as `X-Sourcegraph-Client-ID`.',
  ),
  dotcomInternalMode: row(
    'CODY_GATEWAY_DOTCOM_INTERNAL_MODE',
    'boolean',
    'false',
    'Whether only subscriptions with the licence tag `dev` or `internal` have access.',
  ),
  userCooldownMs: row(
    'CODY_GATEWAY_DOTCOM_ACTOR_COOLDOWN_INTERVAL',
    'duration',
    '300s',
    'Shortest time between two refreshes of one Sourcegraph.com user.',
  ),
  portalUrl: row(
    'CODY_GATEWAY_ENTERPRISE_PORTAL_URL',
    'url',
    null,
    'Enterprise Portal; where it is set, product subscriptions come from there, with `SAMS_CLIENT_ID` and `SAMS_CLIENT_SECRET`.',
  ),
  accountsUrl: row(
    'SAMS_URL',
    'url',
    'https://accounts.sourcegraph.com',
    'Sourcegraph’s accounts server, which Enterprise Portal trusts.',
  ),
  unknownTokensPerSecond: row(
    'CODY_GATEWAY_UNKNOWN_TOKENS_PER_SECOND',
    'integer',
    '20',
    'Tokens that nobody knows about which an instance asks their source a second; beyond it they get 503.',
    [1, 10_000],
  ),
  unknownTokenReadsPerSecond: row(
    'CODY_GATEWAY_UNKNOWN_TOKEN_READS_PER_SECOND',
    'integer',
    '500',
    'Tokens that neither an instance nor Redis remembers which it looks up in the directory a second; beyond it they get 503.',
    [1, 100_000],
  ),
  syncPrunePercentMax: row(
    'CODY_GATEWAY_SYNC_PRUNE_PERCENT_MAX',
    'integer',
    '10',
    'Percent of the known subscriptions that may be missing in a list before the sync doubts it: then Enterprise Portal is asked about each, and what it does not say is gone stays.',
    [1, 100],
  ),
  attributionEnabled: row(
    'CODY_GATEWAY_ENABLE_ATTRIBUTION_SEARCH',
    'boolean',
    'false',
    'Whether subscriptions may search for the origin of code; needs the two below.',
  ),
  dotcomAccessToken: row(
    'CODY_GATEWAY_DOTCOM_ACCESS_TOKEN',
    'secret',
    null,
    'Token of a service account of Sourcegraph.com, read only.',
  ),
  dotcomApiUrl: row(
    'CODY_GATEWAY_DOTCOM_API_URL',
    'url',
    'https://sourcegraph.com/.api/graphql',
    'GraphQL endpoint of Sourcegraph.com.',
  ),
  unpricedCeilingNanoUsd: row(
    'CODY_GATEWAY_UNPRICED_CEILING_USD',
    'dollars',
    null,
    'What a call is taken to cost whose cost has no upper bound (a model without a price, a tool without a limit), where a budget in dollars holds; without it a hard budget refuses such calls.',
  ),
  billingTimeZone: row(
    'CODY_GATEWAY_BILLING_TIME_ZONE',
    'time zone',
    'UTC',
    'Where days and months of budgets begin; the same as the warehouse’s days (`billing_time_zone` of Terraform sets both).',
  ),
  attributionPerDay: row(
    'CODY_GATEWAY_ATTRIBUTION_PER_DAY',
    'integer',
    '10000',
    'Attribution searches that a subscription may make a day.',
    [1, 1e9],
  ),
  burstPercentage: row(
    'CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE',
    'integer',
    '50',
    'Percent of the daily limit that is allowed in one burst interval.',
    [1, 100_000],
  ),
  burstIntervalMs: row(
    'CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_INTERVAL',
    'duration',
    '10s',
    'Length of the burst window.',
  ),
  inFlightMin: row(
    'CODY_GATEWAY_ACTOR_IN_FLIGHT_MIN',
    'integer',
    '20',
    'Calls that an actor may always have in flight per feature; the cap is the burst size where that is larger.',
    [1, 1e6],
  ),
  bodyBytesMax: row(
    'CODY_GATEWAY_BODY_BYTES_MAX',
    'integer',
    String(32 * 1024 * 1024),
    'Largest request body in bytes; above it 413.',
    [1024, 512 * 1024 * 1024],
  ),
  corsOrigins: row(
    'CODY_GATEWAY_CORS_ORIGINS',
    'list',
    null,
    'Origins whose pages may call `/v1` from a browser, such as `https://app.example.com`, or `*`; not set: none.',
  ),
  streamCompression: choice(
    'CODY_GATEWAY_STREAM_COMPRESSION',
    ['off', 'gzip'],
    'off',
    'Whether streams go out compressed, to SDKs that take gzip: `gzip`, each frame readable at once, or `off`. Never on the paths of Sourcegraph instances. A tenth of the bytes, for some 10 µs of processor time a frame.',
  ),
  headersTimeoutMs: row(
    'CODY_GATEWAY_UPSTREAM_HEADERS_TIMEOUT',
    'duration',
    '60s',
    'How long a provider may take to the response headers of a stream; a model that thinks, and an SDK’s answer in one piece, have the total.',
  ),
  idleTimeoutMs: row(
    'CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT',
    'duration',
    '60s',
    'Longest gap between two chunks of a stream; a model that thinks, and an SDK’s answer in one piece, have the total.',
  ),
  totalTimeoutMs: row(
    'CODY_GATEWAY_UPSTREAM_TOTAL_TIMEOUT',
    'duration',
    '9m',
    'Longest provider call from start to last byte; below the function timeout.',
  ),
  cloudflareHeaders: row(
    'SRC_USE_CLOUDFLARE_HEADERS',
    'boolean',
    'false',
    'Whether Cloudflare is in front: of requests from its network its headers tell who called.',
  ),
  firestoreEmulatorHost: row(
    'FIRESTORE_EMULATOR_HOST',
    'text',
    null,
    'Firestore emulator as `host:port`; unset on Google Cloud.',
  ),
  ...deliveryVariables,
  ...consoleVariables,
  otelEndpoint: row(
    'CODY_GATEWAY_OTEL_ENDPOINT',
    'url',
    null,
    'Where traces and metrics go over OTLP, `https://telemetry.googleapis.com` on Google Cloud; without it there are neither.',
  ),
  otelProject: row(
    'CODY_GATEWAY_OTEL_GCP_PROJECT_ID',
    'text',
    null,
    'Project of traces and metrics; default `GOOGLE_CLOUD_PROJECT`.',
  ),
  tracePolicy: row(
    'CODY_GATEWAY_TRACE_POLICY',
    'text',
    'all',
    'Which requests are traced: `all`, `selective` (those that ask by `X-Sourcegraph-Should-Trace` or `?trace=`) or `none`.',
  ),
  samplePercent: row(
    'CODY_GATEWAY_SUCCESS_SAMPLE_PERCENT',
    'integer',
    '10',
    'Percent of calls that went well that leave spans and a whole log line; the others leave a short one. Failed and slow ones always leave all.',
    [0, 100],
  ),
  sentryDsn: row(
    'CODY_GATEWAY_SENTRY_DSN',
    'secret',
    null,
    'Sentry project that errors go to; without it there is no Sentry.',
  ),
  environment: row('CODY_GATEWAY_ENVIRONMENT', 'text', 'dev', 'Environment, as it stands in Sentry and in traces.'),
  googleCloudProject: row(
    'GOOGLE_CLOUD_PROJECT',
    'text',
    null,
    'Project of queues, directory and log trace links; set by Terraform.',
  ),
  functionName: row('K_SERVICE', 'text', 'local', 'Name of the deployed function; set by Cloud Run.'),
  region: row('CODY_GATEWAY_REGION', 'text', 'local', 'Region, as it stands in events.'),
  version: row('CODY_GATEWAY_VERSION', 'text', '0.0.0+dev', 'Release tag, answered at `/-/__version`.'),
} as const;
