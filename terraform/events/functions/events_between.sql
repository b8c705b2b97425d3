-- One row per event from @from on and before @to: of equal ids the highest rank, of equal ranks the latest price, then
-- the earliest. Deliveries repeat, a settlement follows its orphan, but no two rows of an event are two days apart: no
-- more of the table is read than the range and two days around it. Rows of older functions have millionths of a dollar
-- alone; rows without an id are the original gateway's, where the table was its own: each is an event.
-- Parameters: @from TIMESTAMP, @to TIMESTAMP.
SELECT *
FROM (
  SELECT * REPLACE (IFNULL(cost_nano_usd, cost_micro_usd * 1000) AS cost_nano_usd, IFNULL(count, 1) AS count)
  FROM `${project}.${dataset}.${table}`
  WHERE created_at >= TIMESTAMP_SUB(@from, INTERVAL 48 HOUR) AND created_at < TIMESTAMP_ADD(@to, INTERVAL 48 HOUR)
  QUALIFY event_id IS NULL OR ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY rank DESC, IFNULL(price_rank, 0) DESC, created_at) = 1
)
WHERE created_at >= @from AND created_at < @to
