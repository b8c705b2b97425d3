# The warehouse: the events table, one view a file of terraform/events, and the views that join the billing export.

locals {
  dir     = "${path.module}/../../events"
  files   = fileset(local.dir, "*.sql")
  sources = { for file in local.files : trimsuffix(file, ".sql") => file("${local.dir}/${file}") }
  # BigQuery takes a view only after what it reads. Level 0 reads the table, level 1 such views, level 2 the rest.
  reads   = { for name, sql in local.sources : name => [for match in regexall("\\$\\{dataset\\}\\.([a-z_]+)`", sql) : match[0]] }
  level_0 = toset([for name, views in local.reads : name if length(views) == 0])
  level_1 = toset([for name, views in local.reads : name if length(views) > 0 && length(setsubtract(views, local.level_0)) == 0])
  level_2 = setsubtract(keys(local.sources), setunion(local.level_0, local.level_1))

  names   = { project = var.project_id, dataset = google_bigquery_dataset.this.dataset_id, table = google_bigquery_table.events.table_id }
  queries = { for name in keys(local.sources) : name => templatefile("${local.dir}/${name}.sql", local.names) }
  labels  = merge(var.labels, { component = "events" })
  billing = var.billing_export == null ? toset([]) : toset([for file in fileset("${local.dir}/billing", "*.sql") : trimsuffix(file, ".sql")])
}

resource "google_bigquery_dataset" "this" {
  project       = var.project_id
  dataset_id    = "cody_gateway"
  friendly_name = "Cody Gateway"
  description   = "Usage events of the gateway and the views that sums are made of."
  location      = var.location
  labels        = local.labels
  # Others read it, and the table in it is the ledger.
  delete_contents_on_destroy = false
  deletion_policy            = "PREVENT"
}

resource "google_bigquery_table" "events" {
  project     = var.project_id
  dataset_id  = google_bigquery_dataset.this.dataset_id
  table_id    = "events"
  description = "One row a delivery: read the view events_unique."
  schema      = file("${local.dir}/schema.json")
  clustering  = ["source", "identifier", "name"]
  labels      = local.labels
  # Others ask for every model ever seen, without a date.
  require_partition_filter = false
  deletion_protection      = true

  time_partitioning {
    type  = "DAY"
    field = "created_at"
  }
}

resource "google_bigquery_table" "view_0" {
  for_each            = local.level_0
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = local.queries[each.key]
    use_legacy_sql = false
  }
}

resource "google_bigquery_table" "view_1" {
  for_each            = local.level_1
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = local.queries[each.key]
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_table.view_0]
}

resource "google_bigquery_table" "view_2" {
  for_each            = local.level_2
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = local.queries[each.key]
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_table.view_1]
}

resource "google_bigquery_table" "billing" {
  for_each            = local.billing
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = templatefile("${local.dir}/billing/${each.key}.sql", merge(local.names, { billing_export = var.billing_export, gateway_project = var.gateway_project_id }))
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_table.view_2]
}

# The table and no more of the dataset.
resource "google_bigquery_table_iam_member" "writer" {
  for_each   = var.writers
  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  table_id   = google_bigquery_table.events.table_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${each.value}"
}
