# The gateway with a mocked Google: what it asks for, against the spec and the function.json files. Says nothing of Google's own checks.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_storage_bucket_object" {
    defaults = { generation = 1, metadata = { tag = "7_2026-11-24_0.1-0123456789ab" } }
  }
  mock_resource "google_redis_instance" {
    defaults = { host = "10.0.0.3", port = 6378, auth_string = "mock", server_ca_certs = [{ cert = "PEM", create_time = "", expire_time = "", serial_number = "", sha1_fingerprint = "" }] }
  }
}

variables {
  slack_token = "mock"
}

# ---- the root as it stands

run "production" {
  assert {
    condition     = toset(keys(module.gateway.inventory.functions)) == toset([for file in fileset("${path.root}/../../../functions", "*/function.json") : dirname(file)])
    error_message = "Each folder with a function.json is a function, and nothing else is."
  }

  assert {
    condition = alltrue([for name, function in module.gateway.functions :
    can(regex("^[0-9]+_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]+\\.[0-9]+-[0-9a-f]{12}$", function.tag))])
    error_message = "Production runs immutable tags alone."
  }

  assert {
    condition     = toset(keys(output.links)) == toset(["terraform", "cloud_run", "logs", "traces", "sentry", "alerting", "error_reporting"])
    error_message = "The seven pages of an operator."
  }

  assert {
    condition     = output.tunnel.tunnel == "gcloud compute ssh cody-gateway-network-connector --project=cody-gateway-prod --zone=us-central1-c --tunnel-through-iap -- -N -L 6378:10.0.0.3:6378" && length(module.gateway.inventory.bastion) == 0
    error_message = "The tunnel's command is the handbook's, and its machine does not stand unasked."
  }
}

run "production_events" {
  assert {
    condition     = output.events == "telligentsourcegraph" && module.gateway.inventory.environment.CODY_GATEWAY_ENVIRONMENT == "prod" && strcontains(module.gateway.inventory.monitoring.dashboard, "Cody Gateway prod")
    error_message = "Production's events are where its readers look, and it knows that it is production."
  }
}

# ---- the module that both roots are made of

run "before" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    project_id        = "cody-gateway-test"
    region            = "us-central1"
    env               = "dev"
    hostname          = "gateway.example.com"
    image_tag         = "1_2026-11-23_0.1-000000000000"
    public_instances  = { min = 0, max = 20 }
    billing_account   = "000000-000000-000000"
    billing_export    = "billing.export.gcp_billing_export_resource_v1"
    events_project_id = "events-project-test"
    budget_usd        = 100
    operators         = ["group:operators@example.com"]
    filled_secrets    = ["CODY_GATEWAY_OPENAI_ACCESS_TOKEN"]
    terraform_url     = "https://example.com/terraform"
    sentry_url        = "https://example.com/sentry"
  }

  # The URL map answers each request of the table as the local router does: its rules by priority, the first that matches.
  assert {
    condition = [for request in jsondecode(file("${path.root}/../../routes.json")) : request if request.function != try([
      for rule in values({ for rule in output.inventory.routes.rules : format("%05d", rule.priority) => rule }) : output.inventory.backends[rule.service]
      if anytrue([for match in rule.match_rules : (
        (match.full_path_match != null && match.full_path_match != "" ? match.full_path_match == request.path : startswith(request.path, match.prefix_match)) &&
        alltrue([for header in match.header_matches : header.header_name == "X-Sourcegraph-Feature" && header.exact_match == request.feature])
      )])
    ][0], output.inventory.backends[output.inventory.routes.default])] == []
    error_message = "The URL map and the local router differ."
  }

  assert {
    condition     = length(jsondecode(file("${path.root}/../../routes.json"))) >= 50 && length(output.inventory.routes.rules) >= 5
    error_message = "There are routes to compare."
  }

  # ---- permissions

  assert {
    condition = alltrue([for file in fileset("${path.root}/../../../functions", "*/function.json") :
      output.inventory.functions[dirname(file)].invoker == {
        http     = "allUsers"
        task     = "serviceAccount:${try(output.queue_accounts[jsondecode(file("${path.root}/../../../functions/${file}")).queue], "")}"
        schedule = try("serviceAccount:${output.inventory.functions[dirname(file)].scheduler[0].http_target[0].oidc_token[0].service_account_email}", "")
      }[jsondecode(file("${path.root}/../../../functions/${file}")).trigger]
    ])
    error_message = "Public functions are called by all, the others by their queue's or job's account alone."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
    function.function.service_config[0].ingress_settings == (function.invoker == "allUsers" ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY")])
    error_message = "Only public functions are reached from outside."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
    length(setsubtract(function.roles, ["roles/serviceusage.serviceUsageConsumer", "roles/telemetry.metricsWriter", "roles/telemetry.tracesWriter", "roles/datastore.user"])) == 0])
    error_message = "No function has a project role beyond telemetry and the directory."
  }

  assert {
    condition     = contains(output.inventory.functions["chat-completions"].roles, "roles/datastore.user") && !contains(output.inventory.functions["sweep-leases"].roles, "roles/datastore.user")
    error_message = "The directory is open to those whose function.json says so."
  }

  assert {
    condition = (
      contains(output.inventory.functions["sync-subscriptions"].roles, "roles/datastore.user") &&
      output.inventory.functions["sync-subscriptions"].scheduler[0].schedule == "*/2 * * * *" &&
      !contains(output.inventory.queues.enqueuers, "events/sync-subscriptions")
    )
    error_message = "The sync writes the directory every two minutes, and sends nothing."
  }

  assert {
    condition     = output.inventory.events.writers == tolist(["deliver-events"])
    error_message = "deliver-events alone writes events."
  }

  assert {
    condition     = contains(output.inventory.queues.enqueuers, "events/chat-completions") && contains(output.inventory.queues.enqueuers, "events/sweep-leases") && !contains(output.inventory.queues.enqueuers, "events/deliver-events") && !contains(output.inventory.queues.enqueuers, "events/diagnostics")
    error_message = "Tasks are made by those whose function.json says so."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
      toset(function.secrets) == setunion(["redis-ca"], [for secret in function.function.service_config[0].secret_environment_variables : secret.secret]) &&
      length(setsubtract([for secret in function.function.service_config[0].secret_environment_variables : secret.key], jsondecode(file("${path.root}/../../../functions/${name}/function.json")).secrets)) == 0
    ])
    error_message = "An account reads the secrets of its function.json, and no other."
  }

  assert {
    condition     = length(distinct([for function in values(output.inventory.functions) : function.account])) == length(output.inventory.functions)
    error_message = "One account a function."
  }

  assert {
    condition     = [for secret in output.inventory.functions["chat-completions"].function.service_config[0].secret_environment_variables : secret.key if strcontains(secret.key, "ACCESS_TOKEN")] == ["CODY_GATEWAY_OPENAI_ACCESS_TOKEN"]
    error_message = "An optional secret is mounted when it has been filled, and not before."
  }

  # ---- function.json, platform and environment

  assert {
    condition = alltrue([for file in fileset("${path.root}/../../../functions", "*/function.json") : alltrue([
      for config in output.inventory.functions[dirname(file)].function.service_config : [
        config.available_memory, config.available_cpu, config.timeout_seconds, config.max_instance_request_concurrency, config.direct_vpc_egress
        ] == [
        "${jsondecode(file("${path.root}/../../../functions/${file}")).memoryMiB}Mi",
        tostring(jsondecode(file("${path.root}/../../../functions/${file}")).cpu),
        jsondecode(file("${path.root}/../../../functions/${file}")).timeoutSeconds,
        jsondecode(file("${path.root}/../../../functions/${file}")).concurrency,
        "VPC_EGRESS_PRIVATE_RANGES_ONLY",
      ]
    ])])
    error_message = "A function runs as its function.json says, with only private ranges through the network."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions : alltrue([
      for variable in keys(function.function.service_config[0].environment_variables) :
      contains(keys(jsondecode(file("${path.root}/../../environment.json"))), variable) || variable == "NODE_EXTRA_CA_CERTS"
    ])])
    error_message = "The environment holds what the gateway reads, and nothing else."
  }

  assert {
    condition     = output.inventory.environment.CODY_GATEWAY_DELIVER_EVENTS_URL == "https://deliver-events-123456789012.us-central1.run.app" && output.inventory.environment.CODY_GATEWAY_EVENTS_QUEUE == "events"
    error_message = "Queues and their targets are told to every function."
  }

  assert {
    condition = (
      output.inventory.environment.CODY_GATEWAY_ENVIRONMENT == "dev" && output.inventory.environment.CODY_GATEWAY_TRUSTED_PROXIES == "1" && output.inventory.environment.CODY_GATEWAY_OTEL_ENDPOINT == "https://telemetry.googleapis.com" &&
      output.inventory.environment.CODY_GATEWAY_BIGQUERY_PROJECT_ID == "events-project-test" && output.inventory.environment.GOOGLE_CLOUD_PROJECT == "cody-gateway-test" &&
      !contains(keys(output.inventory.environment), "CODY_GATEWAY_EVENTS_QUEUE_COUNT")
    )
    error_message = "Every function knows its environment, where traces go, and whose table the events are in."
  }

  # ---- the load balancer's protection

  assert {
    condition = (
      length([for rule in output.inventory.routes.armor : rule if rule.action == "deny(403)" && strcontains(try(rule.match[0].expr[0].expression, ""), "content-length")]) == 1 &&
      length([for rule in output.inventory.routes.armor : rule if rule.action == "deny(403)" && strcontains(try(rule.match[0].expr[0].expression, ""), "content-encoding")]) == 1 &&
      [for rule in output.inventory.routes.armor : rule.rate_limit_options[0].enforce_on_key if rule.action == "throttle"] == ["IP"]
    )
    error_message = "Cloud Armor goes by size, encodings and the rate of an address."
  }

  assert {
    condition     = output.inventory.routes.redirect[0].https_redirect && output.inventory.routes.redirect[0].redirect_response_code == "PERMANENT_REDIRECT" && join(",", output.inventory.routes.ports) == "443,80"
    error_message = "HTTP is redirected to HTTPS."
  }

  assert {
    condition     = alltrue([for queue in values(output.inventory.queues.queues) : queue.retry[0].max_attempts == -1 && queue.target[0].oidc_token[0].audience != ""])
    error_message = "A queue gives up on no task, and tells who calls."
  }

  assert {
    condition     = output.inventory.redis.tier == "STANDARD_HA" && output.inventory.redis.version == "REDIS_7_2" && output.inventory.redis.auth && output.inventory.redis.tls == "SERVER_AUTHENTICATION" && output.inventory.redis.configs["maxmemory-policy"] == "noeviction"
    error_message = "Redis is highly available, behind password and TLS, and evicts nothing."
  }

  # ---- events, directory, access

  assert {
    condition     = toset(keys(output.inventory.events.views)) == toset([for file in concat(tolist(fileset("${path.root}/../../events", "*.sql")), tolist(fileset("${path.root}/../../events", "billing/*.sql"))) : trimsuffix(basename(file), ".sql")])
    error_message = "Each file of terraform/events is a view."
  }

  assert {
    condition     = alltrue([for query in values(output.inventory.events.views) : !strcontains(query, "$${")]) && strcontains(output.inventory.events.views.events_unique, "`events-project-test.cody_gateway.events`")
    error_message = "A view's names are filled in, with the project of the events."
  }

  assert {
    condition     = strcontains(output.inventory.events.views.cost_by_function, "project.id = 'cody-gateway-test'") && strcontains(output.inventory.events.views.cost_by_function, "`billing.export.gcp_billing_export_resource_v1`")
    error_message = "The bill is that of the functions' project."
  }

  assert {
    condition     = output.inventory.events.partition[0].type == "DAY" && output.inventory.events.partition[0].field == "created_at" && output.inventory.events.cluster == tolist(["source", "identifier", "name"])
    error_message = "The table is partitioned by day and clustered as others read it."
  }

  assert {
    condition     = length(output.inventory.directory.fields) == length(jsondecode(file("${path.root}/../../firestore/firestore.indexes.json")).fieldOverrides) && strcontains(output.inventory.directory.rules, "if false") && output.inventory.directory.expire == tolist(["deadLetters/expiresAt"])
    error_message = "Indexes, rules and expiry are those of terraform/firestore."
  }

  assert {
    condition = (
      { for name, entitlement in output.inventory.access : name => entitlement.project } == { "cody-gateway-dev-look" = "projects/cody-gateway-test", "cody-gateway-dev-operate" = "projects/cody-gateway-test", "cody-gateway-dev-events" = "projects/events-project-test" } &&
      alltrue([for entitlement in values(output.inventory.access) : entitlement.seconds == "10800s"]) &&
      !contains(output.inventory.access["cody-gateway-dev-look"].roles, "roles/datastore.user") &&
      output.inventory.access["cody-gateway-dev-events"].roles == tolist(["roles/bigquery.dataViewer", "roles/bigquery.jobUser"])
    )
    error_message = "Access is asked for, for three hours, to the gateway and to its events apart."
  }

  # ---- labels

  assert {
    condition = alltrue([for name, function in output.inventory.functions : function.function.labels == tomap({ app = "cody-gateway", env = "dev", component = name })]) && alltrue([
      for component, labels in { redis = output.inventory.redis.labels, events = output.inventory.events.labels, load-balancer = output.inventory.routes.labels } :
    labels == tomap({ app = "cody-gateway", env = "dev", component = component })])
    error_message = "The bill is told apart by app, env and component."
  }

  # ---- alerts: spec clients-and-operations §5.3, the handbook, and ours

  assert {
    condition = toset(keys(output.inventory.monitoring.links)) == toset([
      "container-cpu", "container-memory", "startup-latency", "instance-count", "pending-requests", "instance-precondition-failed", "external-uptime",
      "response-codes", "redis-memory", "redis-cpu", "redis-failover", "request-latency",
      "server-errors", "own-overhead", "dead-letters", "lease-sweeps", "event-publishing", "redis-breaker", "cost-anomaly", "slo-burn-fast", "slo-burn-slow",
      "redis-connections", "redis-rejections", "outbox-age", "outbox-takeover", "subscriptions-sync", "unpriced-models",
    ])
    error_message = "The list of alerts is not the spec's."
  }

  assert {
    condition = tomap({ for name, condition in output.inventory.monitoring.thresholds : name => condition.threshold_value if contains(["container-cpu", "container-memory", "startup-latency", "pending-requests", "instance-precondition-failed", "redis-memory", "redis-cpu", "redis-failover"], name) }) == tomap({
      container-cpu                = 0.8
      container-memory             = 0.8
      startup-latency              = 10000
      pending-requests             = 0
      instance-precondition-failed = 0
      redis-memory                 = 0.8
      redis-cpu                    = 0.9
      redis-failover               = 0
    })
    error_message = "The thresholds are not the spec's."
  }

  assert {
    condition = alltrue([for name, expected in {
      container-cpu    = ["300s", "ALIGN_PERCENTILE_99", "REDUCE_MAX"]
      container-memory = ["300s", "ALIGN_PERCENTILE_99", "REDUCE_MAX"]
      startup-latency  = ["60s", "ALIGN_PERCENTILE_99", "REDUCE_MAX"]
      redis-memory     = ["300s", "ALIGN_MEAN", "REDUCE_NONE"]
      redis-cpu        = ["300s", "ALIGN_RATE", "REDUCE_SUM"]
      } : alltrue([for aggregation in output.inventory.monitoring.thresholds[name].aggregations :
    [aggregation.alignment_period, aggregation.per_series_aligner, aggregation.cross_series_reducer] == expected])])
    error_message = "The aggregations are not the spec's."
  }

  # Google's SRE workbook, chapter 5: two percent of the month in an hour, five percent in six hours.
  assert {
    condition     = output.inventory.monitoring.burn == { slo-burn-fast = 14.4, slo-burn-slow = 6 } && output.inventory.monitoring.goal == 0.995
    error_message = "The error budget's burn rates."
  }

  assert {
    condition     = output.inventory.monitoring.statuses == tolist(["400", "401", "403", "500"])
    error_message = "Ratios of 400, 401, 403 and 500."
  }

  assert {
    condition     = toset([for link in values(output.inventory.monitoring.links) : basename(link)]) == toset(fileset("${path.root}/../../runbooks", "*.md"))
    error_message = "Each alert links to a runbook that exists, and each runbook belongs to an alert."
  }

  # What the policies count, to the letter: a filter that matches nothing is an alert that never comes.
  assert {
    condition = (
      strcontains(output.inventory.monitoring.filters.redis_breaker, "(jsonPayload.message = \"redis-breaker\" AND jsonPayload.state = \"open\")") &&
      strcontains(output.inventory.monitoring.filters.subscriptions_sync, "jsonPayload.sync.withheld > 0 OR jsonPayload.sync.unreadable > 0") &&
      strcontains(output.inventory.monitoring.filters.dead_letters, "jsonPayload.dead_letter:*") &&
      strcontains(output.inventory.monitoring.filters.unpriced_models, "jsonPayload.unpriced > 0") &&
      alltrue([for name in ["outbox_oldest_ms", "outbox_taken_over", "events_delivered", "spend_micro_usd", "own_ms"] : contains(keys(output.inventory.monitoring.filters), name)])
    )
    error_message = "The lines that alerts count."
  }

  assert {
    condition     = strcontains(output.inventory.monitoring.spend, "> 50000000") && strcontains(output.inventory.monitoring.spend, "offset 1d")
    error_message = "Provider cost is an anomaly from a sum on, against yesterday."
  }

  assert {
    condition     = can(jsondecode(output.inventory.monitoring.dashboard)) && strcontains(output.inventory.monitoring.dashboard, "Concurrent upstream requests")
    error_message = "The dashboard shows the concurrent upstream requests."
  }
}

# ---- another tag for one function, and nothing else

run "one_tag" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    project_id        = "cody-gateway-test"
    region            = "us-central1"
    env               = "dev"
    hostname          = "gateway.example.com"
    image_tag         = "1_2026-11-23_0.1-000000000000"
    function_tags     = { limits = "2_2026-11-24_0.1-111111111111" }
    public_instances  = { min = 0, max = 20 }
    billing_account   = "000000-000000-000000"
    billing_export    = "billing.export.gcp_billing_export_resource_v1"
    events_project_id = "events-project-test"
    budget_usd        = 100
    operators         = ["group:operators@example.com"]
    filled_secrets    = ["CODY_GATEWAY_OPENAI_ACCESS_TOKEN"]
    terraform_url     = "https://example.com/terraform"
    sentry_url        = "https://example.com/sentry"
  }

  assert {
    condition     = [for name, function in output.inventory.functions : name if jsonencode(function) != jsonencode(run.before.inventory.functions[name])] == ["limits"]
    error_message = "Another function's plan is not empty."
  }

  assert {
    condition     = jsonencode({ for name, part in output.inventory : name => part if name != "functions" }) == jsonencode({ for name, part in run.before.inventory : name => part if name != "functions" })
    error_message = "Something besides functions changed."
  }

  assert {
    condition = (
      jsonencode({ for name, part in output.inventory.functions.limits : name => part if name != "function" }) == jsonencode({ for name, part in run.before.inventory.functions.limits : name => part if name != "function" }) &&
      [for name, value in output.inventory.functions.limits.function : name if jsonencode(value) != jsonencode(run.before.inventory.functions.limits.function[name])] == ["build_config", "service_config"] &&
      output.inventory.functions.limits.function.build_config[0].source[0].storage_source[0].object == "limits/2_2026-11-24_0.1-111111111111.zip" &&
      output.inventory.functions.limits.function.service_config[0].environment_variables.CODY_GATEWAY_VERSION == "2_2026-11-24_0.1-111111111111"
    )
    error_message = "One resource changes: the function, in its source and its version."
  }
}

# ---- more events than one queue takes

run "shards" {
  command = plan
  module {
    source = "../../modules/queues"
  }
  variables {
    project_id = "cody-gateway-test"
    region     = "us-central1"
    targets    = { events = "https://deliver-events.example.com", notifications = "https://deliver-notifications.example.com" }
    shards     = { events = 3 }
    enqueuers  = { chat-completions = "fn@example.com" }
  }

  assert {
    condition     = output.names == tolist(["events", "events-1", "events-2", "notifications"]) && length(output.inventory.enqueuers) == 4
    error_message = "The queues are named as shared/src/events/task-queue.ts names them, and each may be used."
  }
}

# ---- the tunnel's machine

run "tunnel" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    project_id                      = "cody-gateway-test"
    region                          = "us-central1"
    env                             = "dev"
    hostname                        = "gateway.example.com"
    image_tag                       = "1_2026-11-23_0.1-000000000000"
    function_tags                   = { limits = "2_2026-11-24_0.1-111111111111" }
    public_instances                = { min = 0, max = 20 }
    billing_account                 = "000000-000000-000000"
    billing_export                  = "billing.export.gcp_billing_export_resource_v1"
    events_project_id               = "events-project-test"
    budget_usd                      = 100
    operators                       = ["group:operators@example.com"]
    filled_secrets                  = ["CODY_GATEWAY_OPENAI_ACCESS_TOKEN"]
    terraform_url                   = "https://example.com/terraform"
    sentry_url                      = "https://example.com/sentry"
    deploy_network_compute_instance = true
  }

  assert {
    condition = (
      length(output.inventory.bastion) == 1 && output.inventory.bastion[0].name == "cody-gateway-network-connector" && output.inventory.bastion[0].zone == "us-central1-c" &&
      !output.inventory.bastion[0].public && output.inventory.bastion[0].sources == toset(["35.235.240.0/20"])
    )
    error_message = "The machine is the handbook's, without a public address, behind Identity-Aware Proxy."
  }

  assert {
    condition     = jsonencode({ for name, part in output.inventory : name => part if name != "bastion" }) == jsonencode({ for name, part in run.one_tag.inventory : name => part if name != "bastion" })
    error_message = "The machine changed something else."
  }
}

# ---- what is refused

run "bad_tag" {
  command = plan
  module {
    source = "../../modules/function"
  }
  variables {
    project_id      = "cody-gateway-test"
    region          = "us-central1"
    labels          = { app = "cody-gateway", env = "dev" }
    name            = "limits"
    file            = { description = "A.", trigger = "http", cpu = 1, memoryMiB = 512, concurrency = 1, timeoutSeconds = 30 }
    url             = "https://limits.example.com"
    bucket          = "b"
    tag             = "latest"
    instances       = { min = 0, max = 1 }
    environment     = {}
    secrets         = {}
    redis_ca_secret = "redis-ca"
    roles           = []
    network         = { network = "n", subnetwork = "s" }
  }
  expect_failures = [var.tag]
}
