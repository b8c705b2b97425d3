-- One row per event: of equal ids the highest rank, of equal ranks the latest price, then the earliest. Deliveries repeat; this view is what sums are made of.
-- Rows of older functions have millionths of a dollar alone.
SELECT * REPLACE (IFNULL(cost_nano_usd, cost_micro_usd * 1000) AS cost_nano_usd)
FROM `${project}.${dataset}.${table}`
QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY rank DESC, IFNULL(price_rank, 0) DESC, created_at) = 1
