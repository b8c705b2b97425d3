-- One row per event: of equal ids the highest rank, then the earliest. Deliveries repeat; this view is what sums are made of. Rows without an id are the
-- original gateway's, where the table was its own: each is an event.
SELECT * REPLACE (IFNULL(count, 1) AS count)
FROM `${project}.${dataset}.${table}`
QUALIFY event_id IS NULL OR ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY rank DESC, created_at) = 1
