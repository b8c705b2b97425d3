-- What each function spent at the providers a day; what it costs altogether is cost_by_function, where the billing
-- export is connected.
SELECT
  day,
  function,
  SUM(events) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(cost_nano_usd) AS cost_nano_usd,
  CAST(ROUND(SUM(cost_nano_usd) / 1000) AS INT64) AS cost_micro_usd,
  SUM(unpriced) AS unpriced
FROM `${project}.${dataset}.usage_daily`
GROUP BY day, function
