-- One row per event, as events_between finds them: of final days out of their own table, of the last ten days as far
-- as they are not final.
SELECT *
FROM `${project}.${dataset}.final_events`
UNION ALL
SELECT *
FROM `${project}.${dataset}.events_between`(
  TIMESTAMP_TRUNC(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 240 HOUR), DAY),
  TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)
)
WHERE DATE(created_at) NOT IN (SELECT day FROM `${project}.${dataset}.final_days`)
