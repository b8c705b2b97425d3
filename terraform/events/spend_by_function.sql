-- What each function spent at the providers a day; what it costs altogether is cost_by_function, where the billing
-- export is connected.
SELECT
  DATE(created_at) AS day,
  function,
  SUM(count) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  CAST(ROUND(SUM(IFNULL(cost_nano_usd, 0)) / 1000) AS INT64) AS cost_micro_usd,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced
FROM `${project}.${dataset}.events_unique`
GROUP BY day, function
