# A queue that stands: tasks are made, outboxes drain, nothing fails, and no event arrives.

locals {
  queue = "monitored_resource=\"cloud_tasks_queue\""
}

resource "google_monitoring_alert_policy" "queue_stands" {
  project               = var.project_id
  display_name          = local.policy["queue-stands"]
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "queue-stands" })

  alert_strategy {
    auto_close = local.auto_close
  }

  # Paused, or out of its rights: what is tried and fails is another alert's.
  conditions {
    display_name = "Tasks wait for a quarter of an hour, and none is tried"
    condition_prometheus_query_language {
      query               = <<-PROMQL
        min by (queue_id) (min_over_time(cloudtasks_googleapis_com:queue_depth{${local.queue}}[15m])) > 0
        unless
        sum by (queue_id) (increase(cloudtasks_googleapis_com:queue_task_attempt_count{${local.queue}}[15m])) > 0
      PROMQL
      duration            = "0s"
      evaluation_interval = "60s"
    }
  }

  # Throttled, or its function has too few instances: twenty seconds of the most that a queue delivers.
  conditions {
    display_name = "Ten thousand tasks wait for a quarter of an hour"
    condition_prometheus_query_language {
      query               = "min by (queue_id) (min_over_time(cloudtasks_googleapis_com:queue_depth{${local.queue}}[15m])) > 10000"
      duration            = "0s"
      evaluation_interval = "60s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Tasks wait and nobody takes them. Runbook: ${local.runbook["queue-stands"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["queue-stands"]
    }
  }
}
