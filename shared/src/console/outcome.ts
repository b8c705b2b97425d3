// What became of a request, and whose fault it is where it got no answer, as SQL over rows of events_between. The one
// place that says so: pages, the report and the export ask by it.

/** Columns of an inner SELECT that the two below are told by; `name` is there as well. */
export const outcomeColumns = `JSON_VALUE(metadata, '$.cause') AS cause,
      IFNULL(JSON_VALUE(metadata, '$.orphaned'), 'false') = 'true' AS orphaned,
      IFNULL(JSON_VALUE(metadata, '$.truncated'), 'false') = 'true' AS broken,
      CAST(JSON_VALUE(metadata, '$.resolved_status_code') AS INT64) AS resolved,
      CAST(JSON_VALUE(metadata, '$.upstream_status_code') AS INT64) AS upstream`;

/** `nobody`, `caller`, `provider` or `gateway`. */
export const whoseSql = `CASE
      WHEN name = 'RateLimited' OR name = 'RequestBlocked' OR name = 'AccessDenied' OR name = 'Unauthorized' THEN 'caller'
      WHEN orphaned THEN 'gateway'
      WHEN resolved = -1 THEN 'caller'
      WHEN broken THEN 'provider'
      WHEN IFNULL(resolved, 200) < 400 THEN 'nobody'
      WHEN resolved < 500 AND resolved != 429 THEN 'caller'
      WHEN upstream IN (401, 402, 403) THEN 'gateway'
      WHEN upstream = -1 OR upstream >= 400 THEN 'provider'
      ELSE 'gateway'
    END`;

/** In words. */
export const outcomeSql = `CASE
      WHEN name = 'RateLimited' AND cause = 'budget' THEN 'budget used up'
      WHEN name = 'RateLimited' THEN IF(cause = 'quota', 'quota used up', 'too many at once')
      WHEN name = 'RequestBlocked' THEN 'prompt blocked'
      WHEN name = 'AccessDenied' THEN 'no access'
      WHEN name = 'Unauthorized' THEN 'unknown token'
      WHEN orphaned THEN 'the instance ended'
      WHEN resolved = -1 THEN 'caller left'
      WHEN broken THEN 'answer broke off'
      WHEN IFNULL(resolved, 200) < 400 THEN 'served'
      WHEN resolved < 500 AND resolved != 429 THEN 'bad request'
      WHEN upstream IN (401, 402, 403) THEN 'our key or account'
      WHEN upstream = -1 THEN 'provider not reached'
      WHEN upstream = 429 OR upstream = 529 THEN 'provider overloaded'
      WHEN upstream >= 400 THEN 'provider failed'
      ELSE 'gateway failed'
    END`;
