output "account" {
  description = "Email of the function's account."
  value       = google_service_account.this.email
}

output "scheduler" {
  description = "Email of the account that calls it on time; null where nobody does."
  value       = one(google_service_account.scheduler[*].email)
}

output "name" {
  description = "Name of the function and of the Cloud Run service behind it."
  value       = google_cloudfunctions2_function.this.name
}

output "inventory" {
  description = "All that stands in the plan of this function: two plans that agree in it do the same."
  value = {
    function  = google_cloudfunctions2_function.this
    account   = google_service_account.this.account_id
    invoker   = google_cloud_run_v2_service_iam_member.invoker.member
    roles     = sort([for role in google_project_iam_member.role : role.role])
    secrets   = sort([for secret in google_secret_manager_secret_iam_member.secret : secret.secret_id])
    scheduler = google_cloud_scheduler_job.this
  }
}
