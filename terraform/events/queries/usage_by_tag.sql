-- What calls of each tag used and cost: tags of the call itself (`call`) and of its subscription (`subscription`). A
-- call of several tags is in the sums of each; one without is under no tag (NULL). So sums over tags are no totals:
-- each call is there once by its own tags and once by its subscription's, at the least. @from is a moment such as
-- 2026-11-01, @to the first one after.
-- Parameters: @from STRING, @to STRING.
WITH
  calls AS (
    SELECT source, identifier, call_tags, tags, count, units, tokens, cost_nano_usd
    FROM `${project}.${dataset}.events_between`(CAST(@from AS TIMESTAMP), CAST(@to AS TIMESTAMP))
    WHERE name IN ('CompletionsFinished', 'EmbeddingsFinished')
  ),
  tagged AS (
    SELECT 'call' AS tagged_by, tag, source, identifier, count, units, tokens, cost_nano_usd
    FROM calls
    CROSS JOIN UNNEST(IF(call_tags IS NULL, [CAST(NULL AS STRING)], JSON_VALUE_ARRAY(call_tags))) AS tag
    UNION ALL
    SELECT 'subscription', tag, source, identifier, count, units, tokens, cost_nano_usd
    FROM calls
    CROSS JOIN UNNEST(IF(tags IS NULL, [CAST(NULL AS STRING)], JSON_VALUE_ARRAY(tags))) AS tag
  )
SELECT
  tagged_by,
  tag,
  source,
  identifier,
  SUM(count) AS events,
  SUM(units) AS units,
  SUM(tokens) AS tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced
FROM tagged
GROUP BY tagged_by, tag, source, identifier
ORDER BY cost_nano_usd DESC, tagged_by, tag IS NULL, tag, source, identifier
