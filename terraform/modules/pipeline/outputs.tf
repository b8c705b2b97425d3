output "github" {
  description = "What the workflows are given as variables of the repository: provider and accounts. No secrets."
  value = {
    provider = google_iam_workload_identity_pool_provider.this.name
    planner  = google_service_account.this["planner"].email
    uploader = google_service_account.this["uploader"].email
    deployer = google_service_account.this["deployer"].email
  }
}

output "inventory" {
  description = "Who is let in as what, for tests."
  value = {
    condition = google_iam_workload_identity_pool_provider.this.attribute_condition
    mapping   = google_iam_workload_identity_pool_provider.this.attribute_mapping
    doors     = { for name, door in google_service_account_iam_member.door : name => regex("/([^/]+)$", door.member)[0] }
    roles     = { for account in keys(local.accounts) : account => sort(distinct([for grant in values(local.project_roles) : grant.role if grant.account == account])) }
    objects   = { for name, grant in google_project_iam_member.objects : name => "${grant.role} ${grant.condition[0].expression}" }
    acts_as   = sort(keys(google_service_account_iam_member.acting))
  }
}
