# The bucket of releases: <function>/<tag>.zip, one a build, and <function>/insiders.zip, which moves.

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
