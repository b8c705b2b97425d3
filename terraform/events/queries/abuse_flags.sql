-- Abuse review: flags of the last eight hours by model and first reason, and how many users they are about.
SELECT
  source,
  model,
  JSON_VALUE(metadata, '$.flagging_result.reason[0]') AS reason,
  COUNT(DISTINCT identifier) AS users,
  SUM(count) AS events,
  COUNTIF(name = 'RequestBlocked') AS blocked
FROM `${project}.${dataset}.events_between`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 8 HOUR), CURRENT_TIMESTAMP())
WHERE JSON_VALUE(metadata, '$.flagged') = 'true'
GROUP BY source, model, reason
ORDER BY users DESC, events DESC, source, model, reason
