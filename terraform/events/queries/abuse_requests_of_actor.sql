-- Abuse review: what one user asked for in the last seven days, an hour and model at a time.
-- Parameters: @source STRING, @identifier STRING.
SELECT
  TIMESTAMP_TRUNC(created_at, HOUR) AS hour,
  name,
  feature,
  model,
  SUM(count) AS events,
  COUNTIF(JSON_VALUE(metadata, '$.flagged') = 'true') AS flagged,
  SUM(tokens) AS tokens
FROM `${project}.${dataset}.events_between`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 168 HOUR), CURRENT_TIMESTAMP())
WHERE source = @source
  AND identifier = @identifier
GROUP BY hour, name, feature, model
ORDER BY hour DESC, events DESC, name, model
