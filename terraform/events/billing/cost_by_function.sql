-- What each function cost a day and for whom over the last four hundred days, as bill_between has it. A query of
-- certain days asks that function itself, and reads no more of the bill than those.
SELECT *
FROM `${project}.${dataset}.bill_between`(
  TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 9600 HOUR),
  TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)
)
