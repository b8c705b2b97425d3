// Variables that are set but never read: misspelt ones, and those of the original gateway that have no meaning here.

/** One of them. */
export interface UnreadVariable {
  readonly name: string;
  /** Of a variable of the original gateway: what to use instead; null: the name is unknown. */
  readonly instead: string | null;
}

/** What the original gateway read, and this one does not. */
const originals: Readonly<Record<string, string>> = {
  CODY_GATEWAY_ADDR: 'the platform sets PORT',
  CODY_GATEWAY_AUTO_FLUSH_STREAMING_RESPONSES: 'answers are always passed on as they come',
  CODY_GATEWAY_BIGQUERY_EVENT_BUFFER_SIZE: 'events wait in Redis: CODY_GATEWAY_OUTBOX_BYTES',
  CODY_GATEWAY_BIGQUERY_EVENT_BUFFER_WORKERS: 'events are delivered by a queue: CODY_GATEWAY_EVENTS_QUEUE_COUNT',
  CODY_GATEWAY_BUFFERED_LAGGY_EVENT_LOGGING_FUN_TIMES_MODE: 'npm start delivers events as the cloud does',
  CODY_GATEWAY_DOTCOM_DEV_LICENSES_ONLY: 'CODY_GATEWAY_DOTCOM_INTERNAL_MODE',
  CODY_GATEWAY_FIREWORKS_DISABLE_SINGLE_TENANT:
    'CODY_GATEWAY_FIREWORKS_STARCODER_ENTERPRISE_SINGLE_TENANT_PERCENT and its like',
  CODY_GATEWAY_FIREWORKS_LOG_SELF_SERVE_COMPLETION_REQUESTS: 'completions are never logged',
  CODY_GATEWAY_IDENTIFIERS_TO_LOG_FOR: 'prompts are never logged',
  CODY_GATEWAY_SOURCES_CACHE_TTL: 'the directory knows how old its copies may be',
  CODY_GATEWAY_SOURCES_SYNC_INTERVAL: 'the schedule of the function sync-subscriptions',
  CODY_GATEWAY_TRACE_GCP_PROJECT_ID: 'CODY_GATEWAY_OTEL_GCP_PROJECT_ID',
  SAMS_API_URL: 'SAMS_URL',
  SRC_HTTP_CLI_EXTERNAL_TIMEOUT: 'CODY_GATEWAY_UPSTREAM_TOTAL_TIMEOUT',
  SRC_HTTP_CLI_EXTERNAL_RETRY_AFTER_MAX_DURATION: 'a call is not tried again by these rules',
  SRC_HTTP_CLI_EXTERNAL_RETRY_DELAY_BASE: 'a call is not tried again by these rules',
  SRC_HTTP_CLI_EXTERNAL_RETRY_DELAY_MAX: 'a call is not tried again by these rules',
  SRC_HTTP_CLI_EXTERNAL_RETRY_MAX_ATTEMPTS: 'a call is not tried again by these rules',
};

/** @param names that are set @param read those of the table */
export function unreadVariables(names: readonly string[], read: ReadonlySet<string>): readonly UnreadVariable[] {
  return names
    .filter((name) => !read.has(name) && (Object.hasOwn(originals, name) || /^(CODY_GATEWAY|SAMS)_/.test(name)))
    .toSorted()
    .map((name) => ({ name, instead: originals[name] ?? null }));
}
