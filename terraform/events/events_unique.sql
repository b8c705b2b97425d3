-- One row per event: of equal ids the highest rank, of equal ranks the latest price, then the earliest. Deliveries
-- repeat; this view is what sums are made of. Rows of older functions have millionths of a dollar alone; rows without
-- an id are the original gateway's, where the table was its own: each is an event.
SELECT * REPLACE (IFNULL(cost_nano_usd, cost_micro_usd * 1000) AS cost_nano_usd, IFNULL(count, 1) AS count)
FROM `${project}.${dataset}.${table}`
QUALIFY event_id IS NULL OR ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY rank DESC, IFNULL(price_rank, 0) DESC, created_at) = 1
