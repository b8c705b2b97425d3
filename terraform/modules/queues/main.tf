# Queues between the functions. Each has an account of its own, whose token it adds to every task: who may enqueue need
# not be able to call.

locals {
  # `events`, then `events-1`, `events-2`: a queue takes 500 tasks a second.
  shards = merge([
    for queue, target in var.targets : {
      for shard in range(lookup(var.shards, queue, 1)) : (shard == 0 ? queue : "${queue}-${shard}") => { queue = queue, target = target }
    }
  ]...)
  enqueuers = {
    for pair in setproduct(keys(local.shards), keys(var.enqueuers)) : "${pair[0]}/${pair[1]}" => { queue = pair[0], account = var.enqueuers[pair[1]] }
  }
}

resource "google_service_account" "queue" {
  for_each     = var.targets
  project      = var.project_id
  account_id   = "queue-${each.key}"
  display_name = "Delivers the queue ${each.key}"
}

resource "google_cloud_tasks_queue" "this" {
  for_each = local.shards
  project  = var.project_id
  location = var.region
  name     = each.key

  http_target {
    http_method = "POST"
    oidc_token {
      service_account_email = google_service_account.queue[each.value.queue].email
      audience              = each.value.target
    }
  }

  rate_limits {
    max_dispatches_per_second = 500
    max_concurrent_dispatches = 1000
  }

  # Until the queue's own retention ends: there is no dead-letter queue, so giving up would be losing.
  retry_config {
    max_attempts       = -1
    max_retry_duration = "0s"
    min_backoff        = "1s"
    max_backoff        = "300s"
    max_doublings      = 9
  }

  stackdriver_logging_config {
    sampling_ratio = 0.01
  }

  # With a queue go the events in it, and its name is not to be had for days: terraform/README.md, "Taking something
  # away".
  deletion_policy = "PREVENT"
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.enqueuers
  project  = var.project_id
  location = var.region
  name     = google_cloud_tasks_queue.this[each.value.queue].name
  role     = "roles/cloudtasks.enqueuer"
  member   = "serviceAccount:${each.value.account}"
}
