# A whole call every five minutes, as a caller makes it: hostname, certificate, Cloud Armor, token, quota, provider.
# Its subscription is one of ours.

locals {
  synthetic_job = "cody-gateway-synthetic-call"
}

# Scheduler keeps its headers as they are, so the token stands in the state, as OpsGenie's address does: it is a small
# subscription's.
resource "google_cloud_scheduler_job" "synthetic" {
  count            = nonsensitive(var.synthetic_token == null) ? 0 : 1
  project          = var.project_id
  region           = var.region
  name             = local.synthetic_job
  description      = "Calls the gateway as a caller does."
  schedule         = "*/5 * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://${var.hostname}/v1/chat/completions"
    headers     = { "Content-Type" = "application/json", "Authorization" = "Bearer ${var.synthetic_token}" }
    body        = base64encode(jsonencode({ model = var.synthetic_model, max_tokens = 1, messages = [{ role = "user", content = "ping" }] }))
  }

  # The next one is the retry.
  retry_config {
    retry_count = 0
  }
}

resource "google_logging_metric" "synthetic" {
  project = var.project_id
  name    = "cody_gateway/synthetic_failures"
  filter  = "resource.type = \"cloud_scheduler_job\" AND resource.labels.job_id = \"${local.synthetic_job}\" AND severity >= ERROR"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "synthetic" {
  project               = var.project_id
  display_name          = local.policy["synthetic-call"]
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "synthetic-call" })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = "Two calls or more of a quarter of an hour fail"
    condition_threshold {
      filter          = "resource.type = \"cloud_scheduler_job\" AND metric.type = \"logging.googleapis.com/user/cody_gateway/synthetic_failures\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "0s"
      aggregations {
        alignment_period     = "900s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A call as callers make it fails. Runbook: ${local.runbook["synthetic-call"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["synthetic-call"]
    }
  }

  depends_on = [time_sleep.metrics]
}
