# Channels, metrics of the log lines and the dashboard. Alert policies stand in alerts.tf, those about money in
# cost.tf, the promise in slo.tf.

locals {
  labels = merge(var.labels, { component = "monitoring" })
  # Counted lines: fields that the code writes, and beginnings of its messages (scripts/check/environment.ts holds them
  # to the code).
  lines = jsondecode(file("${path.module}/log-lines.json"))
  counted = {
    for name, line in local.lines : name => join(" OR ", concat(
      [for field in line.fields : "jsonPayload.${field}:*"],
      [for message in line.messages : "jsonPayload.message =~ \"^${message}\""],
      [for message, where in lookup(line, "where", {}) : "(jsonPayload.message =~ \"^${message}\" AND ${join(" AND ", [for field, value in where : "jsonPayload.${field} = \"${value}\""])})"],
      [for field in lookup(line, "above_zero", []) : "jsonPayload.${field} > 0"],
      [for text in line.platform : "textPayload =~ \"${text}\""],
    ))
  }
  # Members of the request's one line, as distributions; of the lines that `where` holds of.
  measured = {
    own_ms      = { field = "own_ms", unit = "ms" }
    upstream_ms = { field = "upstream_ms", unit = "ms" }
    in_flight   = { field = "in_flight", unit = "1" }
    # From the request's arrival. Whole answers have no byte before they are finished; errors come at once, and would
    # hide how slow the others are.
    first_byte_ms = { field = "first_byte_ms", unit = "ms", where = "jsonPayload.stream = true AND jsonPayload.upstream_status = 200" }
    # Of calls that a home answered: by home, and so its share of the calls.
    home_ms = { field = "upstream_ms", unit = "ms", where = "jsonPayload.home : * AND jsonPayload.upstream_status = 200", labels = merge(local.by_model, { home = "EXTRACT(jsonPayload.home)" }) }
    # Of sweep-leases: how old the oldest event in an outbox is, and how many its instance did not get out itself. Of
    # deliver-events: what arrived.
    outbox_oldest_ms  = { field = "sweep.oldest_ms", unit = "ms" }
    outbox_taken_over = { field = "sweep.sent", unit = "1" }
    events_delivered  = { field = "inserted", unit = "1" }
    # List price of what arrived, in millionths of a dollar.
    spend_micro_usd = { field = "cost_micro_usd", unit = "1" }
  }
}

locals {
  # Whose fault an answer of 500 and above is. A provider's: its own status came through, or one of these refusals says
  # that it gave none. Our key is our fault.
  provider_refusals = ["model-unavailable", "upstream-unreachable", "upstream-timeout"]
  refused_by_it     = "jsonPayload.refusal = (${join(" OR ", [for kind in local.provider_refusals : "\"${kind}\""])})"
  provider_fault    = "httpRequest.status >= 500 AND (${local.refused_by_it} OR (jsonPayload.upstream_status > 0 AND NOT jsonPayload.refusal : *))"
  completed         = "jsonPayload.event = \"request_completed\""
  from_public       = "resource.labels.service_name =~ \"^(${local.public})$\""
  by_model          = { provider = "REGEXP_EXTRACT(jsonPayload.model, \"^([^/]+)/\")", model = "EXTRACT(jsonPayload.model)" }
  faults = {
    answers         = { filter = "${local.completed} AND ${local.from_public}" }
    provider_calls  = { filter = "${local.completed} AND (jsonPayload.upstream_status > 0 OR ${local.refused_by_it})", labels = local.by_model }
    provider_errors = { filter = "${local.completed} AND ${local.provider_fault}", labels = local.by_model }
    # The second half is the platform's own word: no instance, or one that died before it wrote a line.
    own_errors = { filter = "${local.from_public} AND httpRequest.status >= 500 AND ((${local.completed} AND NOT (${local.provider_fault})) OR textPayload : *)" }
  }
  metrics = merge(
    { for name, filter in local.counted : name => { filter = filter, field = null, unit = "1", labels = { for label, field in lookup(local.lines[name], "labels", {}) : label => "EXTRACT(jsonPayload.${field})" } } },
    { for name, fault in local.faults : name => { filter = fault.filter, field = null, unit = "1", labels = lookup(fault, "labels", {}) } },
    { for name, metric in local.measured : name => { filter = join(" AND ", compact([local.completed, try(metric.where, "")])), field = metric.field, unit = metric.unit, labels = lookup(metric, "labels", {}) } },
  )
}

resource "google_logging_metric" "this" {
  for_each         = local.metrics
  project          = var.project_id
  name             = "cody_gateway/${each.key}"
  filter           = "resource.type = \"cloud_run_revision\" AND (${each.value.filter})"
  value_extractor  = each.value.field == null ? null : "EXTRACT(jsonPayload.${each.value.field})"
  label_extractors = each.value.labels
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = each.value.field == null ? "INT64" : "DISTRIBUTION"
    unit        = each.value.unit
    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }
  dynamic "bucket_options" {
    for_each = each.value.field == null ? [] : [1]
    content {
      exponential_buckets {
        num_finite_buckets = 100
        growth_factor      = 1.4
        scale              = 0.1
      }
    }
  }
}

# Monitoring does not know a new metric for up to ten minutes, and refuses a policy on it until then (provider issue
# 11102).
resource "time_sleep" "metrics" {
  create_duration = "600s"
  triggers        = { metrics = join(",", concat(sort(keys(google_logging_metric.this)), [google_logging_metric.synthetic.name])) }
}

# Budgets take no other kind.
resource "google_monitoring_notification_channel" "email" {
  for_each     = var.emails
  project      = var.project_id
  display_name = "Mail to ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = local.labels
}

# One channel for all alerts of both environments. Its token is written once and stands in no state.
resource "google_monitoring_notification_channel" "slack" {
  project      = var.project_id
  display_name = "Slack ${var.slack_channel}"
  type         = "slack"
  labels       = { channel_name = var.slack_channel }
  user_labels  = local.labels
  sensitive_labels {
    auth_token_wo         = var.slack_token
    auth_token_wo_version = var.slack_token_version
  }
}

resource "google_monitoring_notification_channel" "opsgenie" {
  count        = var.opsgenie_url == null ? 0 : 1
  project      = var.project_id
  display_name = "OpsGenie"
  type         = "webhook_tokenauth"
  labels       = { url = var.opsgenie_url }
  user_labels  = local.labels
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id
  dashboard_json = templatefile("${path.module}/dashboard.json.tftpl", {
    app       = var.labels.app
    env       = var.env
    functions = join("|", keys(var.functions))
    redis     = replace(local.redis, "\"", "\\\"")
    memory    = local.redis_memory
    cpu       = local.redis_cpu
  })
}
