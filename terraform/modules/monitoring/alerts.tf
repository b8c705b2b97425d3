# Every alert policy as a row; the key is the name of its runbook. Thresholds of the first two groups are the
# platform's (handbook).

locals {
  run = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = monitoring.regex.full_match(\"${join("|", keys(var.functions))}\")"
  # A cluster tells of its fullest and its busiest node, and neither of roles nor of refused connections as one node
  # does.
  redis        = var.redis_cluster ? "resource.type = \"redis.googleapis.com/Cluster\" AND resource.labels.cluster_id = \"${var.redis_id}\"" : "resource.type = \"redis_instance\" AND resource.labels.instance_id = \"${var.redis_id}\""
  redis_memory = var.redis_cluster ? "redis.googleapis.com/cluster/memory/maximum_utilization" : "redis.googleapis.com/stats/memory/system_memory_usage_ratio"
  redis_cpu    = var.redis_cluster ? "redis.googleapis.com/cluster/cpu/maximum_utilization" : "redis.googleapis.com/stats/cpu_utilization_main_thread"
  cluster_alerts = {
    redis-headroom = {
      title     = "A node of Redis is nearly full", severity = "CRITICAL", filter = "${local.redis} AND metric.type = \"${local.redis_memory}\""
      aligner   = "ALIGN_MEAN", reducer = "REDUCE_MAX", group_by = []
      threshold = 0.8
    }
    redis-cpu = {
      title     = "A node of Redis is busy", filter = "${local.redis} AND metric.type = \"${local.redis_cpu}\""
      aligner   = "ALIGN_MEAN", reducer = "REDUCE_MAX", group_by = []
      threshold = 0.7
    }
  }
  log = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/cody_gateway"

  # An incident ends half an hour after its lines stop. Google's own week would swallow every further dead letter of
  # that week.
  auto_close = "1800s"

  base = {
    severity    = "WARNING"
    aligner     = "ALIGN_RATE"
    reducer     = "REDUCE_SUM"
    group_by    = ["resource.label.service_name"]
    period      = "300s"
    duration    = "0s"
    threshold   = 0
    denominator = null
  }

  service = {
    container-cpu = {
      title     = "High container CPU", filter = "${local.run} AND metric.type = \"run.googleapis.com/container/cpu/utilizations\""
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX"
      threshold = 0.8
    }
    container-memory = {
      title     = "High container memory", filter = "${local.run} AND metric.type = \"run.googleapis.com/container/memory/utilizations\""
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX"
      threshold = 0.8
    }
    startup-latency = {
      title     = "Slow start of instances", filter = "${local.run} AND metric.type = \"run.googleapis.com/container/startup_latencies\""
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", period = "60s"
      threshold = 10000
    }
    pending-requests = {
      title   = "Requests wait for an instance", filter = "${local.run} AND metric.type = \"run.googleapis.com/pending_queue/pending_requests\""
      aligner = "ALIGN_MIN", period = "60s", duration = "300s"
    }
    instance-precondition-failed = {
      title   = "Instances can't be started", filter = "${local.log}/instance_precondition_failed\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    # Streams are long: this is the deadline of the longest, not what a caller feels. own-overhead is that.
    request-latency = {
      title     = "Requests near their deadline", filter = "${local.run} AND metric.type = \"run.googleapis.com/request_latencies\""
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX"
      threshold = 300000
    }
  }

  redis_alerts = {
    redis-memory = {
      title     = "Redis memory", filter = "${local.redis} AND metric.type = \"redis.googleapis.com/stats/memory/system_memory_usage_ratio\""
      aligner   = "ALIGN_MEAN", reducer = "REDUCE_NONE", group_by = []
      threshold = 0.8
    }
    # Of what it may fill (maxmemory-gb), not of the machine: from 100 % on it refuses writes, and every call is 503.
    redis-headroom = {
      title     = "Redis is nearly full", severity = "CRITICAL", filter = "${local.redis} AND metric.type = \"redis.googleapis.com/stats/memory/usage_ratio\""
      aligner   = "ALIGN_MEAN", reducer = "REDUCE_MAX", group_by = []
      threshold = 0.8
    }
    redis-cpu = {
      title     = "Redis CPU", filter = "${local.redis} AND metric.type = \"redis.googleapis.com/stats/cpu_utilization_main_thread\""
      aligner   = "ALIGN_RATE", group_by = ["resource.label.instance_id", "resource.label.node_id"]
      threshold = 0.9
    }
    redis-failover = {
      title   = "Redis failed over", filter = "${local.redis} AND metric.type = \"redis.googleapis.com/replication/role\""
      aligner = "ALIGN_STDDEV", reducer = "REDUCE_NONE", group_by = []
    }
  }

  # Connections with TLS end at 65,000 (Redis 7 on Memorystore).
  redis_clients = {
    redis-connections = {
      title     = "Connections to Redis", filter = "${local.redis} AND metric.type = \"redis.googleapis.com/clients/connected\""
      aligner   = "ALIGN_MAX", reducer = "REDUCE_MAX", group_by = [], period = "60s"
      threshold = 52000
    }
    redis-rejections = {
      title   = "Redis refuses connections", filter = "${local.redis} AND metric.type = \"redis.googleapis.com/stats/reject_connections_count\""
      aligner = "ALIGN_DELTA", group_by = [], period = "60s"
    }
  }

  own = {
    # Ours alone: of a provider's faults provider-errors tells, of the warehouse's warehouse-errors.
    server-errors = {
      title       = "Answers of 500 and above that are our fault", severity = "CRITICAL", duration = "300s"
      filter      = "${local.log}/own_errors\""
      denominator = "${local.log}/answers\""
      threshold   = 0.02
    }
    provider-errors = {
      title       = "A provider fails", duration = "600s"
      filter      = "${local.log}/provider_errors\""
      denominator = "${local.log}/provider_calls\""
      group_by    = ["metric.label.provider", "metric.label.model"]
      threshold   = 0.2
    }
    # Nothing is lost: the queue tries again for 31 days.
    warehouse-errors = {
      title   = "The warehouse takes no events", filter = "${local.log}/warehouse_errors\""
      aligner = "ALIGN_DELTA", duration = "900s"
    }
    unplaced-columns = {
      title   = "Events have members without a column", filter = "${local.log}/unplaced_columns\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    own-overhead = {
      title     = "The gateway's own share of a request", filter = "${local.log}/own_ms\""
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", duration = "300s"
      threshold = var.own_overhead_ms
    }
    # Of streams: what their readers wait for. Most of it is a provider's, whose slow minutes are no incident of ours:
    # a quarter of an hour of it is.
    first-byte = {
      title     = "Streams begin late", filter = "${local.log}/first_byte_ms\""
      aligner   = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", duration = "900s"
      threshold = var.first_byte_ms
    }
    dead-letters = {
      title   = "Events that can't be delivered", severity = "CRITICAL", filter = "${local.log}/dead_letters\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    lease-sweeps = {
      title     = "Leases whose holder died", filter = "${local.log}/lease_sweeps\""
      aligner   = "ALIGN_DELTA", duration = "600s"
      threshold = 10
    }
    event-publishing = {
      title   = "Events don't leave", severity = "CRITICAL", filter = "${local.log}/event_publishing\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    # Instances don't get their events out themselves: the sweeper does, a minute later. A few at a kill are normal.
    outbox-takeover = {
      title     = "Events are left to the sweeper", filter = "${local.log}/outbox_taken_over\""
      aligner   = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", period = "60s", duration = "600s"
      threshold = 100
    }
    subscriptions-sync = {
      title   = "Subscriptions are not in sync", filter = "${local.log}/subscriptions_sync\""
      aligner = "ALIGN_DELTA", duration = "300s"
    }
    unpriced-models = {
      title   = "Calls without a price", filter = "${local.log}/unpriced_models\""
      aligner = "ALIGN_DELTA", period = "3600s"
    }
    # Of lines that close-days writes each hour for as long as they hold: an incident ends when they stop. Each names
    # its customer or model.
    spend-above-past = {
      title   = "Somebody spends many times what is usual", filter = "${local.log}/spend_above_past\""
      aligner = "ALIGN_DELTA", period = "3600s"
    }
    budget-pace = {
      title   = "A budget is spent faster than its month goes", filter = "${local.log}/budget_pace\""
      aligner = "ALIGN_DELTA", period = "3600s"
    }
    unpriced-spend = {
      title   = "Somebody's calls have no price", filter = "${local.log}/unpriced_spend\""
      aligner = "ALIGN_DELTA", period = "3600s"
    }
    price-changes = {
      title   = "A model's price changed", filter = "${local.log}/price_changes\""
      aligner = "ALIGN_DELTA", period = "3600s"
    }
    # A call cost more than its budgets held for it: a limit may have been passed, and a bound of the catalogue is
    # wrong.
    budget-above-bound = {
      title   = "A call cost more than its budget held for it", filter = "${local.log}/budget_above_bound\""
      aligner = "ALIGN_DELTA", period = "300s"
    }
    # Of close-days: reconciliation, findings, the letter. Three runs in a row.
    ledger-jobs = {
      title   = "What is done with the ledger each hour fails", filter = "${local.log}/ledger_jobs_failed\""
      aligner = "ALIGN_DELTA", period = "3600s", duration = "7200s"
    }
    # Of the line `redis-breaker`, which an instance writes each ten seconds that Redis stays away: one connection that
    # ends is no incident.
    redis-breaker = {
      title   = "Redis does not answer", severity = "CRITICAL", filter = "${local.log}/redis_breaker\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    # Of the line `redis-full`: at the first refusal for want of memory, and each half a minute that it lasts.
    redis-full = {
      title   = "Redis takes no more memory", severity = "CRITICAL", filter = "${local.log}/redis_full\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    # Of the line `provider-account`: a key that a provider refuses, an account without credit, a project that lacks a
    # model. Ours to mend, whoever pays for the call.
    provider-account = {
      title   = "A provider refuses our account", severity = "CRITICAL", filter = "${local.log}/provider_account\""
      aligner = "ALIGN_DELTA", period = "60s"
    }
    # Of the line `home-shut`, written when it is shut and after each probe that failed. Calls are served elsewhere as
    # long as the model has another home, so that nothing else may tell of it.
    home-shut = {
      title    = "A home is shut for long", filter = "${local.log}/home_shut\""
      aligner  = "ALIGN_DELTA", duration = "900s"
      group_by = ["metric.label.home", "metric.label.kind", "metric.label.name"]
    }
  }

  # Types differ, so these are chosen one by one.
  redis_node = { for name, row in merge(local.redis_alerts, local.redis_clients) : name => row if !var.redis_cluster }
  redis_many = { for name, row in local.cluster_alerts : name => row if var.redis_cluster }
  rows       = { for name, row in merge(local.service, local.redis_node, local.redis_many, local.own) : name => merge(local.base, row) }
  runbook    = { for name in concat(keys(local.rows), keys(local.others)) : name => "${var.runbooks_url}/${name}.md" }
  others = {
    response-codes  = "Share of one status"
    instance-count  = "Near the most instances"
    external-uptime = "The public address does not answer"
    outbox-age      = "Events wait, or nobody sweeps"
    close-days      = "Final days are not written"
    queue-stands    = "A queue does not move"
    synthetic-call  = "The synthetic call fails"
    slo-burn-fast   = "Error budget: two percent in an hour"
    slo-burn-slow   = "Error budget: five percent in six hours"
    cost-anomaly    = "Cost above what is planned"
  }
  titles = merge({ for name, row in local.rows : name => row.title }, local.others)
  # Mail beside Slack: Google takes any text for a token, and says nothing when it sends nothing.
  channels = concat(
    [google_monitoring_notification_channel.slack.id],
    [for channel in google_monitoring_notification_channel.email : channel.id],
    [for channel in google_monitoring_notification_channel.opsgenie : channel.id],
  )
  policy = { for name, title in local.titles : name => "Cody Gateway ${var.env}: ${title}" }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each              = local.rows
  project               = var.project_id
  display_name          = local.policy[each.key]
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = each.key })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter             = each.value.filter
      denominator_filter = each.value.denominator
      comparison         = "COMPARISON_GT"
      threshold_value    = each.value.threshold
      duration           = each.value.duration
      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.group_by
      }
      dynamic "denominator_aggregations" {
        for_each = each.value.denominator == null ? [] : [1]
        content {
          alignment_period     = each.value.period
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
          group_by_fields      = each.value.group_by
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.title}. Runbook: ${local.runbook[each.key]}"
    links {
      display_name = "Runbook"
      url          = local.runbook[each.key]
    }
  }

  depends_on = [time_sleep.metrics]
}

# One policy, a condition a status: how much of the traffic it may be.
resource "google_monitoring_alert_policy" "response_codes" {
  project               = var.project_id
  display_name          = local.policy["response-codes"]
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "response-codes" })

  alert_strategy {
    auto_close = local.auto_close
  }

  dynamic "conditions" {
    for_each = var.response_code_ratios
    content {
      display_name = "Status ${conditions.key} above ${conditions.value * 100} %"
      condition_threshold {
        filter             = "${local.run} AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code = \"${conditions.key}\""
        denominator_filter = "${local.run} AND metric.type = \"run.googleapis.com/request_count\""
        comparison         = "COMPARISON_GT"
        threshold_value    = conditions.value
        duration           = "600s"
        aggregations {
          alignment_period     = "60s"
          per_series_aligner   = "ALIGN_RATE"
          cross_series_reducer = "REDUCE_SUM"
        }
        denominator_aggregations {
          alignment_period     = "60s"
          per_series_aligner   = "ALIGN_RATE"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "One status is an unusual share of the traffic. Runbook: ${local.runbook["response-codes"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["response-codes"]
    }
  }
}

resource "google_monitoring_alert_policy" "instance_count" {
  for_each              = { for name, function in var.functions : name => function if function.max > 5 }
  project               = var.project_id
  display_name          = "${local.policy["instance-count"]} of ${each.key}"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "instance-count", component = each.key })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = "Above 80 % of ${each.value.max}"
    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${each.key}\" AND metric.type = \"run.googleapis.com/container/instance_count\""
      comparison      = "COMPARISON_GT"
      threshold_value = floor(each.value.max * 0.8)
      duration        = "0s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
        # Active and idle ones are series apart, and the limit is of both.
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.key} nears its most instances. Runbook: ${local.runbook["instance-count"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["instance-count"]
    }
  }
}

# Two ways in which events stay in Redis unseen: the sweeper says that they are old, or it says nothing at all.
resource "google_monitoring_alert_policy" "outbox_age" {
  project               = var.project_id
  display_name          = local.policy["outbox-age"]
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "outbox-age" })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = "The oldest event in an outbox is above two minutes old"
    condition_threshold {
      filter          = "${local.log}/outbox_oldest_ms\""
      comparison      = "COMPARISON_GT"
      threshold_value = 120000
      duration        = "300s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_PERCENTILE_99"
        cross_series_reducer = "REDUCE_MAX"
      }
    }
  }

  conditions {
    display_name = "No sweep for ten minutes"
    condition_absent {
      filter   = "${local.log}/outbox_oldest_ms\""
      duration = "600s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_PERCENTILE_99"
        cross_series_reducer = "REDUCE_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Usage events wait in Redis. Runbook: ${local.runbook["outbox-age"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["outbox-age"]
    }
  }

  depends_on = [time_sleep.metrics]
}

# Views read the last ten days from the events themselves, so there is a week to mend it in.
resource "google_monitoring_alert_policy" "close_days" {
  project               = var.project_id
  display_name          = local.policy["close-days"]
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "close-days" })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = "A day could not be closed, three hours in a row"
    condition_threshold {
      filter          = "${local.log}/close_days_failed\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      # One run an hour.
      duration = "10800s"
      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  conditions {
    display_name = "No run for three hours"
    condition_absent {
      filter   = "${local.log}/close_days_runs\""
      duration = "10800s"
      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Final days are not written. Runbook: ${local.runbook["close-days"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["close-days"]
    }
  }

  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_uptime_check_config" "public" {
  project      = var.project_id
  display_name = "Cody Gateway ${var.env}"
  timeout      = "10s"
  period       = "60s"
  user_labels  = local.labels
  http_check {
    path         = "/-/__version"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }
  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = var.hostname }
  }
}

resource "google_monitoring_alert_policy" "external_uptime" {
  project               = var.project_id
  display_name          = local.policy["external-uptime"]
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "external-uptime" })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = "Two regions or more fail"
    condition_threshold {
      filter          = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${google_monitoring_uptime_check_config.public.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "https://${var.hostname}/-/__version fails from outside. Runbook: ${local.runbook["external-uptime"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["external-uptime"]
    }
  }
}
