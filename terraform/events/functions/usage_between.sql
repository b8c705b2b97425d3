-- What happened from @from on and before @to, by everything that a sum is asked for. Days begin at midnight of the
-- billing time zone.
-- Parameters: @from TIMESTAMP, @to TIMESTAMP.
SELECT
  DATE(created_at) AS utc_day,
  DATE(created_at, '${time_zone}') AS day,
  source,
  identifier,
  function,
  name,
  feature,
  provider,
  model,
  SUM(count) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  SUM(IF(price_version LIKE '%unconfirmed%', cost_nano_usd, 0)) AS unconfirmed_nano_usd,
  SUM(IF(price_version LIKE '%estimated tokens%', cost_nano_usd, 0)) AS estimated_nano_usd,
  SUM(IFNULL(abandoned_nano_usd, 0)) AS abandoned_nano_usd,
  COUNTIF(price_version LIKE '%unpriced dimensions%') AS partly_unpriced,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced,
  SUM(quota_units) AS quota_units,
  -- What Google bills of a call: its time in the function. Nobody measures a refusal: a hundredth of a second.
  SUM(IFNULL(gateway_ms + IFNULL(CAST(JSON_VALUE(metadata, '$.upstream_request_duration_ms') AS INT64), 0), 10 * count)) AS request_ms,
  -- And what goes through the network: what was asked and answered, and a thousand bytes of headers. Older rows have
  -- characters alone, refusals nothing.
  SUM(
    1000 * count
    + COALESCE(request_bytes, CAST(JSON_VALUE(metadata, '$.prompt_character_count') AS INT64), 0)
    + COALESCE(response_bytes, CAST(JSON_VALUE(metadata, '$.completion_character_count') AS INT64), 0)
  ) AS bytes
FROM `${project}.${dataset}.events_between`(@from, @to)
GROUP BY utc_day, day, source, identifier, function, name, feature, provider, model
