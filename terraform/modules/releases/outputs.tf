output "bucket" {
  description = "Name of the bucket."
  value       = google_storage_bucket.this.name
}

output "builder" {
  description = "Full name of the account that builds functions, once it may."
  value       = google_service_account.builder.name
  depends_on  = [google_project_iam_member.builder, google_project_iam_member.source]
}

output "inventory" {
  description = "What the building account may, for tests."
  value       = { roles = sort([for role in google_project_iam_member.builder : role.role]), reads = google_project_iam_member.source.condition[0].expression }
}
