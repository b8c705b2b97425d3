-- What happened a day, by everything that a sum is asked for: of final days out of their own table, of the last ten
-- days as far as they are not final. A day is final 48 hours after its end: until then events may still arrive.
SELECT
  day,
  source,
  identifier,
  function,
  name,
  feature,
  provider,
  model,
  SUM(events) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(cost_nano_usd) AS cost_nano_usd,
  CAST(ROUND(SUM(cost_nano_usd) / 1000) AS INT64) AS cost_micro_usd,
  -- Of that cost: at prices that nobody looked up, and of calls whose tokens nobody reported.
  SUM(unconfirmed_nano_usd) AS unconfirmed_nano_usd,
  CAST(ROUND(SUM(unconfirmed_nano_usd) / 1000) AS INT64) AS unconfirmed_micro_usd,
  SUM(estimated_nano_usd) AS estimated_nano_usd,
  -- Beside that cost: what attempts may have cost that nobody got anything of.
  SUM(abandoned_nano_usd) AS abandoned_nano_usd,
  -- Calls of which a part has no price: they cost more than is counted.
  SUM(partly_unpriced) AS partly_unpriced,
  SUM(unpriced) AS unpriced,
  SUM(quota_units) AS quota_units,
  -- What Google bills of them: milliseconds in the function, and bytes.
  SUM(request_ms) AS request_ms,
  SUM(bytes) AS bytes,
  TIMESTAMP_ADD(TIMESTAMP(DATE_ADD(day, INTERVAL 1 DAY), '${time_zone}'), INTERVAL 48 HOUR) <= CURRENT_TIMESTAMP() AS final
FROM (
  SELECT *
  FROM `${project}.${dataset}.final_usage`
  UNION ALL
  SELECT *
  FROM `${project}.${dataset}.usage_between`(
    TIMESTAMP_TRUNC(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 240 HOUR), DAY),
    TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)
  )
  WHERE utc_day NOT IN (SELECT day FROM `${project}.${dataset}.final_days`)
)
GROUP BY day, source, identifier, function, name, feature, provider, model
