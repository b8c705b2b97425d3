-- What each model cost a day, at list price; rows without a model are refusals and the like.
SELECT
  day,
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
  SUM(unpriced) AS unpriced
FROM `${project}.${dataset}.usage_daily`
GROUP BY day, provider, model
