# The production root with a mocked Google: what it asks for, against the spec and the function.json files. Proves nothing about Google's own checks.

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

run "all" {
  assert {
    condition     = toset(keys(module.gateway.inventory.functions)) == toset([for file in fileset("${path.root}/../../../functions", "*/function.json") : dirname(file)])
    error_message = "Each folder with a function.json is a function, and nothing else is."
  }
}
