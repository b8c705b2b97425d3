# The development root as it stands: what runs is what insiders is, and what its object says it is.

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

run "development" {
  assert {
    condition     = alltrue([for name, function in output.functions : function.tag == "insiders"])
    error_message = "Development runs insiders."
  }

  assert {
    condition     = alltrue([for name, function in module.gateway.inventory.functions : function.function.service_config[0].environment_variables.CODY_GATEWAY_VERSION == "7_2026-11-24_0.1-0123456789ab"])
    error_message = "A function under a moving tag tells the release that it is."
  }

  assert {
    condition     = module.gateway.inventory.environment.CODY_GATEWAY_DOTCOM_INTERNAL_MODE == "true"
    error_message = "Dev is for licences with the tag dev or internal."
  }

  assert {
    condition     = alltrue([for link in values(output.links) : can(regex("^https://", link))]) && length(module.gateway.inventory.bastion) == 0
    error_message = "Pages are linked, and the tunnel's machine does not stand unasked."
  }

  assert {
    condition     = alltrue([for name, function in module.gateway.inventory.functions : function.function.labels.env == "dev"])
    error_message = "Labels tell the environments apart."
  }

  assert {
    condition     = strcontains(module.gateway.inventory.monitoring.dashboard, "Cody Gateway dev") && output.events == "cody-gateway-dev" && module.gateway.inventory.events.project == "cody-gateway-dev"
    error_message = "Dev has its own dashboard and its own events."
  }
}

# A variable that the gateway does not read, a secret as text, a function that is none: all are refused before anything
# is planned.

run "strangers" {
  command = plan
  module {
    source = "../../modules/gateway"
  }
  variables {
    project_id       = "cody-gateway-test"
    region           = "us-central1"
    env              = "dev"
    hostname         = "gateway.example.com"
    image_tag        = "insiders"
    public_instances = { min = 0, max = 5 }
    billing_account  = "000000-000000-000000"
    budget_usd       = 100
    operators        = ["group:operators@example.com"]
    terraform_url    = "https://example.com/terraform"
    sentry_url       = "https://example.com/sentry"
    settings         = { CODY_GATEWAY_NOT_READ = "1", CODY_GATEWAY_OPENAI_ACCESS_TOKEN = "text" }
    function_tags    = { nothing = "insiders" }
  }
  expect_failures = [terraform_data.environment]
}
