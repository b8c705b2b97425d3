# The warehouse: the events table, the tables of final days, one view or table function a file of terraform/events, and
# the views that join the billing export.

locals {
  dir = "${path.module}/../../events"
  # What another root makes is only named here.
  made    = var.elsewhere ? 0 : 1
  files   = var.elsewhere ? [] : fileset(local.dir, "*.sql")
  sources = { for file in local.files : trimsuffix(file, ".sql") => file("${local.dir}/${file}") }
  # BigQuery takes a view only after what it reads. Level 0 reads tables and table functions, level 1 such views, level
  # 2 the rest.
  given   = setunion(keys(local.tables), [for file in fileset("${local.dir}/functions", "*.sql") : trimsuffix(file, ".sql")])
  reads   = { for name, sql in local.sources : name => setsubtract([for match in regexall("\\$\\{dataset\\}\\.([a-z_]+)`", sql) : match[0]], local.given) }
  level_0 = toset([for name, views in local.reads : name if length(views) == 0])
  level_1 = toset([for name, views in local.reads : name if length(views) > 0 && length(setsubtract(views, local.level_0)) == 0])
  level_2 = setsubtract(keys(local.sources), setunion(local.level_0, local.level_1))

  dataset = var.elsewhere ? "cody_gateway" : google_bigquery_dataset.this[0].dataset_id
  table   = var.elsewhere ? "events" : google_bigquery_table.events[0].table_id
  names = {
    project   = var.project_id
    dataset   = local.dataset
    table     = local.table
    time_zone = var.time_zone
  }
  queries = { for name in keys(local.sources) : name => templatefile("${local.dir}/${name}.sql", local.names) }
  labels  = merge(var.labels, { component = "events" })

  # Final days: rows as events_between has them, their sums, and which days they are. What close-days writes and views
  # read.
  tables = {
    final_events = { schema = "schema.json", partition = { type = "DAY", field = "created_at" }, clustering = ["source", "identifier", "name"] }
    final_usage  = { schema = "tables/final_usage.json", partition = { type = "DAY", field = "day" }, clustering = ["source", "identifier", "name"] }
    final_days   = { schema = "tables/final_days.json", partition = null, clustering = null }
  }

  # A table function says in its comment what it takes: `-- Parameters: @from TIMESTAMP, @to TIMESTAMP.` An argument
  # has a mark of its own, since a column of the same name would win over it.
  routines   = { for file in flatten([for folder in ["functions", "queries", "billing/functions"] : tolist(fileset(local.dir, "${folder}/*.sql"))]) : trimsuffix(basename(file), ".sql") => file("${local.dir}/${file}") }
  parameters = { for name, sql in local.routines : name => [for match in regexall("@([a-z_]+) ([A-Z0-9]+)", join("", regexall("-- Parameters: .*", sql))) : { name = "arg_${match[0]}", type = match[1] }] }
  bodies     = { for file in concat(tolist(fileset(local.dir, "functions/*.sql")), tolist(fileset(local.dir, "queries/*.sql"))) : trimsuffix(basename(file), ".sql") => replace(templatefile("${local.dir}/${file}", local.names), "/@([a-z_]+)/", "arg_$1") }
  bill_names = merge(local.names, { billing_export = var.billing_export, gateway_project = var.gateway_project_id })
  bill       = var.billing_export == null || var.elsewhere ? {} : { for file in fileset(local.dir, "billing/functions/*.sql") : trimsuffix(basename(file), ".sql") => replace(templatefile("${local.dir}/${file}", local.bill_names), "/@([a-z_]+)/", "arg_$1") }
  billing    = var.billing_export == null || var.elsewhere ? toset([]) : toset([for file in fileset("${local.dir}/billing", "*.sql") : trimsuffix(file, ".sql")])
}

resource "google_bigquery_dataset" "this" {
  count         = local.made
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
  count       = local.made
  project     = var.project_id
  dataset_id  = local.dataset
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

resource "google_bigquery_table" "final" {
  for_each            = { for name, table in local.tables : name => table if !var.elsewhere }
  project             = var.project_id
  dataset_id          = local.dataset
  table_id            = each.key
  description         = "Final days of events: the function close-days makes them, and makes them again where events changed."
  schema              = file("${local.dir}/${each.value.schema}")
  clustering          = each.value.clustering
  labels              = local.labels
  deletion_protection = true

  dynamic "time_partitioning" {
    for_each = each.value.partition == null ? [] : [each.value.partition]
    content {
      type  = time_partitioning.value.type
      field = time_partitioning.value.field
    }
  }
}

# What all others are made of, then what reads it, then the saved queries, which read views too.
resource "google_bigquery_routine" "events" {
  for_each        = toset(var.elsewhere ? [] : ["events_between"])
  project         = var.project_id
  dataset_id      = local.dataset
  routine_id      = each.key
  routine_type    = "TABLE_VALUED_FUNCTION"
  language        = "SQL"
  definition_body = local.bodies[each.key]

  dynamic "arguments" {
    for_each = local.parameters[each.key]
    content {
      name      = arguments.value.name
      data_type = jsonencode({ typeKind = arguments.value.type })
    }
  }

  depends_on = [google_bigquery_table.events]
}

resource "google_bigquery_routine" "usage" {
  for_each        = toset(var.elsewhere ? [] : ["usage_between"])
  project         = var.project_id
  dataset_id      = local.dataset
  routine_id      = each.key
  routine_type    = "TABLE_VALUED_FUNCTION"
  language        = "SQL"
  definition_body = local.bodies[each.key]

  dynamic "arguments" {
    for_each = local.parameters[each.key]
    content {
      name      = arguments.value.name
      data_type = jsonencode({ typeKind = arguments.value.type })
    }
  }

  depends_on = [google_bigquery_routine.events]
}

# Whoever may read the dataset runs them: SELECT * FROM cody_gateway.redash_events('all', 'all', 'all', 'all').
resource "google_bigquery_routine" "query" {
  for_each        = toset([for file in fileset("${local.dir}/queries", "*.sql") : trimsuffix(file, ".sql") if !var.elsewhere])
  project         = var.project_id
  dataset_id      = local.dataset
  routine_id      = each.key
  routine_type    = "TABLE_VALUED_FUNCTION"
  language        = "SQL"
  definition_body = local.bodies[each.key]

  dynamic "arguments" {
    for_each = local.parameters[each.key]
    content {
      name      = arguments.value.name
      data_type = jsonencode({ typeKind = arguments.value.type })
    }
  }

  depends_on = [google_bigquery_table.view_2]
}

resource "google_bigquery_table" "view_0" {
  for_each            = local.level_0
  project             = var.project_id
  dataset_id          = local.dataset
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = local.queries[each.key]
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_table.final, google_bigquery_routine.usage]
}

resource "google_bigquery_table" "view_1" {
  for_each            = local.level_1
  project             = var.project_id
  dataset_id          = local.dataset
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
  dataset_id          = local.dataset
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = local.queries[each.key]
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_table.view_1]
}

# What reads Google's bill, where it is connected.
resource "google_bigquery_routine" "bill" {
  for_each        = local.bill
  project         = var.project_id
  dataset_id      = local.dataset
  routine_id      = each.key
  routine_type    = "TABLE_VALUED_FUNCTION"
  language        = "SQL"
  definition_body = each.value

  dynamic "arguments" {
    for_each = local.parameters[each.key]
    content {
      name      = arguments.value.name
      data_type = jsonencode({ typeKind = arguments.value.type })
    }
  }

  depends_on = [google_bigquery_table.view_2]
}

resource "google_bigquery_table" "billing" {
  for_each            = local.billing
  project             = var.project_id
  dataset_id          = local.dataset
  table_id            = each.key
  labels              = local.labels
  deletion_protection = false
  view {
    query          = templatefile("${local.dir}/billing/${each.key}.sql", local.bill_names)
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_routine.bill]
}

# The table and no more of the dataset.
resource "google_bigquery_table_iam_member" "writer" {
  for_each   = var.writers
  project    = var.project_id
  dataset_id = local.dataset
  table_id   = local.table
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${each.value}"
}

# Of final days, and of pages: to read all of the dataset (also which partitions changed when) and to run queries. Who
# makes final days writes their tables and no other; who makes pages writes nothing.
resource "google_bigquery_dataset_iam_member" "closer" {
  for_each   = merge(var.closers, var.readers)
  project    = var.project_id
  dataset_id = local.dataset
  role       = "roles/bigquery.dataViewer"
  member     = "serviceAccount:${each.value}"
}

resource "google_project_iam_member" "closer" {
  for_each = merge(var.closers, var.readers)
  project  = var.project_id
  role     = "roles/bigquery.jobUser"
  member   = "serviceAccount:${each.value}"
}

resource "google_bigquery_table_iam_member" "closer" {
  for_each   = { for pair in setproduct(keys(local.tables), keys(var.closers)) : join("/", pair) => { table = pair[0], account = var.closers[pair[1]] } }
  project    = var.project_id
  dataset_id = local.dataset
  table_id   = var.elsewhere ? each.value.table : google_bigquery_table.final[each.value.table].table_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${each.value.account}"
}
