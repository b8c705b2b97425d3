-- What each model cost a day, at list price; rows without a model are refusals and the like.
SELECT
  DATE(created_at) AS day,
  provider,
  model,
  SUM(count) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(IFNULL(cost_micro_usd, 0)) AS cost_micro_usd,
  -- Of that cost: at prices that nobody looked up (shared/src/events/price-overrides.json).
  SUM(IF(price_version LIKE '%unconfirmed%', cost_micro_usd, 0)) AS unconfirmed_micro_usd,
  COUNTIF(units > 0 AND cost_micro_usd IS NULL) AS unpriced
FROM `${project}.${dataset}.events_unique`
GROUP BY day, provider, model
