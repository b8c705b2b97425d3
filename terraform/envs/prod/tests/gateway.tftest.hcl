# The gateway with a mocked Google: what it asks for, against what is promised
# (shared/COMPATIBILITY.md#handbook-promises) and the function.json files. Says nothing of Google's own checks.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_storage_bucket_object" {
    defaults = { generation = 1, metadata = { tag = "7_2026-11-24_0.1-0123456789ab" } }
  }
  mock_resource "google_certificate_manager_dns_authorization" {
    defaults = { dns_resource_record = [{ name = "_acme-challenge.example.com.", type = "CNAME", data = "1.authorize.certificatemanager.goog." }] }
  }
  mock_resource "google_redis_instance" {
    defaults = { host = "10.0.0.3", port = 6378, auth_string = "mock", server_ca_certs = [{ cert = "PEM", create_time = "", expire_time = "", serial_number = "", sha1_fingerprint = "" }] }
  }
}

mock_provider "time" {}

variables {
  slack_token       = "xoxb-0123456789-mock"
  all_users_allowed = true
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
    condition     = length(output.dashboards) == 3 && alltrue([for link in concat(values(output.links), values(output.dashboards)) : startswith(link, "https://")])
    error_message = "Dashboards of the gateway, of its functions and of Redis."
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

run "production_access" {
  assert {
    condition     = { for name, entitlement in module.gateway.inventory.access : name => entitlement.approve } == { "cody-gateway-prod-look" = false, "cody-gateway-prod-operate" = true, "cody-gateway-prod-events" = true, "cody-gateway-prod-ledger" = true }
    error_message = "Whoever is woken looks at once; writing and customers' events need a second person."
  }

  assert {
    condition     = module.gateway.inventory.pipeline[0].doors == { planner = "none", uploader = "releases", deployer = "prod" } && length(module.gateway.inventory.pipeline[0].acts_as) > length(module.gateway.inventory.functions)
    error_message = "Each account of the pipeline has an environment of its own, and the deployer may name the accounts of what it rolls out."
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
    console_viewers   = ["group:finance@example.com"]
    filled_secrets    = ["CODY_GATEWAY_OPENAI_ACCESS_TOKEN"]
    terraform_url     = "https://example.com/terraform"
    sentry_url        = "https://example.com/sentry"
  }

  # The URL map answers each request of the table as the local router does: its rules by priority, the first that
  # matches.
  assert {
    condition = [for request in jsondecode(file("${path.root}/../../routes.json")) : request if request.function != try([
      for rule in values({ for rule in output.inventory.routes.rules : format("%05d", rule.priority) => rule }) : output.inventory.backends[rule.service]
      if anytrue([for match in rule.match_rules : (
        (match.full_path_match != null && match.full_path_match != "" ? match.full_path_match == request.path : startswith(request.path, match.prefix_match)) &&
        alltrue([for header in match.header_matches : header.exact_match == { "X-Sourcegraph-Feature" = request.feature, ":method" = request.method }[header.header_name]])
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
    condition     = length(output.inventory.pipeline) == 0 && output.pipeline == null
    error_message = "Without a repository nobody is let in from outside."
  }

  assert {
    condition = alltrue([for file in fileset("${path.root}/../../../functions", "*/function.json") :
      output.inventory.functions[dirname(file)].invoker == {
        http     = try(jsondecode(file("${path.root}/../../../functions/${file}")).access, "") == "iap" ? "serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com" : "allUsers"
        task     = "serviceAccount:${try(output.queue_accounts[jsondecode(file("${path.root}/../../../functions/${file}")).queue], "")}"
        schedule = try("serviceAccount:${output.inventory.functions[dirname(file)].scheduler[0].http_target[0].oidc_token[0].service_account_email}", "")
      }[jsondecode(file("${path.root}/../../../functions/${file}")).trigger]
    ])
    error_message = "Public functions are called by all, one behind Identity-Aware Proxy by the proxy, the others by their queue's or job's account alone."
  }

  assert {
    condition = (
      join(" ", [for name, enabled in output.inventory.routes.iap : name if enabled]) == join(" ", [for file in fileset("${path.root}/../../../functions", "*/function.json") : dirname(file) if try(jsondecode(file("${path.root}/../../../functions/${file}")).access, "") == "iap"]) &&
      join(" ", sort(output.inventory.routes.viewers)) == "group:finance@example.com group:operators@example.com" &&
      startswith(output.inventory.environment.CODY_GATEWAY_CONSOLE_IAP_AUDIENCE, "/projects/123456789012/global/backendServices/")
    )
    error_message = "Identity-Aware Proxy stands in front of the console and of nothing else, lets operators and finance in, and the function knows its audience."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
    function.function.service_config[0].ingress_settings == (function.invoker == "allUsers" || strcontains(function.invoker, "@gcp-sa-iap.") ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY")])
    error_message = "Only public functions are reached from outside, and only through the load balancer."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
    length(setsubtract(function.roles, ["roles/serviceusage.serviceUsageConsumer", "roles/telemetry.metricsWriter", "roles/telemetry.tracesWriter", "roles/datastore.user", "roles/datastore.viewer"])) == 0])
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
    condition     = output.inventory.events.closers == tolist(["final_days/close-days", "final_events/close-days", "final_usage/close-days"])
    error_message = "close-days alone writes the tables of final days."
  }

  assert {
    condition = alltrue([for name, routine in output.inventory.events.routines : !strcontains(routine.body, "$${") && !strcontains(routine.body, " @")]) && (
      toset(keys(output.inventory.events.routines)) == toset([for file in concat(tolist(fileset("${path.root}/../../events", "functions/*.sql")), tolist(fileset("${path.root}/../../events", "queries/*.sql")), tolist(fileset("${path.root}/../../events", "billing/functions/*.sql"))) : trimsuffix(basename(file), ".sql")]) &&
      output.inventory.events.routines.events_between.arguments == ["arg_from TIMESTAMP", "arg_to TIMESTAMP"] && strcontains(output.inventory.events.routines.events_between.body, "created_at >= arg_from") &&
      output.inventory.events.routines.redash_events.arguments == ["arg_event STRING", "arg_feature STRING", "arg_identifier STRING", "arg_source STRING"]
    )
    error_message = "Each file of functions and queries is a table function, with the parameters that its comment names."
  }

  assert {
    condition     = output.inventory.events.final.final_events.schema == output.inventory.events.schema && output.inventory.events.final.final_events.partition[0].field == "created_at" && output.inventory.events.final.final_usage.partition[0].field == "day" && alltrue([for table in values(output.inventory.events.final) : table.protected])
    error_message = "Final days are partitioned, protected, and have the columns of events."
  }

  assert {
    condition     = contains(output.inventory.queues.enqueuers, "events/chat-completions") && contains(output.inventory.queues.enqueuers, "events/sweep-leases") && !contains(output.inventory.queues.enqueuers, "events/deliver-events") && !contains(output.inventory.queues.enqueuers, "events/diagnostics")
    error_message = "Tasks are made by those whose function.json says so."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
      toset(function.secrets) == setunion(["redis-ca", "redis-password"], [for secret in function.function.service_config[0].secret_environment_variables : secret.secret]) &&
      length(setsubtract([for secret in function.function.service_config[0].secret_environment_variables : secret.key], jsondecode(file("${path.root}/../../../functions/${name}/function.json")).secrets)) == 0
    ])
    error_message = "An account reads the secrets of its function.json, and no other."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
      { for volume in function.function.service_config[0].secret_volumes : "${volume.mount_path}/${one(volume.versions).path}" => volume.secret } == {
        (function.function.service_config[0].environment_variables.CODY_GATEWAY_REDIS_CA_FILE)       = "redis-ca"
        (function.function.service_config[0].environment_variables.CODY_GATEWAY_REDIS_PASSWORD_FILE) = "redis-password"
      }
    ])
    error_message = "Redis's password and certificate authority are files where the gateway reads them."
  }

  assert {
    condition     = length(distinct([for function in values(output.inventory.functions) : function.account])) == length(output.inventory.functions)
    error_message = "One account a function."
  }

  assert {
    condition = alltrue([for function in values(output.inventory.functions) : function.function.build_config[0].service_account != null && function.function.build_config[0].service_account != ""]) && output.inventory.releases == {
      roles = tolist(["roles/artifactregistry.writer", "roles/logging.logWriter"])
      reads = "resource.name.startsWith('projects/_/buckets/cody-gateway-test-releases') || resource.name.startsWith('projects/_/buckets/gcf-v2-')"
    }
    error_message = "Functions are built by an account that may do that and nothing else."
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
      contains(keys(jsondecode(file("${path.root}/../../environment.json"))), variable) || contains(["MALLOC_ARENA_MAX", "NODE_OPTIONS"], variable)
    ])])
    error_message = "The environment holds what the gateway reads, and nothing else."
  }

  # As scripts/functions/function-files.test.ts has it.
  assert {
    condition     = output.inventory.functions["chat-completions"].function.service_config[0].environment_variables.NODE_OPTIONS == "--max-semi-space-size=16 --max-old-space-size=256" && output.inventory.functions.attribution.function.service_config[0].environment_variables.NODE_OPTIONS == "--max-semi-space-size=8 --max-old-space-size=128" && output.inventory.functions.attribution.function.service_config[0].environment_variables.MALLOC_ARENA_MAX == "1"
    error_message = "V8 divides an instance's memory as it is told, and the C library keeps one heap."
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
    condition = alltrue([
      for headers in values(output.inventory.routes.headers) : tolist(headers) == tolist(["X-Gateway-Load-Balancer: ${output.inventory.environment.CODY_GATEWAY_LOAD_BALANCER_ADDRESSES}"])
    ]) && length(output.inventory.routes.headers) > 0
    error_message = "Every backend is told by the load balancer's own address that a request came through it, and functions know that address."
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
    condition     = alltrue([for query in values(output.inventory.events.views) : !strcontains(query, "$${")]) && strcontains(output.inventory.events.views.events_unique, "`events-project-test.cody_gateway.final_events`") && strcontains(output.inventory.events.routines.events_between.body, "`events-project-test.cody_gateway.events`")
    error_message = "A view's names are filled in, with the project of the events."
  }

  assert {
    condition     = strcontains(output.inventory.events.routines.bill_between.body, "project_id = 'cody-gateway-test'") && strcontains(output.inventory.events.routines.bill_between.body, "`billing.export.gcp_billing_export_resource_v1`") && strcontains(output.inventory.events.views.cost_by_function, "`events-project-test.cody_gateway.bill_between`")
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
      { for name, entitlement in output.inventory.access : name => entitlement.project } == { "cody-gateway-dev-look" = "projects/cody-gateway-test", "cody-gateway-dev-operate" = "projects/cody-gateway-test", "cody-gateway-dev-events" = "projects/events-project-test", "cody-gateway-dev-ledger" = "projects/events-project-test" } &&
      output.inventory.access["cody-gateway-dev-ledger"].limited == { "roles/bigquery.dataEditor" = "resource.name.startsWith('projects/events-project-test/datasets/cody_gateway')" } &&
      alltrue([for entitlement in values(output.inventory.access) : entitlement.seconds == "10800s" && entitlement.reason]) &&
      length(setsubtract(["roles/compute.osLogin", "roles/compute.viewer", "roles/redis.viewer", "roles/datastore.user", "roles/logging.viewer", "roles/cloudscheduler.admin"], output.inventory.access["cody-gateway-dev-operate"].roles)) == 0 &&
      output.inventory.access["cody-gateway-dev-look"].limited == output.inventory.access["cody-gateway-dev-operate"].limited && output.inventory.access["cody-gateway-dev-operate"].limited == { "roles/storage.objectViewer" = "resource.name.startsWith('projects/_/buckets/cody-gateway-test-releases')" } &&
      !anytrue([for role in output.inventory.access["cody-gateway-dev-operate"].roles : contains(["roles/owner", "roles/editor", "roles/redis.admin", "roles/secretmanager.secretAccessor"], role)]) &&
      !contains(output.inventory.access["cody-gateway-dev-look"].roles, "roles/datastore.user") &&
      output.inventory.access["cody-gateway-dev-events"].roles == tolist(["roles/bigquery.dataViewer", "roles/bigquery.jobUser"])
    )
    error_message = "Access is asked for, with a reason, for three hours, to the gateway and to its events apart."
  }

  # ---- labels

  assert {
    condition = alltrue([for name, function in output.inventory.functions : function.function.labels == tomap({ app = "cody-gateway", env = "dev", component = name })]) && alltrue([
      for component, labels in { redis = output.inventory.redis.labels, events = output.inventory.events.labels, load-balancer = output.inventory.routes.labels } :
    labels == tomap({ app = "cody-gateway", env = "dev", component = component })])
    error_message = "The bill is told apart by app, env and component."
  }

  # ---- alerts: the table of tests/alerts.json, those without a threshold of one metric below

  assert {
    condition     = toset(keys(output.inventory.monitoring.links)) == setunion(keys(jsondecode(file("${path.root}/../../envs/prod/tests/alerts.json"))), ["response-codes", "cost-anomaly", "queue-stands", "slo-burn-fast", "slo-burn-slow"])
    error_message = "An alert is missing, or one is not in the table of tests/alerts.json."
  }

  assert {
    condition = [for name, row in jsondecode(file("${path.root}/../../envs/prod/tests/alerts.json")) : name if !alltrue([
      for policy in [for key, policy in output.inventory.monitoring.policies : policy if split("/", key)[0] == name] : alltrue([
        for condition in policy.conditions[0].condition_threshold :
        policy.severity == row.severity &&
        condition.comparison == "COMPARISON_GT" && condition.duration == row.duration &&
        strcontains(condition.filter, "metric.type = \"${row.metric}\"") &&
        (row.threshold == null ? true : condition.threshold_value == row.threshold) &&
        [for aggregation in condition.aggregations : [aggregation.alignment_period, aggregation.per_series_aligner, aggregation.cross_series_reducer]] == [[row.period, row.aligner, row.reducer]]
    ])])] == []
    error_message = "An alert is not as in the table of tests/alerts.json."
  }

  # Functions of more than five instances, at eighty percent of them.
  assert {
    condition = { for key, policy in output.inventory.monitoring.policies : basename(key) => policy.conditions[0].condition_threshold[0].threshold_value if startswith(key, "instance-count/") } == {
      for name, function in output.inventory.functions : name => floor(function.function.service_config[0].max_instance_count * 0.8) if function.function.service_config[0].max_instance_count > 5
    }
    error_message = "The most instances are watched at eighty percent."
  }

  assert {
    condition = [for key, policy in output.inventory.monitoring.policies : key if !(
      length(policy.notification_channels) >= 1 && jsonencode(policy.notification_channels) == jsonencode(output.inventory.monitoring.channels) &&
      policy.alert_strategy[0].auto_close == "1800s" &&
      startswith(policy.display_name, "Cody Gateway dev: ") &&
      policy.user_labels.app == "cody-gateway" && policy.user_labels.env == "dev" && policy.user_labels.alert == split("/", key)[0] &&
      policy.documentation[0].links[0].url == "https://github.com/sourcegraph/cody-gateway/blob/main/terraform/runbooks/${split("/", key)[0]}.md" &&
      strcontains(policy.documentation[0].content, policy.documentation[0].links[0].url)
    )] == []
    error_message = "Each alert goes to the channels, ends by itself, names its environment and links to its runbook."
  }

  # Google's SRE workbook, chapter 5: two percent of the month in an hour, five percent in six hours, each with a short
  # window that ends it.
  assert {
    condition = (
      { for name, burn in output.inventory.monitoring.burn : name => burn.rates } == { slo-burn-fast = [14.4, 14.4], slo-burn-slow = [6, 6] } &&
      alltrue([for burn in values(output.inventory.monitoring.burn) : burn.combiner == "AND"]) &&
      [for filter in output.inventory.monitoring.burn.slo-burn-fast.filters : regex("\"([0-9]+s)\"", filter)[0]] == ["3600s", "300s"] &&
      [for filter in output.inventory.monitoring.burn.slo-burn-slow.filters : regex("\"([0-9]+s)\"", filter)[0]] == ["21600s", "1800s"] &&
      output.inventory.monitoring.goal == 0.995
    )
    error_message = "The error budget's burn rates."
  }

  # Google takes no longer name.
  assert {
    condition     = length(output.inventory.monitoring.budget.name) <= 60 && strcontains(output.inventory.monitoring.budget.name, "cost-anomaly") && output.inventory.monitoring.budget.units == "100" && jsonencode(output.inventory.monitoring.budget.channels) == jsonencode(output.inventory.monitoring.budget.emails)
    error_message = "The budget is named, within 60 characters, after its runbook, and tells mail alone, as Google wants it."
  }

  assert {
    condition = output.inventory.monitoring.statuses == tolist(["400", "401", "403", "500"]) && alltrue([
      for condition in [for condition in output.inventory.monitoring.policies.response-codes.conditions : condition.condition_threshold[0]] :
      condition.threshold_value > 0 && condition.threshold_value <= 1 && condition.duration == "600s" && condition.denominator_filter != null && strcontains(condition.filter, "response_code = ")
    ])
    error_message = "Ratios of 400, 401, 403 and 500, over ten minutes."
  }

  assert {
    condition     = toset([for link in values(output.inventory.monitoring.links) : basename(link)]) == toset(fileset("${path.root}/../../runbooks", "*.md"))
    error_message = "Each alert links to a runbook that exists, and each runbook belongs to an alert."
  }

  # What the policies count, to the letter: a filter that matches nothing is an alert that never comes.
  assert {
    condition = (
      strcontains(output.inventory.monitoring.filters.redis_breaker, "(jsonPayload.message =~ \"^redis-breaker\" AND jsonPayload.state = \"lasting\")") &&
      strcontains(output.inventory.monitoring.filters.redis_full, "(jsonPayload.message =~ \"^redis-full\" AND jsonPayload.state = \"full\")") &&
      strcontains(output.inventory.monitoring.filters.home_shut, "(jsonPayload.message =~ \"^home-shut\" AND jsonPayload.state = \"shut\")") &&
      strcontains(output.inventory.monitoring.filters.home_failures, "jsonPayload.message =~ \"^an attempt at a home failed\" OR jsonPayload.message =~ \"^provider-account\"") &&
      strcontains(output.inventory.monitoring.filters.provider_errors, "httpRequest.status >= 500 AND (jsonPayload.refusal = (\"model-unavailable\" OR \"upstream-unreachable\" OR \"upstream-timeout\") OR (jsonPayload.upstream_status > 0 AND NOT jsonPayload.refusal : *))") &&
      strcontains(output.inventory.monitoring.filters.own_errors, "jsonPayload.event = \"request_completed\" AND NOT (httpRequest.status >= 500 AND (jsonPayload.refusal = (") &&
      strcontains(output.inventory.monitoring.filters.unplaced_columns, "jsonPayload.unplaced_member:*") &&
      strcontains(output.inventory.monitoring.slo.bad_service_filter, "cody_gateway/own_errors") &&
      strcontains(output.inventory.monitoring.filters.subscriptions_sync, "jsonPayload.sync.withheld > 0 OR jsonPayload.sync.unreadable > 0") &&
      strcontains(output.inventory.monitoring.filters.dead_letters, "jsonPayload.dead_letter:*") &&
      strcontains(output.inventory.monitoring.filters.unpriced_models, "jsonPayload.unpriced > 0") &&
      strcontains(output.inventory.monitoring.filters.first_byte_ms, "jsonPayload.event = \"request_completed\" AND jsonPayload.stream = true AND jsonPayload.upstream_status = 200") &&
      alltrue([for name in ["outbox_oldest_ms", "outbox_taken_over", "events_delivered", "spend_micro_usd", "own_ms"] : contains(keys(output.inventory.monitoring.filters), name)])
    )
    error_message = "The lines that alerts count."
  }

  assert {
    condition     = strcontains(output.inventory.monitoring.spend, "> 50000000") && strcontains(output.inventory.monitoring.spend, "offset 1d")
    error_message = "Provider cost is an anomaly from a sum on, against yesterday."
  }

  assert {
    condition = length(setsubtract(
      ["Concurrent upstream requests", "Own overhead p99, ms", "Upstream p50, ms", "Whole requests p99, ms", "Callers refused a second, by status", "Events delivered a second", "Events that could not be published", "Attempts at homes a second", "Failures of homes a minute, by kind", "Shut: homes, keys, models (lines a minute)", "Answers of homes p95, ms"],
    [for tile in jsondecode(output.inventory.monitoring.dashboard).mosaicLayout.tiles : tile.widget.title])) == 0 && jsondecode(output.inventory.monitoring.dashboard).labels == { app = "cody-gateway", component = "monitoring", env = "dev" }
    error_message = "The dashboard shows the concurrent upstream requests, own time and the provider's apart, refusals, events and homes, and has its labels."
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
    console_viewers   = ["group:finance@example.com"]
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

# ---- a function whose traffic is moved by hand

run "gradual" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    project_id        = "cody-gateway-test"
    region            = "us-central1"
    env               = "dev"
    hostname          = "gateway.example.com"
    image_tag         = "1_2026-11-23_0.1-000000000000"
    gradual_functions = ["limits"]
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
    condition = (
      [for name, function in output.inventory.functions : name if jsonencode(function) != jsonencode(run.before.inventory.functions[name])] == ["limits"] &&
      { for name, function in output.inventory.functions : name => function.function.service_config[0].all_traffic_on_latest_revision } == { for name in keys(output.inventory.functions) : name => name != "limits" }
    )
    error_message = "Its new revision waits for its traffic, and nobody else's does."
  }
}

# ---- what concerns one provider concerns the functions that call it

run "one_provider" {
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
    settings          = { CODY_GATEWAY_GOOGLE_BASE_URL = "https://gemini.example.com" }
  }

  assert {
    condition = [for name, function in output.inventory.functions : name if jsonencode(function) != jsonencode(run.before.inventory.functions[name])] == [
      for file in fileset("${path.root}/../../../functions", "*/function.json") : dirname(file) if contains(jsondecode(file("${path.root}/../../../functions/${file}")).secrets, "CODY_GATEWAY_GOOGLE_ACCESS_TOKEN")
    ]
    error_message = "A variable of one provider makes new revisions of functions that do not call it."
  }
}

# ---- tokens in URLs

run "key_in_url" {
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
    settings          = { CODY_GATEWAY_GOOGLE_KEY_IN_URL = "true" }
  }

  assert {
    condition     = length(run.before.inventory.unlogged) == 0
    error_message = "Requests are logged where no token stands in their URL."
  }

  assert {
    condition = length(output.inventory.unlogged) == 1 && alltrue([for text in ["run.googleapis.com/requests", "http_load_balancer", "service_name = \"generate-content\"", "backend_service_name = \"fn-generate-content\""] :
      strcontains(output.inventory.unlogged[0], text)
    ])
    error_message = "A token in a URL would stand in the logs of the function's requests, or of the load balancer's."
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
    console_viewers                 = ["group:finance@example.com"]
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
    project_id   = "cody-gateway-test"
    region       = "us-central1"
    labels       = { app = "cody-gateway", env = "dev" }
    name         = "limits"
    file         = { description = "A.", trigger = "http", cpu = 1, memoryMiB = 512, concurrency = 1, timeoutSeconds = 30 }
    url          = "https://limits.example.com"
    bucket       = "b"
    builder      = "projects/p/serviceAccounts/builder"
    tag          = "latest"
    instances    = { min = 0, max = 1 }
    environment  = {}
    secrets      = {}
    secret_files = {}
    roles        = []
    network      = { network = "n", subnetwork = "s" }
    all_users    = true
  }
  expect_failures = [var.tag]
}
