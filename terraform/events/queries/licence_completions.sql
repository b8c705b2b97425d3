-- Licence page: completions a day and model of one actor and feature over the last seven days, zero where there were
-- none. Parameters: @source, @identifier, @feature. Every row of the event counts, failed calls too, as this page
-- always did.
WITH
  chosen AS (
    SELECT DATE(created_at) AS day, model, count
    FROM `${project}.${dataset}.events_unique`
    WHERE source = @source AND identifier = @identifier AND name = 'CompletionsFinished' AND feature = @feature
  ),
  models AS (SELECT DISTINCT model FROM chosen),
  days AS (
    SELECT day
    FROM UNNEST(GENERATE_DATE_ARRAY(DATE_SUB(CURRENT_DATE(), INTERVAL 6 DAY), CURRENT_DATE())) AS day
  )
SELECT days.day AS date, models.model, IFNULL(SUM(chosen.count), 0) AS count
FROM days
CROSS JOIN models
LEFT JOIN chosen ON chosen.day = days.day AND chosen.model = models.model
GROUP BY date, models.model
ORDER BY date DESC, models.model
