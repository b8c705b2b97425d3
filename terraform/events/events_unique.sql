-- One row per event: of equal ids the highest rank, then the earliest. Deliveries repeat; this view is what sums are made of.
SELECT *
FROM `${project}.${dataset}.${table}`
QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY rank DESC, created_at) = 1
