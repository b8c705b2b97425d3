# The variables of scale, each on the module: many nodes of Redis, and the way to them. Beside gateway.tftest.hcl, with
# its mocks.

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
  mock_resource "google_redis_cluster" {
    defaults = {
      id                  = "projects/cody-gateway-test/locations/us-central1/clusters/cody-gateway"
      discovery_endpoints = [{ address = "10.9.0.2", port = 6379, psc_config = [] }]
      managed_server_ca   = [{ ca_certs = [{ certificates = ["PEM 1", "PEM 2"] }] }]
    }
  }
}

mock_provider "time" {}

variables {
  slack_token       = "xoxb-0123456789-mock"
  all_users_allowed = true
  project_id        = "cody-gateway-test"
  region            = "us-central1"
  env               = "dev"
  hostname          = "gateway.example.com"
  image_tag         = "1_2026-11-23_0.1-000000000000"
  public_instances  = { min = 0, max = 20 }
  billing_account   = "000000-000000-000000"
  budget_usd        = 100
  operators         = ["group:operators@example.com"]
  terraform_url     = "https://example.com/terraform"
  sentry_url        = "https://example.com/sentry"
}

run "cluster" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    redis_memory_gb = 0
    redis_cluster   = { nodes = 5 }
  }

  assert {
    condition     = output.inventory.redis == null && output.inventory.cluster.nodes == 5 && output.inventory.cluster.replicas == 1 && output.inventory.cluster.auth == "AUTH_MODE_IAM_AUTH" && output.inventory.cluster.configs["maxmemory-policy"] == "noeviction"
    error_message = "Redis is many nodes, each with a replica, which evict nothing and take no password."
  }

  assert {
    condition     = output.inventory.environment.CODY_GATEWAY_REDIS_CLUSTER == "true" && output.inventory.environment.CODY_GATEWAY_REDIS_IAM == "true" && !contains(keys(output.inventory.environment), "CODY_GATEWAY_REDIS_PASSWORD_FILE") && output.inventory.environment.CODY_GATEWAY_OUTBOX_BYTES == tostring(floor(5 * 10649 * 1024 * 1024 / 4))
    error_message = "Functions know that it is a cluster, show tokens, and set aside a quarter of all nodes for events."
  }

  assert {
    condition = alltrue([for name, function in output.inventory.functions :
      [for volume in function.function.service_config[0].secret_volumes : volume.secret] == ["redis-ca"] && !contains(function.secrets, "redis-password")
    ]) && output.inventory.cluster.users == sort(keys(output.inventory.functions))
    error_message = "Each function's account may connect, and none reads a password."
  }

  assert {
    condition     = toset([for name in keys(output.inventory.monitoring.thresholds) : name if startswith(name, "redis-")]) == toset(["redis-breaker", "redis-cpu", "redis-full", "redis-headroom"]) && strcontains(output.inventory.monitoring.dashboard, "redis.googleapis.com/cluster/memory/maximum_utilization")
    error_message = "What is watched is the cluster's fullest and busiest node."
  }

  assert {
    condition     = strcontains(output.tunnel.tunnel, "-L 6378:10.9.0.2:6379")
    error_message = "The tunnel leads to the address by which the nodes are found."
  }
}

# Both stand while functions move over.
run "moving_to_a_cluster" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    redis_memory_gb = 5
    redis_cluster   = { nodes = 3, node_type = "REDIS_STANDARD_SMALL" }
  }

  assert {
    condition     = output.inventory.redis.memory_gb == 5 && output.inventory.cluster.nodes == 3 && output.inventory.environment.CODY_GATEWAY_REDIS_CLUSTER == "true"
    error_message = "The single node stays while functions move."
  }
}

# ---- a region that stands by, beside the first one: the same hostname and events, another project. What a root of it
# makes, resource by resource, `npm run check:plan` holds against the first one's.

run "standby" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    project_id                      = "cody-gateway-test-east"
    region                          = "us-east1"
    env                             = "prod"
    events_project_id               = "cody-gateway-test"
    events_elsewhere                = true
    paused_schedules                = ["close-days"]
    billing_export                  = "billing.export.gcp_billing_export_resource_v1"
    deploy_network_compute_instance = true
  }

  assert {
    condition     = !strcontains(jsonencode([output.inventory, output.links, output.dashboards, output.tunnel, output.functions]), "us-central1")
    error_message = "Something of the second region is in the first."
  }

  assert {
    condition = (
      alltrue([for function in values(output.inventory.functions) : function.function.location == "us-east1" && function.function.project == "cody-gateway-test-east"]) &&
      output.inventory.environment.CODY_GATEWAY_TASKS_LOCATION == "us-east1" && output.inventory.bastion[0].zone == "us-east1-c" && output.inventory.directory.location == "us-east1" &&
      toset(keys(output.inventory.functions)) == toset([for file in fileset("${path.root}/../../../functions", "*/function.json") : dirname(file)])
    )
    error_message = "All that has a region is in the second one, and nothing is missing there."
  }

  assert {
    condition = (
      length(output.inventory.events.views) == 0 && length(output.inventory.events.routines) == 0 && length(output.inventory.events.final) == 0 && output.inventory.events.schema == null &&
      output.inventory.events.project == "cody-gateway-test" && output.inventory.environment.CODY_GATEWAY_BIGQUERY_PROJECT_ID == "cody-gateway-test" &&
      output.inventory.events.writers == tolist(["deliver-events"]) && length(output.inventory.events.closers) == 3
    )
    error_message = "The ledger is the first root's; functions of the second are let into it, and make nothing there."
  }

  assert {
    condition     = { for name, entitlement in output.inventory.access : name => entitlement.project } == { "cody-gateway-prod-look" = "projects/cody-gateway-test-east", "cody-gateway-prod-operate" = "projects/cody-gateway-test-east" }
    error_message = "Who may ask for the events is said once, by the first root."
  }

  assert {
    condition     = [for name, function in output.inventory.functions : name if try(function.scheduler[0].paused, false)] == ["close-days"]
    error_message = "Days are closed and letters written once for all regions."
  }
}

run "events_elsewhere_but_where" {
  command = plan
  module {
    source = "../../modules/gateway"
  }
  variables {
    events_elsewhere = true
  }
  expect_failures = [var.events_elsewhere]
}

run "vertex_ai" {
  command = plan
  module {
    source = "../../modules/gateway"
  }
  variables {
    vertex_ai = true
  }

  assert {
    condition = toset([for name, function in output.inventory.functions : name if contains(function.roles, "roles/aiplatform.user")]) == toset([
    "chat-completions", "code-completions", "embeddings", "generate-content", "responses"])
    error_message = "Functions that call homes on Vertex AI may, and no others."
  }
}

run "no_vertex_ai" {
  command = plan
  module {
    source = "../../modules/gateway"
  }

  assert {
    condition     = !anytrue([for name, function in output.inventory.functions : contains(function.roles, "roles/aiplatform.user")])
    error_message = "Nobody may call Vertex AI unless the root says so."
  }
}

run "rate" {
  module {
    source = "../../modules/gateway"
  }
  variables {
    requests_per_second = 1000
    directory_location  = "nam5"
    instances           = { attribution = { min = 0, max = 3 } }
  }

  # 1,000 calls a second of ten seconds; of an instance's concurrency 60 % count.
  assert {
    condition     = output.inventory.functions["chat-completions"].function.service_config[0].max_instance_count == ceil(1000 * 10 / (jsondecode(file("${path.root}/../../../functions/chat-completions/function.json")).concurrency * 0.6)) && output.inventory.functions["deliver-events"].function.service_config[0].max_instance_count >= ceil(1000 / (jsondecode(file("${path.root}/../../../functions/deliver-events/function.json")).concurrency * 0.6))
    error_message = "Most instances follow from the rate, at 60 % of their concurrency."
  }

  assert {
    condition     = output.inventory.directory.location == "nam5"
    error_message = "The directory is where it is asked to be."
  }

  assert {
    condition     = output.inventory.functions["attribution"].function.service_config[0].max_instance_count == 3 && output.inventory.functions["sweep-leases"].function.service_config[0].max_instance_count == 10
    error_message = "What is said of one function holds, and what runs once needs no more."
  }

  assert {
    condition     = output.inventory.environment.CODY_GATEWAY_EVENTS_QUEUE_COUNT == "3" && length([for name in keys(output.inventory.queues.queues) : name if startswith(name, "events")]) == 3
    error_message = "Queues follow from the rate, and functions know of them."
  }
}

run "no_rate_beyond_the_queues" {
  command = plan
  module {
    source = "../../modules/gateway"
  }
  variables {
    requests_per_second = 50000
  }
  expect_failures = [var.requests_per_second]
}

run "no_redis" {
  command = plan
  module {
    source = "../../modules/gateway"
  }
  variables {
    redis_memory_gb = 0
  }
  expect_failures = [var.redis_memory_gb]
}
