-- What each function costs a day and for whom, in micro-dollars: providers from the events, Google's services from the
-- billing export. Cloud Run is joined by the label `component` and shared among a function's callers by their events;
-- Redis, Tasks, BigQuery and Firestore serve all functions and are shared by events. What is left of the project's
-- bill stands in rows of its own, part `unexplained`.
WITH
  billed AS (
    SELECT
      DATE(usage_start_time) AS day,
      (SELECT value FROM UNNEST(labels) WHERE key = 'component') AS component,
      CASE service.description
        WHEN 'Cloud Run' THEN 'cloud run'
        WHEN 'Cloud Run Functions' THEN 'cloud run'
        WHEN 'Cloud Memorystore for Redis' THEN 'redis'
        WHEN 'Cloud Tasks' THEN 'tasks'
        WHEN 'BigQuery' THEN 'bigquery'
        WHEN 'Cloud Firestore' THEN 'firestore'
        ELSE 'unexplained'
      END AS part,
      (cost + IFNULL((SELECT SUM(credit.amount) FROM UNNEST(credits) AS credit), 0)) / currency_conversion_rate * 1000000 AS micro_usd
    FROM `${billing_export}`
    WHERE project.id = '${gateway_project}'
      -- Where the events have a project of their own, what is labelled as ours there.
      OR (project.id = '${project}' AND (SELECT value FROM UNNEST(labels) WHERE key = 'app') = 'cody-gateway')
  ),
  used AS (
    SELECT
      DATE(created_at) AS day,
      function,
      source,
      identifier,
      SUM(count) AS events,
      SUM(IFNULL(cost_nano_usd, 0)) / 1000 AS llm_micro_usd
    FROM `${project}.${dataset}.events_unique`
    GROUP BY day, function, source, identifier
  ),
  shares AS (
    SELECT
      day,
      function,
      source,
      identifier,
      events / SUM(events) OVER (PARTITION BY day, function) AS of_function,
      events / SUM(events) OVER (PARTITION BY day) AS of_day
    FROM used
  ),
  parts AS (
    SELECT day, function, source, identifier, 'llm' AS part, llm_micro_usd AS micro_usd
    FROM used
    UNION ALL
    SELECT billed.day, billed.component, shares.source, shares.identifier, billed.part, billed.micro_usd * IFNULL(shares.of_function, 1)
    FROM billed
    LEFT JOIN shares ON shares.day = billed.day AND shares.function = billed.component
    WHERE billed.part = 'cloud run' AND billed.component IS NOT NULL
    UNION ALL
    SELECT billed.day, shares.function, shares.source, shares.identifier, billed.part, billed.micro_usd * IFNULL(shares.of_day, 1)
    FROM billed
    LEFT JOIN shares ON shares.day = billed.day
    WHERE billed.part IN ('redis', 'tasks', 'bigquery', 'firestore')
    UNION ALL
    SELECT day, component, NULL, NULL, 'unexplained', micro_usd
    FROM billed
    WHERE part = 'unexplained' OR (part = 'cloud run' AND component IS NULL)
  )
SELECT day, function, source, identifier, part, CAST(ROUND(SUM(micro_usd)) AS INT64) AS micro_usd
FROM parts
GROUP BY day, function, source, identifier, part
