-- The time zone in which days of usage begin and end.
SELECT '${time_zone}' AS time_zone
