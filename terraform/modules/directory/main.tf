# Firestore: the directory of subscriptions, tokens and users, with the indexes and rules of terraform/firestore
# (firebase.json gives the same to the emulator).

locals {
  dir   = "${path.module}/../../firestore"
  spec  = jsondecode(file("${local.dir}/firestore.indexes.json"))
  field = { for field in local.spec.fieldOverrides : "${field.collectionGroup}/${field.fieldPath}" => field }
  index = { for index in local.spec.indexes : "${index.collectionGroup}/${join(",", [for field in index.fields : field.fieldPath])}" => index }
}

resource "google_firestore_database" "this" {
  project                           = var.project_id
  name                              = "(default)"
  location_id                       = coalesce(var.location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
}

# Point-in-time recovery reaches seven days back, and ends with the database.
resource "google_firestore_backup_schedule" "daily" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "1209600s"
  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "8467200s"
  weekly_recurrence {
    day = "SUNDAY"
  }
}

resource "google_firestore_field" "this" {
  for_each   = local.field
  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  # No index: nobody asks by these fields.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        order        = lookup(indexes.value, "order", null)
        array_config = lookup(indexes.value, "arrayConfig", null)
        query_scope  = lookup(indexes.value, "queryScope", null)
      }
    }
  }

  # Documents end at the time that stands in this field.
  dynamic "ttl_config" {
    for_each = lookup(each.value, "ttl", false) ? [1] : []
    content {}
  }
}

resource "google_firestore_index" "this" {
  for_each    = local.index
  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = each.value.collectionGroup
  query_scope = lookup(each.value, "queryScope", null)

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.fieldPath
      order        = lookup(fields.value, "order", null)
      array_config = lookup(fields.value, "arrayConfig", null)
    }
  }
}

resource "google_firebaserules_ruleset" "this" {
  project = var.project_id
  source {
    files {
      name    = "firestore.rules"
      content = file("${local.dir}/firestore.rules")
    }
  }
  depends_on = [google_firestore_database.this]
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_firebaserules_release" "this" {
  project      = var.project_id
  name         = "cloud.firestore"
  ruleset_name = google_firebaserules_ruleset.this.name
}
