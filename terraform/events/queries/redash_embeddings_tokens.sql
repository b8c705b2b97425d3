-- Redash, "Embeddings Tokens Generated": embedded tokens a day and model of the last thirty days.
SELECT
  DATE(created_at, '${time_zone}') AS day,
  model,
  SUM(count) AS requests,
  SUM(CAST(JSON_VALUE(metadata, '$.tokens_used') AS INT64)) AS tokens
FROM `${project}.${dataset}.events_between`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 720 HOUR), CURRENT_TIMESTAMP())
WHERE name = 'EmbeddingsFinished'
GROUP BY day, model
ORDER BY day DESC, tokens DESC, model
