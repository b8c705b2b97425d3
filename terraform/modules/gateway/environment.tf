# The environment of every function. scripts/check/environment.ts holds its names to shared/src/config/variables.ts, in
# both directions.

locals {
  # Written by `npm run format` from variables.ts: name -> kind and whether it must be set.
  known = jsondecode(file("${path.module}/../../environment.json"))
  # Written with it: the variables that a function reads. What concerns one provider makes new revisions of the
  # functions that call it, and of no other.
  read = jsondecode(file("${path.module}/../../variables-by-function.json"))

  environment = merge(
    {
      GOOGLE_CLOUD_PROJECT        = var.project_id
      CODY_GATEWAY_REGION         = var.region
      CODY_GATEWAY_TASKS_LOCATION = var.region
      CODY_GATEWAY_ENVIRONMENT    = var.env
      # Windows of budgets begin with the days of the warehouse.
      CODY_GATEWAY_BILLING_TIME_ZONE = var.billing_time_zone
      # The load balancer's own entry in X-Forwarded-For, which only requests that came through it have.
      CODY_GATEWAY_TRUSTED_PROXIES         = "1"
      CODY_GATEWAY_LOAD_BALANCER_ADDRESSES = module.load_balancer.address
      # Only the function behind Identity-Aware Proxy reads it.
      CODY_GATEWAY_CONSOLE_IAP_AUDIENCE = module.load_balancer.iap_audience
      CODY_GATEWAY_CONSOLE_URL          = "https://${var.hostname}/console"
      CODY_GATEWAY_OTEL_ENDPOINT        = "https://telemetry.googleapis.com"
      CODY_GATEWAY_BIGQUERY_PROJECT_ID  = local.events_project
      CODY_GATEWAY_BIGQUERY_DATASET     = "cody_gateway"
      CODY_GATEWAY_BIGQUERY_TABLE       = "events"
      # Read anew for each connection, so that a new password needs no release. The function module mounts them.
      CODY_GATEWAY_REDIS_CA_FILE = "/etc/ssl/redis/ca.pem"
      # For events while the queue is away, of the 80 % that Redis may fill: shared/src/limiter/share.ts says why a
      # quarter.
      CODY_GATEWAY_OUTBOX_BYTES = tostring(floor((local.clustered ? module.redis_cluster[0].bytes : var.redis_memory_gb * 0.8 * 1024 * 1024 * 1024) / 4))
    },
    # Who connects to a cluster shows its account's token, which the gateway asks for anew before it ends.
    local.clustered ? {
      CODY_GATEWAY_REDIS_CLUSTER = "true"
      CODY_GATEWAY_REDIS_IAM     = "true"
      } : {
      CODY_GATEWAY_REDIS_PASSWORD_FILE = "/etc/redis/password"
    },
    # A task function's queue and address: CODY_GATEWAY_EVENTS_QUEUE, CODY_GATEWAY_DELIVER_EVENTS_URL.
    { for name, file in local.files : "CODY_GATEWAY_${upper(replace(file.queue, "-", "_"))}_QUEUE" => file.queue if file.trigger == "task" },
    { for name, file in local.files : "CODY_GATEWAY_${upper(replace(name, "-", "_"))}_URL" => local.url[name] if file.trigger == "task" },
    local.events_queues > 1 ? { CODY_GATEWAY_EVENTS_QUEUE_COUNT = tostring(local.events_queues) } : {},
    var.settings,
  )

  secrets = toset([for name, variable in local.known : name if variable.kind == "secret"])
  # A secret without a value would keep its functions from starting: an optional one is mounted once the environment
  # says that it has been filled.
  mounted = toset([for name in local.secrets : name if local.known[name].required || contains(var.filled_secrets, name)])
}

# What no variable's own validation can see.
resource "terraform_data" "environment" {
  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(local.environment), keys(local.known))) == 0
      error_message = "The gateway does not read ${join(", ", setsubtract(keys(local.environment), keys(local.known)))}."
    }
    precondition {
      condition     = length(setintersection(keys(local.environment), local.secrets)) == 0
      error_message = "Secrets are no settings: ${join(", ", setintersection(keys(local.environment), local.secrets))}."
    }
    precondition {
      condition     = toset(keys(local.read)) == toset(keys(local.files))
      error_message = "terraform/variables-by-function.json is not of these functions: npm run format writes it."
    }
    precondition {
      condition     = length(setsubtract(var.filled_secrets, local.secrets)) == 0
      error_message = "No such secret: ${join(", ", setsubtract(var.filled_secrets, local.secrets))}."
    }
    precondition {
      condition     = length([for name, variable in local.known : name if variable.required && variable.kind != "secret" && !contains(keys(local.environment), name)]) == 0
      error_message = "A variable that must be set is not."
    }
    precondition {
      condition     = length(setsubtract(keys(var.function_tags), keys(local.files))) == 0
      error_message = "No such function: ${join(", ", setsubtract(keys(var.function_tags), keys(local.files)))}."
    }
    precondition {
      condition     = length(setsubtract(setunion(keys(var.instances), var.gradual_functions), keys(local.files))) == 0
      error_message = "No such function: ${join(", ", setsubtract(setunion(keys(var.instances), var.gradual_functions), keys(local.files)))}."
    }
  }
}
