-- Redash, "Cody Gateway Events": events an hour of the last seven days.
-- Parameters: @event STRING, @feature STRING, @identifier STRING, @source STRING; `all` chooses everything.
SELECT TIMESTAMP_TRUNC(created_at, HOUR) AS hour, name, source, identifier, feature, SUM(count) AS events
FROM `${project}.${dataset}.events_between`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 168 HOUR), CURRENT_TIMESTAMP())
WHERE @event IN ('all', name)
  AND @feature IN ('all', IFNULL(feature, ''))
  AND @identifier IN ('all', identifier)
  AND @source IN ('all', source)
GROUP BY hour, name, source, identifier, feature
ORDER BY hour DESC, events DESC, name, identifier
