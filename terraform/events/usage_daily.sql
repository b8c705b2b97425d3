-- What happened a day, by everything that a sum is asked for. A day is final 48 hours after its end: until then events
-- may still arrive.
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
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  CAST(ROUND(SUM(IFNULL(cost_nano_usd, 0)) / 1000) AS INT64) AS cost_micro_usd,
  -- Of that cost: at prices that nobody looked up, and of calls whose tokens nobody reported.
  SUM(IF(price_version LIKE '%unconfirmed%', cost_nano_usd, 0)) AS unconfirmed_nano_usd,
  CAST(ROUND(SUM(IF(price_version LIKE '%unconfirmed%', cost_nano_usd, 0)) / 1000) AS INT64) AS unconfirmed_micro_usd,
  SUM(IF(price_version LIKE '%estimated tokens%', cost_nano_usd, 0)) AS estimated_nano_usd,
  -- Beside that cost: what attempts may have cost that nobody got anything of.
  SUM(IFNULL(abandoned_nano_usd, 0)) AS abandoned_nano_usd,
  -- Calls of which a part has no price: they cost more than is counted.
  COUNTIF(price_version LIKE '%unpriced dimensions%') AS partly_unpriced,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced,
  SUM(quota_units) AS quota_units,
  TIMESTAMP_ADD(TIMESTAMP_TRUNC(MIN(created_at), DAY), INTERVAL 72 HOUR) <= CURRENT_TIMESTAMP() AS final
FROM `${project}.${dataset}.events_unique`
GROUP BY day, source, identifier, function, name, feature, provider, model
