# What costs more than it should: Google's bill against what is planned, and the providers' against yesterday's.
# Provider cost is on no bill of Google's.

locals {
  # Millionths of a dollar that arrived in an hour; distributions have their sum under this name in PromQL.
  spend = "sum(increase(logging_googleapis_com:user_cody_gateway_spend_micro_usd_sum{monitored_resource=\"cloud_run_revision\"}[1h]%s))"
}

resource "google_monitoring_alert_policy" "cost_anomaly" {
  project               = var.project_id
  display_name          = local.policy["cost-anomaly"]
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = "cost-anomaly" })

  alert_strategy {
    auto_close = local.auto_close
  }

  conditions {
    display_name = "Above $${var.spend_usd_per_hour} an hour, and thrice the same hour of yesterday"
    condition_prometheus_query_language {
      # Where yesterday has nothing, the first line alone decides.
      query               = <<-PROMQL
        ${format(local.spend, "")} > ${var.spend_usd_per_hour * 1000000}
        and
        ${format(local.spend, "")} > 3 * (${format(local.spend, " offset 1d")} or vector(0))
      PROMQL
      duration            = "900s"
      evaluation_interval = "300s"
      # The metric's name is unknown to Monitoring until the first event has been delivered.
      disable_metric_validation = true
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The providers are paid much more than at this hour yesterday. Runbook: ${local.runbook["cost-anomaly"]}"
    links {
      display_name = "Runbook"
      url          = local.runbook["cost-anomaly"]
    }
  }

  depends_on = [time_sleep.metrics]
}

# Google's own forecast, against what is planned.
resource "google_billing_budget" "cost_anomaly" {
  billing_account = var.billing_account
  # At most 60 characters, so it names its runbook without the address.
  display_name = "Cody Gateway ${var.env}: runbook cost-anomaly"
  budget_filter {
    projects = ["projects/${var.project_number}"]
  }
  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(var.budget_usd)
    }
  }
  threshold_rules {
    threshold_percent = 0.8
  }
  threshold_rules {
    threshold_percent = 1
  }
  threshold_rules {
    threshold_percent = 1.2
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    # Budgets tell channels for mail, and no others.
    monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
    disable_default_iam_recipients   = false
  }
}
