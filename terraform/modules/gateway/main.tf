# The whole gateway of one environment. Functions come from functions/*/function.json: a folder more is a function
# more, nothing here names one.

locals {
  dir = "${path.module}/../../../functions"
  files = {
    for file in fileset(local.dir, "*/function.json") : dirname(file) => jsondecode(file("${local.dir}/${file}"))
  }
  labels = { app = "cody-gateway", env = var.env }

  # Known before anything exists, so that a function's environment can name another function without waiting for it.
  url  = { for name in keys(local.files) : name => "https://${name}-${data.google_project.this.number}.${var.region}.run.app" }
  tags = { for name in keys(local.files) : name => lookup(var.function_tags, name, var.image_tag) }
  # Instances that carry the rate, at the 60 % of their concurrency at which Cloud Run adds one: a call is ten seconds
  # long, a task one. Any public function may have all of it; a scheduled one runs once.
  seconds = { http = 10, task = 1, schedule = 0 }
  carrying = {
    for name, file in local.files : name => ceil(coalesce(var.requests_per_second, 0) * local.seconds[file.trigger] / (file.concurrency * 0.6))
  }
  # Each takes 500 tasks a second; a call is a task when instances have nothing to gather.
  events_queues = max(var.events_queues, ceil(coalesce(var.requests_per_second, 0) / 400))
  instances = {
    for name, file in local.files : name => lookup(var.instances, name, {
      min = file.trigger == "http" ? var.public_instances.min : 0
      max = max(file.trigger == "http" ? var.public_instances.max : 10, local.carrying[name])
    })
  }

  # What a function reaches, where its function.json does not say: enough for its trigger.
  usual = {
    http     = ["directory", "queues"]
    task     = ["directory"]
    schedule = ["directory", "queues"]
  }
  uses  = { for name, file in local.files : name => toset(lookup(file, "uses", local.usual[file.trigger])) }
  roles = { for name, uses in local.uses : name => toset(concat(local.telemetry_roles, contains(uses, "directory") ? ["roles/datastore.user"] : [], contains(uses, "directory-view") ? ["roles/datastore.viewer"] : [], var.vertex_ai && contains(uses, "vertex") ? ["roles/aiplatform.user"] : [])) }
  # What the exporter needs: to write both, and to say which project pays (x-goog-user-project).
  telemetry_roles = ["roles/serviceusage.serviceUsageConsumer", "roles/telemetry.metricsWriter", "roles/telemetry.tracesWriter"]

  # Whether Redis is many nodes.
  clustered = var.redis_cluster != null

  # In production the dashboards of others read the events in a project of their own.
  events_project = coalesce(var.events_project_id, var.project_id)

  accounts  = { for name, function in module.function : name => function.account }
  enqueuers = { for name, account in local.accounts : name => account if contains(local.uses[name], "queues") }
  closers   = { for name, account in local.accounts : name => account if contains(local.uses[name], "final-days") }
  readers   = { for name, account in local.accounts : name => account if contains(local.uses[name], "ledger") }
  writers   = { for name, account in local.accounts : name => account if contains(local.uses[name], "warehouse") }

  # Who takes Gemini's dialect.
  gemini = [for name, file in local.files : name if anytrue([for route in file.routes : startswith(route.path, "/v1beta/")])]

  apis = concat(var.vertex_ai ? ["aiplatform"] : [], [
    "artifactregistry", "bigquery", "billingbudgets", "certificatemanager", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "cloudtasks", "cloudtrace",
    "compute", "firebaserules", "firestore", "iam", "iamcredentials", "iap", "logging", "monitoring", "networkconnectivity", "privilegedaccessmanager", "redis", "run", "secretmanager",
    "servicenetworking", "sts", "telemetry",
  ])
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_project_service" "api" {
  for_each           = toset(local.apis)
  project            = var.project_id
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

module "releases" {
  source     = "../releases"
  project_id = var.project_id
  region     = var.region
  labels     = local.labels
}

# It was always there before it could be many nodes.
moved {
  from = module.redis
  to   = module.redis[0]
}

module "network" {
  source     = "../network"
  project_id = var.project_id
  region     = var.region
  labels     = local.labels
}

module "redis" {
  source     = "../redis"
  count      = var.redis_memory_gb > 0 ? 1 : 0
  project_id = var.project_id
  region     = var.region
  labels     = local.labels
  memory_gb  = var.redis_memory_gb
  network    = module.network.network
}

module "redis_cluster" {
  source     = "../redis-cluster"
  count      = var.redis_cluster == null ? 0 : 1
  project_id = var.project_id
  region     = var.region
  labels     = local.labels
  nodes      = var.redis_cluster.nodes
  node_type  = var.redis_cluster.node_type
  network    = module.network.network
  users      = local.accounts
}

module "secrets" {
  source             = "../secrets"
  project_id         = var.project_id
  labels             = local.labels
  variables          = toset(flatten([for file in values(local.files) : file.secrets]))
  redis_endpoint     = local.clustered ? module.redis_cluster[0].endpoint : module.redis[0].endpoint
  redis_password     = local.clustered ? null : module.redis[0].password
  with_password      = !local.clustered
  redis_certificates = local.clustered ? module.redis_cluster[0].certificates : module.redis[0].certificates
}

module "directory" {
  source     = "../directory"
  project_id = var.project_id
  region     = var.region
  location   = var.directory_location
}

module "events" {
  source             = "../events"
  project_id         = local.events_project
  gateway_project_id = var.project_id
  elsewhere          = var.events_elsewhere
  labels             = local.labels
  location           = var.events_location
  writers            = local.writers
  closers            = local.closers
  readers            = local.readers
  time_zone          = var.billing_time_zone
  billing_export     = var.billing_export
}

module "queues" {
  source     = "../queues"
  project_id = var.project_id
  region     = var.region
  targets    = { for name, file in local.files : file.queue => local.url[name] if file.trigger == "task" }
  shards     = { for name, file in local.files : file.queue => local.events_queues if file.trigger == "task" && lookup(file, "queue", "") == "events" }
  enqueuers  = local.enqueuers
}

module "function" {
  source      = "../function"
  for_each    = local.files
  project_id  = var.project_id
  region      = var.region
  labels      = local.labels
  name        = each.key
  file        = each.value
  url         = local.url[each.key]
  bucket      = module.releases.bucket
  builder     = module.releases.builder
  tag         = local.tags[each.key]
  gradual     = contains(var.gradual_functions, each.key)
  paused      = contains(var.paused_schedules, each.key)
  instances   = local.instances[each.key]
  environment = { for variable, value in local.environment : variable => value if contains(lookup(local.read, each.key, []), variable) }
  secrets     = { for variable in each.value.secrets : variable => module.secrets.ids[variable] if contains(local.mounted, variable) }
  secret_files = merge(
    { (local.environment.CODY_GATEWAY_REDIS_CA_FILE) = module.secrets.redis_ca },
    local.clustered ? {} : { (local.environment.CODY_GATEWAY_REDIS_PASSWORD_FILE) = module.secrets.redis_password },
  )
  roles         = local.roles[each.key]
  iap           = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-iap.iam.gserviceaccount.com"
  own_url       = var.own_urls
  all_users     = var.all_users_allowed
  network       = { network = module.network.network, subnetwork = module.network.subnetwork }
  queue_account = each.value.trigger == "task" ? module.queues.accounts[each.value.queue] : null
}

module "load_balancer" {
  source              = "../load-balancer"
  project_id          = var.project_id
  region              = var.region
  labels              = local.labels
  project_number      = data.google_project.this.number
  hostname            = var.hostname
  files               = local.files
  viewers             = setunion(var.operators, var.console_viewers)
  requests_per_minute = var.requests_per_minute
}

module "monitoring" {
  source              = "../monitoring"
  project_id          = var.project_id
  project_number      = data.google_project.this.number
  labels              = local.labels
  env                 = var.env
  hostname            = var.hostname
  functions           = { for name, file in local.files : name => { max = local.instances[name].max, public = file.trigger == "http" } }
  redis_id            = local.clustered ? module.redis_cluster[0].id : module.redis[0].id
  redis_cluster       = local.clustered
  spend_usd_per_hour  = var.spend_usd_per_hour
  runbooks_url        = var.runbooks_url
  slack_token         = var.slack_token
  emails              = toset([for member in var.operators : split(":", member)[1]])
  region              = var.region
  synthetic_token     = var.synthetic_token
  synthetic_model     = var.synthetic_model
  slack_token_version = var.slack_token_version
  # Null: as the module has it.
  response_code_ratios = var.response_code_ratios
  own_overhead_ms      = var.own_overhead_ms
  first_byte_ms        = var.first_byte_ms
  slo_goal             = var.slo_goal
  opsgenie_url         = var.opsgenie_url
  billing_account      = var.billing_account
  budget_usd           = var.budget_usd
}

module "access" {
  source            = "../access"
  project_id        = var.project_id
  events_project_id = local.events_project
  events_elsewhere  = var.events_elsewhere
  env               = var.env
  operators         = var.operators
  approvers         = var.approvers
  releases          = module.releases.bucket
  dataset           = local.environment.CODY_GATEWAY_BIGQUERY_DATASET
  accounts          = local.accounts
}

module "bastion" {
  source     = "../bastion"
  count      = var.deploy_network_compute_instance ? 1 : 0
  project_id = var.project_id
  labels     = local.labels
  zone       = "${var.region}-c"
  network    = module.network.network
  subnetwork = module.network.subnetwork
  operators  = var.operators
}

# Where callers may send their token in the URL, the platform's own logs of requests would keep it: those of the
# functions that take it, and the load balancer's.
resource "google_logging_project_exclusion" "key_in_url" {
  count       = contains(["1", "t", "true"], lower(lookup(local.environment, "CODY_GATEWAY_GOOGLE_KEY_IN_URL", "false"))) ? 1 : 0
  project     = var.project_id
  name        = "cody-gateway-key-in-url"
  description = "URLs with a token in them (CODY_GATEWAY_GOOGLE_KEY_IN_URL): the functions' own lines stay."
  filter = join(" OR ", flatten([for name in local.gemini : [
    "(log_id(\"run.googleapis.com/requests\") AND resource.labels.service_name = \"${name}\")",
    "(log_id(\"requests\") AND resource.type = \"http_load_balancer\" AND resource.labels.backend_service_name = \"fn-${name}\")",
  ]]))
}

module "pipeline" {
  source            = "../pipeline"
  count             = var.repository == null ? 0 : 1
  project_id        = var.project_id
  events_project_id = local.events_project
  env               = var.env
  labels            = local.labels
  repository        = var.repository
  repository_id     = var.repository_id
  releases          = module.releases.bucket
  state_bucket      = "${var.project_id}-terraform"
  accounts = merge(
    { builder = basename(module.releases.builder) },
    { for name, account in local.accounts : "fn-${name}" => account },
    { for name, function in module.function : "job-${name}" => function.scheduler if local.files[name].trigger == "schedule" },
    { for queue, account in module.queues.accounts : "queue-${queue}" => account },
  )
}
