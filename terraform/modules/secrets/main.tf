# Containers for the secrets that function.json files name. Operators fill them with gcloud, so that no value passes
# through the state; Redis's endpoint, password and certificates alone come from Terraform, write-only.

locals {
  id = { for variable in var.variables : variable => lower(replace(variable, "_", "-")) }
}

resource "google_secret_manager_secret" "this" {
  for_each  = merge(local.id, { redis_ca = "redis-ca", redis_password = "redis-password" })
  project   = var.project_id
  secret_id = each.value
  labels    = merge(var.labels, { component = "secrets" })
  # A variable that no function names any more must not take the value along: terraform/README.md, "Taking something
  # away".
  deletion_protection = true
  # A version that is destroyed can be brought back for a week.
  version_destroy_ttl = "604800s"
  replication {
    auto {}
  }
}

# The version number is made of the value: a new password or certificate writes a new version, and nothing else does.
resource "google_secret_manager_secret_version" "redis_endpoint" {
  secret                 = google_secret_manager_secret.this["REDIS_ENDPOINT"].id
  secret_data_wo         = var.redis_endpoint
  secret_data_wo_version = parseint(substr(sha256(var.redis_endpoint), 0, 8), 16)
  # Instances that start meanwhile find the old one or the new one.
  deletion_policy = "DISABLE"
  lifecycle {
    create_before_destroy = true
  }
}

moved {
  from = google_secret_manager_secret_version.redis_password
  to   = google_secret_manager_secret_version.redis_password[0]
}

# A cluster has none: who connects shows a token of its own.
resource "google_secret_manager_secret_version" "redis_password" {
  count                  = var.with_password ? 1 : 0
  secret                 = google_secret_manager_secret.this["redis_password"].id
  secret_data_wo         = var.redis_password
  secret_data_wo_version = parseint(substr(sha256(nonsensitive(var.redis_password)), 0, 8), 16)
  deletion_policy        = "DISABLE"
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_version" "redis_ca" {
  secret                 = google_secret_manager_secret.this["redis_ca"].id
  secret_data_wo         = var.redis_certificates
  secret_data_wo_version = parseint(substr(sha256(var.redis_certificates), 0, 8), 16)
  deletion_policy        = "DISABLE"
  lifecycle {
    create_before_destroy = true
  }
}
