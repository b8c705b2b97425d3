# The bucket of releases: <function>/<tag>.zip, one a build, <tag>.cdx.json beside it (what is in it), and
# <function>/insiders.zip, which moves. And the account under which Cloud Build makes functions of them: its own
# default is Compute's, which may do everything or, in newer organisations, nothing.

resource "google_storage_bucket" "this" {
  project                     = var.project_id
  name                        = "${var.project_id}-releases"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = merge(var.labels, { component = "releases" })

  # What insiders was before stays for a roll-back.
  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 20
      with_state         = "ARCHIVED"
    }
  }
}

resource "google_service_account" "builder" {
  project      = var.project_id
  account_id   = "function-builder"
  display_name = "Builds functions from releases"
}

# Write image and log.
resource "google_project_iam_member" "builder" {
  for_each = toset(["roles/artifactregistry.writer", "roles/logging.logWriter"])
  project  = var.project_id
  role     = each.value
  member   = google_service_account.builder.member
}

# Read releases, and Google's own copies of them; not the bucket of Terraform's state, which knows Redis's password.
resource "google_project_iam_member" "source" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member
  condition {
    title      = "sources of functions"
    expression = "resource.name.startsWith('projects/_/buckets/${google_storage_bucket.this.name}') || resource.name.startsWith('projects/_/buckets/gcf-v2-')"
  }
}
