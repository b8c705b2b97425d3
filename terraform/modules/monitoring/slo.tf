# What callers are promised, and how fast it is being used up. 99.5 % of the answers of public functions are below 500
# in 28 days, but for a provider's own faults, which nobody here can mend.

resource "google_monitoring_custom_service" "gateway" {
  project      = var.project_id
  service_id   = "cody-gateway"
  display_name = "Cody Gateway"
  user_labels  = local.labels
}

locals {
  public = join("|", [for name, function in var.functions : name if function.public])
  burn = {
    # Windows as in Google's SRE workbook, chapter 5: the long one says that it matters, the short one that it still
    # goes on.
    slo-burn-fast = { windows = ["3600s", "300s"], rate = 14.4, severity = "CRITICAL" }
    slo-burn-slow = { windows = ["21600s", "1800s"], rate = 6, severity = "WARNING" }
  }
}

resource "google_monitoring_slo" "availability" {
  project             = var.project_id
  service             = google_monitoring_custom_service.gateway.service_id
  slo_id              = "availability"
  display_name        = "Answers below 500, but for providers' faults"
  goal                = var.slo_goal
  rolling_period_days = 28
  user_labels         = local.labels
  request_based_sli {
    good_total_ratio {
      bad_service_filter   = "${local.log}/own_errors\""
      total_service_filter = "${local.log}/answers\""
    }
  }
  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_alert_policy" "burn" {
  for_each              = local.burn
  project               = var.project_id
  display_name          = local.policy[each.key]
  combiner              = "AND"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = merge(local.labels, { alert = each.key })

  alert_strategy {
    auto_close = local.auto_close
  }

  dynamic "conditions" {
    for_each = each.value.windows
    content {
      display_name = "Budget burns ${each.value.rate} times too fast over ${conditions.value}"
      condition_threshold {
        filter          = "select_slo_burn_rate(\"${google_monitoring_slo.availability.id}\", \"${conditions.value}\")"
        comparison      = "COMPARISON_GT"
        threshold_value = each.value.rate
        duration        = "0s"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${local.titles[each.key]}. Runbook: ${local.runbook[each.key]}"
    links {
      display_name = "Runbook"
      url          = local.runbook[each.key]
    }
  }
}
