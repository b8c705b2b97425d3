# One function: its account, its code at one tag, who may call it, what it may read. Not its routes (load-balancer) and
# not its queue (queues).

locals {
  labels = merge(var.labels, { component = var.name })
  public = var.file.trigger == "http"
  # People come through Identity-Aware Proxy, which alone may call it then.
  behind = local.public && lookup(var.file, "access", "everybody") == "iap"
}

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = "fn-${var.name}"
  display_name = "Function ${var.name}"
  description  = var.file.description
}

resource "google_project_iam_member" "role" {
  for_each = var.roles
  project  = var.project_id
  role     = each.value
  member   = google_service_account.this.member
}

resource "google_secret_manager_secret_iam_member" "secret" {
  for_each  = merge(var.secrets, var.secret_files)
  project   = var.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}

# Uploaded by `npm run deploy` before this plan: a tag that does not exist stops the plan, not the function.
data "google_storage_bucket_object" "source" {
  bucket = var.bucket
  name   = "${var.name}/${var.tag}.zip"
}

resource "google_cloudfunctions2_function" "this" {
  project     = var.project_id
  location    = var.region
  name        = var.name
  description = var.file.description
  labels      = local.labels

  build_config {
    runtime         = "nodejs24"
    entry_point     = "gateway"
    service_account = var.builder
    source {
      storage_source {
        bucket     = var.bucket
        object     = data.google_storage_bucket_object.source.name
        generation = data.google_storage_bucket_object.source.generation
      }
    }
  }

  service_config {
    available_memory                 = "${var.file.memoryMiB}Mi"
    available_cpu                    = tostring(var.file.cpu)
    timeout_seconds                  = var.file.timeoutSeconds
    max_instance_request_concurrency = var.file.concurrency
    min_instance_count               = var.instances.min
    max_instance_count               = var.instances.max
    service_account_email            = google_service_account.this.email
    # Callers come through the load balancer, whose Cloud Armor nobody walks around; Cloud Tasks and Cloud Scheduler
    # count as internal.
    ingress_settings = !local.public ? "ALLOW_INTERNAL_ONLY" : local.behind ? "ALLOW_INTERNAL_AND_GCLB" : var.own_url ? "ALLOW_ALL" : "ALLOW_INTERNAL_AND_GCLB"
    # Gradual: the new revision waits without traffic for `npm run traffic`.
    all_traffic_on_latest_revision = !var.gradual
    direct_vpc_egress              = "VPC_EGRESS_PRIVATE_RANGES_ONLY"

    direct_vpc_network_interface {
      network    = var.network.network
      subnetwork = var.network.subnetwork
    }

    environment_variables = merge({
      # V8 by itself gives an instance of 512 MiB a young generation of 2 MB, which most of a call in flight outlives
      # (scripts/functions/function-files.ts).
      NODE_OPTIONS = "--max-semi-space-size=${floor(var.file.memoryMiB / 32)} --max-old-space-size=${floor(var.file.memoryMiB / 2)}"
      # One heap for the C library's callers, not one for each thread: some 8 MiB less.
      MALLOC_ARENA_MAX = "1"
      }, var.environment, {
      # Of a moving tag the object says which release it is.
      CODY_GATEWAY_VERSION = var.tag == "insiders" ? try(data.google_storage_bucket_object.source.metadata["tag"], var.tag) : var.tag
    })

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }

    # A mounted secret is fetched when it is read: a new version needs no new instance.
    dynamic "secret_volumes" {
      for_each = var.secret_files
      content {
        mount_path = dirname(secret_volumes.key)
        project_id = var.project_id
        secret     = secret_volumes.value
        versions {
          path    = basename(secret_volumes.key)
          version = "latest"
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.secret]
}

# A public function authenticates its callers itself. The others: one account each, and nobody else. Behind
# Identity-Aware Proxy that is the proxy's own, which exists once the project has been told so (terraform/README.md).
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = local.behind ? var.iap : local.public ? "allUsers" : var.file.trigger == "task" ? "serviceAccount:${var.queue_account}" : "serviceAccount:${google_service_account.scheduler[0].email}"
  lifecycle {
    precondition {
      condition     = !local.public || local.behind || var.all_users
      error_message = "Callers have no Google account, so ${var.name} must be open to allUsers, which an organisation with domain-restricted sharing refuses. Do the step of terraform/README.md, \"A project from nothing\", about it, then set all_users_allowed = true in the root."
    }
  }
}

resource "google_service_account" "scheduler" {
  count        = var.file.trigger == "schedule" ? 1 : 0
  project      = var.project_id
  account_id   = "job-${var.name}"
  display_name = "Calls ${var.name} on time"
}

resource "google_cloud_scheduler_job" "this" {
  count       = var.file.trigger == "schedule" ? 1 : 0
  project     = var.project_id
  region      = var.region
  name        = var.name
  description = var.file.description
  schedule    = var.file.schedule
  time_zone   = "Etc/UTC"
  paused      = var.paused
  # The job never gives up on a run before the function does.
  attempt_deadline = "${var.file.timeoutSeconds + 15}s"

  http_target {
    http_method = "POST"
    uri         = "${var.url}/"
    oidc_token {
      service_account_email = google_service_account.scheduler[0].email
      audience              = var.url
    }
  }

  # The next minute is the retry.
  retry_config {
    retry_count = 0
  }

  depends_on = [google_cloud_run_v2_service_iam_member.invoker]
}
