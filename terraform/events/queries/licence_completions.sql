-- Licence page: completions a day and model of one actor and feature over the last seven days, zero where there were
-- none. Every row of the event counts, failed calls too, as this page always did.
-- Parameters: @source STRING, @identifier STRING, @feature STRING.
WITH
  chosen AS (
    SELECT DATE(created_at, '${time_zone}') AS day, model, count
    FROM `${project}.${dataset}.events_between`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 168 HOUR), CURRENT_TIMESTAMP())
    WHERE source = @source AND identifier = @identifier AND name = 'CompletionsFinished' AND feature = @feature
  ),
  models AS (
    SELECT DISTINCT model
    FROM `${project}.${dataset}.usage_daily`
    WHERE source = @source AND identifier = @identifier AND name = 'CompletionsFinished' AND feature = @feature
  ),
  now AS (SELECT CURRENT_DATE('${time_zone}') AS today),
  days AS (
    SELECT day
    FROM now, UNNEST(GENERATE_DATE_ARRAY(DATE_SUB(now.today, INTERVAL 6 DAY), now.today)) AS day
  )
SELECT days.day AS date, models.model, IFNULL(SUM(chosen.count), 0) AS count
FROM days
CROSS JOIN models
LEFT JOIN chosen ON chosen.day = days.day AND chosen.model = models.model
GROUP BY date, models.model
ORDER BY date DESC, model
