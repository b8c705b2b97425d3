-- Licence page: embedded tokens a day and model of one actor over the last seven days, zero where there were none.
-- Parameters: @source, @identifier.
WITH
  chosen AS (
    SELECT
      DATE(created_at) AS day,
      JSON_VALUE(metadata, '$.model') AS model,
      CAST(JSON_VALUE(metadata, '$.tokens_used') AS INT64) AS tokens
    FROM `${project}.${dataset}.events_unique`
    WHERE source = @source AND identifier = @identifier AND name = 'EmbeddingsFinished'
  ),
  models AS (SELECT DISTINCT model FROM chosen),
  days AS (
    SELECT day
    FROM UNNEST(GENERATE_DATE_ARRAY(DATE_SUB(CURRENT_DATE(), INTERVAL 6 DAY), CURRENT_DATE())) AS day
  )
SELECT days.day AS date, models.model, IFNULL(SUM(chosen.tokens), 0) AS count
FROM days
CROSS JOIN models
LEFT JOIN chosen ON chosen.day = days.day AND chosen.model = models.model
GROUP BY date, models.model
ORDER BY date DESC, models.model
