-- What each function costs a day and for whom, in micro-dollars, from the day of @from on and before that of @to in
-- the billing time zone: providers from the events, Google's services from the
-- detailed billing export, by what Google bills: time in the function, bytes through the network, requests for what
-- serves each request once. A line belongs to the function that its label `component` names, or else its resource;
-- what no function has is shared by all. Functions that serve tasks work for whoever caused them. Lines without a
-- project (support, tax) stand in a part of their own: they are of the whole billing account. What is left of the bill
-- is part `unexplained`.
-- The export has a partition for each day on which lines were loaded: those of a day's usage, and corrections of it,
-- are loaded that day or later. Ninety days later nothing more comes, and no more of the export is read.
-- Parameters: @from TIMESTAMP, @to TIMESTAMP.
WITH
  lines AS (
    SELECT
      DATE(usage_start_time, '${time_zone}') AS day,
      project.id AS project_id,
      IFNULL((SELECT value FROM UNNEST(labels) WHERE key = 'component'), REGEXP_EXTRACT(resource.name, '[^/]+$')) AS component,
      LOWER(service.description) AS service,
      LOWER(sku.description) AS sku,
      (SELECT value FROM UNNEST(labels) WHERE key = 'app') AS app,
      (cost + IFNULL((SELECT SUM(credit.amount) FROM UNNEST(credits) AS credit), 0)) / currency_conversion_rate * 1000000 AS micro_usd
    FROM `${billing_export}`
    WHERE _PARTITIONTIME >= TIMESTAMP_SUB(@from, INTERVAL 48 HOUR) AND _PARTITIONTIME < TIMESTAMP_ADD(@to, INTERVAL 2160 HOUR)
      AND usage_start_time >= TIMESTAMP(DATE(@from, '${time_zone}'), '${time_zone}')
      AND usage_start_time < TIMESTAMP(DATE(@to, '${time_zone}'), '${time_zone}')
  ),
  billed AS (
    SELECT
      day,
      component,
      micro_usd,
      CASE
        WHEN project_id IS NULL THEN 'without a project'
        WHEN sku LIKE '%cloud armor%' OR service LIKE '%cloud armor%' THEN 'armor'
        WHEN sku LIKE '%load balanc%' OR sku LIKE '%forwarding rule%' THEN 'load balancer'
        WHEN sku LIKE '%data transfer%' OR sku LIKE '%egress%' THEN 'egress'
        WHEN service IN ('cloud run', 'cloud run functions', 'cloud functions') THEN 'cloud run'
        WHEN service LIKE '%memorystore%' THEN 'redis'
        WHEN service = 'cloud tasks' THEN 'tasks'
        WHEN service IN ('bigquery', 'bigquery storage api') THEN 'bigquery'
        WHEN service LIKE '%firestore%' OR sku LIKE '%firestore%' OR sku LIKE '%datastore%' THEN 'firestore'
        WHEN service = 'cloud logging' THEN 'logs'
        WHEN service = 'cloud trace' OR sku LIKE '%trace%' OR sku LIKE '%spans%' THEN 'traces'
        WHEN service IN ('cloud monitoring', 'stackdriver monitoring') THEN 'metrics'
        WHEN service = 'secret manager' THEN 'secrets'
        WHEN service IN ('cloud build', 'artifact registry', 'cloud storage') THEN 'builds'
        WHEN service = 'cloud scheduler' THEN 'scheduler'
        WHEN service = 'networking' OR component = 'network' THEN 'network'
        WHEN component = 'bastion' THEN 'bastion'
        ELSE 'unexplained'
      END AS part
    FROM lines
    WHERE project_id IS NULL
      OR project_id = '${gateway_project}'
      -- Where the events have a project of their own, what is labelled as ours there.
      OR (project_id = '${project}' AND app = 'cody-gateway')
  ),
  used AS (
    SELECT
      day,
      function,
      source,
      identifier,
      SUM(events) AS events,
      SUM(request_ms) AS request_ms,
      SUM(bytes) AS bytes,
      SUM(cost_nano_usd) / 1000 AS llm_micro_usd
    FROM `${project}.${dataset}.usage_daily`
    WHERE day >= DATE(@from, '${time_zone}') AND day < DATE(@to, '${time_zone}')
    GROUP BY day, function, source, identifier
  ),
  shares AS (
    SELECT
      day,
      function,
      source,
      identifier,
      -- Of calls that took no millisecond each counts the same.
      IFNULL(
        SAFE_DIVIDE(request_ms, SUM(request_ms) OVER (PARTITION BY day, function)),
        SAFE_DIVIDE(events, SUM(events) OVER (PARTITION BY day, function))
      ) AS time_of_function,
      SAFE_DIVIDE(bytes, SUM(bytes) OVER (PARTITION BY day, function)) AS bytes_of_function,
      SAFE_DIVIDE(bytes, SUM(bytes) OVER (PARTITION BY day)) AS bytes_of_day,
      SAFE_DIVIDE(events, SUM(events) OVER (PARTITION BY day)) AS events_of_day
    FROM used
  ),
  callers AS (SELECT DISTINCT day, function FROM used),
  known AS (
    SELECT billed.day, billed.component, billed.part, billed.micro_usd, callers.function AS caller
    FROM billed
    LEFT JOIN callers ON callers.day = billed.day AND callers.function = billed.component
  ),
  parts AS (
    SELECT day, function, source, identifier, 'llm' AS part, llm_micro_usd AS micro_usd
    FROM used
    UNION ALL
    -- Of a function that tenants call.
    SELECT known.day, known.caller, shares.source, shares.identifier, known.part, known.micro_usd * IF(known.part = 'egress', shares.bytes_of_function, shares.time_of_function)
    FROM known
    JOIN shares ON shares.day = known.day AND shares.function = known.caller
    WHERE known.part IN ('cloud run', 'egress')
    UNION ALL
    -- Of a function that works for the others.
    SELECT known.day, known.component, shares.source, shares.identifier, known.part, known.micro_usd * IFNULL(shares.events_of_day, 1)
    FROM known
    LEFT JOIN shares ON shares.day = known.day
    WHERE known.part = 'cloud run' AND known.caller IS NULL AND known.component IS NOT NULL
    UNION ALL
    -- Of all functions.
    SELECT
      known.day,
      shares.function,
      shares.source,
      shares.identifier,
      known.part,
      known.micro_usd * IFNULL(IF(known.part IN ('load balancer', 'egress'), shares.bytes_of_day, shares.events_of_day), 1)
    FROM known
    LEFT JOIN shares ON shares.day = known.day
    WHERE known.part NOT IN ('cloud run', 'egress', 'unexplained', 'without a project')
      OR (known.part = 'egress' AND known.caller IS NULL)
    UNION ALL
    SELECT day, component, NULL, NULL, IF(part = 'without a project', part, 'unexplained'), micro_usd
    FROM known
    WHERE part IN ('unexplained', 'without a project') OR (part = 'cloud run' AND component IS NULL)
  )
SELECT day, function, source, identifier, part, CAST(ROUND(SUM(micro_usd)) AS INT64) AS micro_usd
FROM parts
GROUP BY day, function, source, identifier, part
