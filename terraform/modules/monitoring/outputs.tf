output "channel" {
  description = "Id of the Slack channel, for Error Reporting's notifications, which are set by hand."
  value       = google_monitoring_notification_channel.slack.id
}

output "inventory" {
  description = "Alerts with what they say and where they link, for tests."
  value = {
    thresholds = { for name, policy in google_monitoring_alert_policy.threshold : name => policy.conditions[0].condition_threshold[0] }
    links = merge(
      { for name, policy in google_monitoring_alert_policy.threshold : name => policy.documentation[0].links[0].url },
      { for name, policy in google_monitoring_alert_policy.burn : name => policy.documentation[0].links[0].url },
      {
        response-codes  = google_monitoring_alert_policy.response_codes.documentation[0].links[0].url
        external-uptime = google_monitoring_alert_policy.external_uptime.documentation[0].links[0].url
        instance-count  = one(distinct([for policy in google_monitoring_alert_policy.instance_count : policy.documentation[0].links[0].url]))
        outbox-age      = google_monitoring_alert_policy.outbox_age.documentation[0].links[0].url
        close-days      = google_monitoring_alert_policy.close_days.documentation[0].links[0].url
        queue-stands    = google_monitoring_alert_policy.queue_stands.documentation[0].links[0].url
        synthetic-call  = google_monitoring_alert_policy.synthetic.documentation[0].links[0].url
        cost-anomaly    = google_monitoring_alert_policy.cost_anomaly.documentation[0].links[0].url
      },
    )
    filters = { for name, metric in google_logging_metric.this : name => metric.filter }
    burn = { for name, policy in google_monitoring_alert_policy.burn : name => {
      combiner = policy.combiner
      filters  = [for condition in policy.conditions : condition.condition_threshold[0].filter]
      rates    = [for condition in policy.conditions : condition.condition_threshold[0].threshold_value]
    } }
    # Every policy by alert; of instance-count one a function.
    policies = merge(
      { for name, policy in google_monitoring_alert_policy.threshold : name => policy },
      { for name, policy in google_monitoring_alert_policy.burn : name => policy },
      { for name, policy in google_monitoring_alert_policy.instance_count : "instance-count/${name}" => policy },
      {
        response-codes  = google_monitoring_alert_policy.response_codes
        external-uptime = google_monitoring_alert_policy.external_uptime
        outbox-age      = google_monitoring_alert_policy.outbox_age
        close-days      = google_monitoring_alert_policy.close_days
        queue-stands    = google_monitoring_alert_policy.queue_stands
        synthetic-call  = google_monitoring_alert_policy.synthetic
        cost-anomaly    = google_monitoring_alert_policy.cost_anomaly
      },
    )
    channels  = local.channels
    slo       = google_monitoring_slo.availability.request_based_sli[0].good_total_ratio[0]
    goal      = google_monitoring_slo.availability.goal
    spend     = google_monitoring_alert_policy.cost_anomaly.conditions[0].condition_prometheus_query_language[0].query
    statuses  = sort(keys(var.response_code_ratios))
    metrics   = sort(keys(google_logging_metric.this))
    dashboard = google_monitoring_dashboard.this.dashboard_json
    budget = {
      units    = google_billing_budget.cost_anomaly.amount[0].specified_amount[0].units
      name     = google_billing_budget.cost_anomaly.display_name
      channels = google_billing_budget.cost_anomaly.all_updates_rule[0].monitoring_notification_channels
      emails   = [for channel in google_monitoring_notification_channel.email : channel.id]
    }
  }
}

output "dashboard" {
  description = "Full name of the dashboard."
  value       = google_monitoring_dashboard.this.id
}
