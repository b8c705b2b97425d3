-- What each feature cost a day, at list price; rows without a feature are denials of access.
SELECT
  DATE(created_at) AS day,
  feature,
  SUM(count) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  CAST(ROUND(SUM(IFNULL(cost_nano_usd, 0)) / 1000) AS INT64) AS cost_micro_usd,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced
FROM `${project}.${dataset}.events_unique`
GROUP BY day, feature
