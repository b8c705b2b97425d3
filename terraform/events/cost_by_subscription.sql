-- What each subscription, user or anonymous pool cost a day, at list price.
SELECT
  DATE(created_at) AS day,
  source,
  identifier,
  SUM(count) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  CAST(ROUND(SUM(IFNULL(cost_nano_usd, 0)) / 1000) AS INT64) AS cost_micro_usd,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced
FROM `${project}.${dataset}.events_unique`
GROUP BY day, source, identifier
