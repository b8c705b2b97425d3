-- What each feature cost a day, at list price; rows without a feature are denials of access.
SELECT
  day,
  feature,
  SUM(events) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(cost_nano_usd) AS cost_nano_usd,
  CAST(ROUND(SUM(cost_nano_usd) / 1000) AS INT64) AS cost_micro_usd,
  SUM(unpriced) AS unpriced
FROM `${project}.${dataset}.usage_daily`
GROUP BY day, feature
