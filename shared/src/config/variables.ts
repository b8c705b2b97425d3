// Every environment variable the gateway reads, one row each: name, kind, default, sentence. README's table is checked against it.

import { flaggingVariables } from './flagging-variables.ts';
import { row } from './variable-row.ts';

export type { Kind } from './variable-row.ts';

const anthropicModels =
  'claude-v1,claude-v1-100k,claude-v1.0,claude-v1.2,claude-v1.3,claude-v1.3-100k,claude-2,claude-2.0,claude-2.1,claude-2-100k,' +
  'claude-instant-v1,claude-instant-1,claude-instant-v1-100k,claude-instant-v1.0,claude-instant-v1.1,claude-instant-v1.1-100k,' +
  'claude-instant-v1.2,claude-instant-1.2,claude-instant-1.2-cyan,claude-3-haiku-20240307,claude-3-sonnet-20240229,' +
  'claude-3-5-sonnet-20240620,claude-3-opus-20240229';

/** Names and defaults of the reference (spec completions §6) where it has them, ours besides (design §10). Keys are the names in `Config`. */
export const variables = {
  redisEndpoint: row(
    'REDIS_ENDPOINT',
    'secret',
    undefined,
    'Redis as `redis://` or `rediss://` URL or `host:port`; holds counters, leases and the outbox.',
  ),
  redisBudgetMs: row(
    'CODY_GATEWAY_REDIS_BUDGET',
    'duration',
    '50ms',
    'What a request may wait for Redis before its first byte, and again when it settles.',
  ),
  diagnosticsSecret: row('CODY_GATEWAY_DIAGNOSTICS_SECRET', 'secret', undefined, 'Bearer secret of `/-/healthz`.'),
  anthropicAccessToken: row(
    'CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN',
    'secret',
    null,
    'Anthropic API key; without it Anthropic is not routed.',
  ),
  anthropicBaseUrl: row('CODY_GATEWAY_ANTHROPIC_BASE_URL', 'url', 'https://api.anthropic.com', 'Where Anthropic is.'),
  anthropicAllowedModels: row(
    'CODY_GATEWAY_ANTHROPIC_ALLOWED_MODELS',
    'list',
    anthropicModels,
    'Anthropic models that are served, without provider prefix.',
  ),
  anthropicMaxTokensToSample: row(
    'CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE',
    'integer',
    '4000',
    'Largest `max_tokens` on Anthropic routes.',
    [1, 1e9],
  ),
  openaiAccessToken: row(
    'CODY_GATEWAY_OPENAI_ACCESS_TOKEN',
    'secret',
    null,
    'OpenAI API key; without it OpenAI is not routed.',
  ),
  openaiOrgId: row('CODY_GATEWAY_OPENAI_ORG_ID', 'text', null, 'Sent as `OpenAI-Organization`.'),
  openaiBaseUrl: row(
    'CODY_GATEWAY_OPENAI_BASE_URL',
    'url',
    'https://api.openai.com',
    'Where OpenAI is, without `/v1`.',
  ),
  openaiAllowedModels: row(
    'CODY_GATEWAY_OPENAI_ALLOWED_MODELS',
    'list',
    'gpt-4,gpt-3.5-turbo,gpt-4o,gpt-4-turbo,gpt-4-turbo-preview',
    'OpenAI models that are served, without provider prefix.',
  ),
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
    'Where tokens for `/maintenance/` are looked up (RFC 7662); without it and the two below these paths do not exist.',
  ),
  samsClientId: row('SAMS_CLIENT_ID', 'text', null, 'Client id for that look-up.'),
  samsClientSecret: row('SAMS_CLIENT_SECRET', 'secret', null, 'Client secret for that look-up.'),
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
  headersTimeoutMs: row(
    'CODY_GATEWAY_UPSTREAM_HEADERS_TIMEOUT',
    'duration',
    '60s',
    'How long a provider may take to its response headers.',
  ),
  idleTimeoutMs: row(
    'CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT',
    'duration',
    '60s',
    'Longest gap between two chunks of a provider.',
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
    'Whether Cloudflare is in front, so that its headers tell the log who called.',
  ),
  firestoreEmulatorHost: row(
    'FIRESTORE_EMULATOR_HOST',
    'text',
    null,
    'Firestore emulator as `host:port`; unset on Google Cloud.',
  ),
  tasksEndpoint: row(
    'CODY_GATEWAY_TASKS_ENDPOINT',
    'url',
    null,
    'Where Cloud Tasks is; unset on Google Cloud, `http://` means without TLS.',
  ),
  tasksLocation: row('CODY_GATEWAY_TASKS_LOCATION', 'text', 'us-central1', 'Region of the queues.'),
  eventsQueue: row(
    'CODY_GATEWAY_EVENTS_QUEUE',
    'text',
    'events',
    'Queue that carries usage events to `deliver-events`.',
  ),
  deliverEventsUrl: row(
    'CODY_GATEWAY_DELIVER_EVENTS_URL',
    'url',
    null,
    'Where the queue delivers usage events; without it they stay in the outbox.',
  ),
  eventsQueueCount: row(
    'CODY_GATEWAY_EVENTS_QUEUE_COUNT',
    'integer',
    '1',
    'Queues that share the usage events, for more than 500 tasks a second: the named one, then with `-1`, `-2` and so on.',
    [1, 100],
  ),
  notificationsQueue: row(
    'CODY_GATEWAY_NOTIFICATIONS_QUEUE',
    'text',
    'notifications',
    'Queue that carries quota notices to `deliver-notifications`.',
  ),
  deliverNotificationsUrl: row(
    'CODY_GATEWAY_DELIVER_NOTIFICATIONS_URL',
    'url',
    null,
    'Where the queue delivers quota notices; without it they are logged only.',
  ),
  slackWebhookUrl: row(
    'CODY_GATEWAY_ACTOR_RATE_LIMIT_NOTIFY_SLACK_WEBHOOK_URL',
    'secret',
    null,
    'Incoming webhook that gets quota notices; without it they are logged only.',
  ),
  subscriptionThresholds: row(
    'CODY_GATEWAY_NOTIFY_SUBSCRIPTIONS_AT',
    'percents',
    '90,95,100',
    'Percent of a quota at which a notice about a subscription is sent.',
  ),
  userThresholds: row(
    'CODY_GATEWAY_NOTIFY_USERS_AT',
    'percents',
    'none',
    'Percent of a quota at which a notice about a Sourcegraph.com user is sent.',
  ),
  subscriptionLinkBase: row(
    'CODY_GATEWAY_SUBSCRIPTION_LINK_BASE',
    'url',
    'https://sourcegraph.com/site-admin/dotcom/product/subscriptions',
    'What a notice links a subscription to, with its id behind.',
  ),
  tasksServiceAccount: row(
    'CODY_GATEWAY_TASKS_SERVICE_ACCOUNT',
    'text',
    null,
    'Account whose OIDC token a task carries; unset where the target asks for none.',
  ),
  bigqueryProjectId: row(
    'CODY_GATEWAY_BIGQUERY_PROJECT_ID',
    'text',
    null,
    'Project of the events table; default `GOOGLE_CLOUD_PROJECT`.',
  ),
  bigqueryDataset: row('CODY_GATEWAY_BIGQUERY_DATASET', 'text', 'cody_gateway', 'Dataset of the events table.'),
  bigqueryTable: row('CODY_GATEWAY_BIGQUERY_TABLE', 'text', 'events', 'The events table.'),
  bigqueryEndpoint: row(
    'CODY_GATEWAY_BIGQUERY_ENDPOINT',
    'url',
    null,
    'Where BigQuery is; unset on Google Cloud, `http://` means without credentials.',
  ),
  googleCloudProject: row('GOOGLE_CLOUD_PROJECT', 'text', null, 'Project of queues, directory and log trace links.'),
  functionName: row('K_SERVICE', 'text', 'local', 'Name of the deployed function; set by Cloud Run.'),
  region: row('CODY_GATEWAY_REGION', 'text', 'local', 'Region, as it stands in events.'),
  version: row('CODY_GATEWAY_VERSION', 'text', '0.0.0+dev', 'Release tag, answered at `/-/__version`.'),
} as const;
