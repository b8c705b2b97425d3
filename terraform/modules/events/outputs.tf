output "dataset" {
  description = "Id of the dataset."
  value       = local.dataset
}

output "table" {
  description = "Id of the events table."
  value       = local.table
}

output "inventory" {
  description = "Tables, views, table functions, writers and closers, for tests."
  value = {
    project   = var.project_id
    partition = one(google_bigquery_table.events[*].time_partitioning)
    cluster   = one(google_bigquery_table.events[*].clustering)
    schema    = one(google_bigquery_table.events[*].schema)
    labels    = one(google_bigquery_table.events[*].labels)
    views = merge([
      for level in [google_bigquery_table.view_0, google_bigquery_table.view_1, google_bigquery_table.view_2, google_bigquery_table.billing] :
      { for name, view in level : name => view.view[0].query }
    ]...)
    routines = merge([
      for level in [google_bigquery_routine.events, google_bigquery_routine.usage, google_bigquery_routine.query, google_bigquery_routine.bill] :
      { for name, routine in level : name => { body = routine.definition_body, arguments = [for argument in routine.arguments : "${argument.name} ${jsondecode(argument.data_type).typeKind}"] } }
    ]...)
    final   = { for name, table in google_bigquery_table.final : name => { partition = table.time_partitioning, schema = table.schema, protected = table.deletion_protection } }
    closers = sort([for key, member in google_bigquery_table_iam_member.closer : key])
    writers = sort(keys(google_bigquery_table_iam_member.writer))
  }
}
