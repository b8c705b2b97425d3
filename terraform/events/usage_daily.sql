-- What happened a day, by everything that a sum is asked for. A day is final 48 hours after its end: until then events may still arrive.
SELECT
  DATE(created_at) AS day,
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
  SUM(IFNULL(cost_micro_usd, 0)) AS cost_micro_usd,
  -- Of that cost: at prices that nobody looked up (shared/src/events/price-overrides.json).
  SUM(IF(price_version LIKE '%unconfirmed%', cost_micro_usd, 0)) AS unconfirmed_micro_usd,
  COUNTIF(units > 0 AND cost_micro_usd IS NULL) AS unpriced,
  SUM(quota_units) AS quota_units,
  TIMESTAMP_ADD(TIMESTAMP_TRUNC(MIN(created_at), DAY), INTERVAL 72 HOUR) <= CURRENT_TIMESTAMP() AS final
FROM `${project}.${dataset}.events_unique`
GROUP BY day, source, identifier, function, name, feature, provider, model
