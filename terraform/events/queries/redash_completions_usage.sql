-- Redash, "Completions Usage": completions a day, feature and model of the last thirty days, with their tokens and
-- list price.
SELECT
  DATE(created_at, '${time_zone}') AS day,
  feature,
  model,
  SUM(count) AS completions,
  SUM(units) AS charged,
  SUM(CAST(JSON_VALUE(metadata, '$.prompt_token_count') AS INT64)) AS prompt_tokens,
  SUM(CAST(JSON_VALUE(metadata, '$.completion_token_count') AS INT64)) AS completion_tokens,
  CAST(ROUND(SUM(IFNULL(cost_nano_usd, 0)) / 1000) AS INT64) AS cost_micro_usd
FROM `${project}.${dataset}.events_between`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 720 HOUR), CURRENT_TIMESTAMP())
WHERE name = 'CompletionsFinished'
GROUP BY day, feature, model
ORDER BY day DESC, completions DESC, feature, model
