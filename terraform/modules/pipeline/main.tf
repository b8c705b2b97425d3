# What .github/workflows may do here. GitHub says who a job is (repository, branch, environment), Google exchanges that
# for an hour of one of three accounts: no key is kept anywhere. What grants a right, and every store, is changed by a
# person with Terraform, never from here.

locals {
  events = { for project in toset([var.project_id, var.events_project_id]) : project => project }

  # Who a job may be, by its GitHub environment. "none" is a job that has no environment.
  accounts = {
    planner  = { door = "none", display = "Plans: reads what is there, changes nothing" }
    uploader = { door = "releases", display = "Uploads releases, runs none of them" }
    deployer = { door = var.env, display = "Rolls functions out" }
  }

  # Everything of the state that a plan compares with. None of these reads a document, a row of events, a log line or a
  # secret's value.
  reads = [
    "roles/browser", "roles/certificatemanager.viewer", "roles/cloudfunctions.viewer", "roles/cloudscheduler.viewer", "roles/cloudtasks.viewer", "roles/compute.viewer",
    "roles/firebaserules.viewer", "roles/iam.roleViewer", "roles/iam.serviceAccountViewer", "roles/iam.workloadIdentityPoolViewer", "roles/monitoring.viewer", "roles/redis.viewer",
    "roles/run.viewer", "roles/secretmanager.viewer", "roles/serviceusage.serviceUsageConsumer", "roles/serviceusage.serviceUsageViewer", "roles/storage.bucketViewer",
  ]
  # Where the events are too: who may do what there, and the shape of its tables.
  reads_of_events = ["roles/bigquery.metadataViewer", "roles/iam.securityReviewer", "roles/privilegedaccessmanager.viewer"]
  # A roll-out: functions, what calls them, and what watches them. No account, grant, secret, store or way in.
  writes = ["roles/cloudfunctions.developer", "roles/cloudscheduler.admin", "roles/cloudtasks.queueAdmin", "roles/monitoring.editor", "roles/run.developer"]

  project_roles = merge(
    { for pair in setproduct(["planner", "deployer"], local.reads) : "${pair[0]} ${pair[1]}" => { account = pair[0], role = pair[1], project = var.project_id } },
    { for all in setproduct(["planner", "deployer"], local.reads_of_events, keys(local.events)) : "${all[0]} ${all[1]} ${all[2]}" => { account = all[0], role = all[1], project = all[2] } },
    { for role in local.writes : "deployer ${role}" => { account = "deployer", role = role, project = var.project_id } },
  )

  # A release never changes once it is there. In dev `insiders` moves.
  upload_roles = var.env == "prod" ? ["roles/storage.objectCreator", "roles/storage.objectViewer"] : ["roles/storage.objectUser"]
  objects = merge(
    { for role in local.upload_roles : "uploader ${role}" => { account = "uploader", role = role, bucket = var.releases } },
    {
      "planner releases"  = { account = "planner", role = "roles/storage.objectViewer", bucket = var.releases }
      "planner state"     = { account = "planner", role = "roles/storage.objectViewer", bucket = var.state_bucket }
      "deployer releases" = { account = "deployer", role = "roles/storage.objectViewer", bucket = var.releases }
      "deployer state"    = { account = "deployer", role = "roles/storage.objectUser", bucket = var.state_bucket }
    },
  )
}

resource "google_iam_workload_identity_pool" "this" {
  project                   = var.project_id
  workload_identity_pool_id = "github"
  display_name              = "GitHub Actions"
}

resource "google_iam_workload_identity_pool_provider" "this" {
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"

  # One repository and its main branch. Events on main that others set off (a pull request's target, a comment, a
  # finished workflow) are none of these.
  attribute_condition = join(" && ", concat(
    ["assertion.repository == '${var.repository}'"],
    var.repository_id == null ? [] : ["assertion.repository_id == '${var.repository_id}'"],
    ["assertion.ref == 'refs/heads/main'", "assertion.event_name in ['push', 'schedule', 'workflow_dispatch']"],
  ))
  # The environment is GitHub's own claim, which a job gets when the environment's rules (branch, approval) let it in.
  attribute_mapping = {
    "google.subject"        = "assertion.sub"
    "attribute.environment" = "has(assertion.environment) ? assertion.environment : 'none'"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "this" {
  for_each     = local.accounts
  project      = var.project_id
  account_id   = "pipeline-${each.key}"
  display_name = each.value.display
}

resource "google_service_account_iam_member" "door" {
  for_each           = local.accounts
  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/attribute.environment/${each.value.door}"
}

resource "google_project_iam_member" "role" {
  for_each = local.project_roles
  project  = each.value.project
  role     = each.value.role
  member   = google_service_account.this[each.value.account].member
}

resource "google_project_iam_member" "objects" {
  for_each = local.objects
  project  = var.project_id
  role     = each.value.role
  member   = google_service_account.this[each.value.account].member
  condition {
    title      = "one bucket"
    expression = "resource.name == 'projects/_/buckets/${each.value.bucket}' || resource.name.startsWith('projects/_/buckets/${each.value.bucket}/')"
  }
}

# What a plan reads and no role has without much more: the shape of Firestore without its documents, log metrics without
# logs, and Redis's password, which the provider reads back and the state has.
resource "google_project_iam_custom_role" "planner" {
  project = var.project_id
  role_id = "codyGatewayPlanner"
  title   = "Read what a plan compares with"
  permissions = [
    "datastore.backupSchedules.get", "datastore.backupSchedules.list", "datastore.databases.getMetadata", "datastore.databases.list", "datastore.indexes.get", "datastore.indexes.list",
    "logging.logMetrics.get", "logging.logMetrics.list", "redis.instances.getAuthString", "servicenetworking.services.get",
  ]
}

resource "google_project_iam_member" "planner" {
  for_each = toset(["planner", "deployer"])
  project  = var.project_id
  role     = google_project_iam_custom_role.planner.name
  member   = google_service_account.this[each.key].member
}

resource "google_project_iam_custom_role" "deployer" {
  project     = var.project_id
  role_id     = "codyGatewayDeployer"
  title       = "Change log metrics"
  permissions = ["logging.logMetrics.create", "logging.logMetrics.update"]
}

resource "google_project_iam_member" "deployer" {
  project = var.project_id
  role    = google_project_iam_custom_role.deployer.name
  member  = google_service_account.this["deployer"].member
}

# A revision runs, is built and is called as an account of ours: whoever makes it must be allowed to say so.
resource "google_service_account_iam_member" "acting" {
  for_each           = var.accounts
  service_account_id = "projects/${var.project_id}/serviceAccounts/${each.value}"
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.this["deployer"].member
}

# The root's sensitive variables (slack_token, synthetic_token, opsgenie_url) as JSON, filled by hand: what TF_VAR_… is
# to a person. The state has two of them anyway.
resource "google_secret_manager_secret" "variables" {
  project             = var.project_id
  secret_id           = "cody-gateway-pipeline-variables"
  labels              = merge(var.labels, { component = "pipeline" })
  deletion_protection = true
  version_destroy_ttl = "604800s"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "variables" {
  for_each  = toset(["planner", "deployer"])
  project   = var.project_id
  secret_id = google_secret_manager_secret.variables.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this[each.key].member
}
