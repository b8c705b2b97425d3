# Access for people: asked for, with a reason, for three hours at most. Nobody has more for good. Looking needs nobody
# else to be awake; writing, and the events of customers, do where there are approvers.

locals {
  # `npm run status` asks releases what they are. Other buckets stay closed: Terraform's state knows Redis's password.
  acting = {
    for pair in setproduct(keys(var.accounts), var.operators) : "${pair[0]} ${pair[1]}" => { account = var.accounts[pair[0]], operator = pair[1] }
  }
  conditions = {
    "roles/bigquery.dataEditor"  = "resource.name.startsWith('projects/${var.events_project_id}/datasets/${var.dataset}')"
    "roles/storage.objectViewer" = "resource.name.startsWith('projects/_/buckets/${var.releases}')"
  }
  # Logs, traces, errors, metrics, and what runs: `npm run status` needs no more.
  looking = [
    "roles/logging.viewer", "roles/monitoring.viewer", "roles/cloudtrace.user", "roles/errorreporting.viewer", "roles/cloudfunctions.viewer", "roles/run.viewer",
    "roles/cloudtasks.viewer", "roles/cloudscheduler.viewer", "roles/redis.viewer", "roles/storage.objectViewer", "roles/compute.viewer",
  ]
  entitlements = { for name, entitlement in local.all : name => entitlement if !var.events_elsewhere || entitlement.project == var.project_id }
  all = {
    operate = {
      project = var.project_id
      roles = [
        # What the runbooks' commands do: traffic is moved, queues and jobs are resumed, dead letters replayed.
        "roles/cloudfunctions.developer", "roles/run.developer", "roles/logging.viewer", "roles/monitoring.editor", "roles/cloudtrace.user", "roles/errorreporting.user",
        "roles/cloudtasks.admin", "roles/cloudscheduler.admin", "roles/datastore.user", "roles/storage.objectViewer",
        # The tunnel: the machine is found and entered, and Redis's password is read.
        "roles/compute.viewer", "roles/compute.osLogin", "roles/redis.viewer", google_project_iam_custom_role.redis_password.name,
      ]
    }
    look = {
      project = var.project_id
      roles   = concat(local.looking, ["roles/datastore.viewer"])
    }
    events = {
      project = var.events_project_id
      roles   = ["roles/bigquery.dataViewer", "roles/bigquery.jobUser"]
    }
    # Rows of the ledger are changed by `prices reprice` and `events place`, whose audit record `operate` writes. What
    # else is in that project stays closed.
    ledger = {
      project = var.events_project_id
      roles   = ["roles/bigquery.dataEditor", "roles/bigquery.jobUser"]
    }
  }
}

# Of Google's own roles only those that may also delete the instance read its password.
resource "google_project_iam_custom_role" "redis_password" {
  project     = var.project_id
  role_id     = "codyGatewayRedisPassword"
  title       = "Read the password of Redis"
  permissions = ["redis.instances.getAuthString"]
}

# Moving traffic makes Cloud Run ask whether the mover may act as the function's account. On its own it is no access:
# whoever has it still needs run.developer, which `operate` gives for three hours.
resource "google_service_account_iam_member" "operate" {
  for_each           = local.acting
  service_account_id = "projects/${var.project_id}/serviceAccounts/${each.value.account}"
  role               = "roles/iam.serviceAccountUser"
  member             = each.value.operator
}

resource "google_privileged_access_manager_entitlement" "this" {
  for_each             = local.entitlements
  location             = "global"
  parent               = "projects/${each.value.project}"
  entitlement_id       = "cody-gateway-${var.env}-${each.key}"
  max_request_duration = "10800s"

  eligible_users {
    principals = var.operators
  }

  requester_justification_config {
    unstructured {}
  }

  privileged_access {
    gcp_iam_access {
      resource      = "//cloudresourcemanager.googleapis.com/projects/${each.value.project}"
      resource_type = "cloudresourcemanager.googleapis.com/Project"
      dynamic "role_bindings" {
        for_each = each.value.roles
        content {
          role                 = role_bindings.value
          condition_expression = lookup(local.conditions, role_bindings.value, null)
        }
      }
    }
  }

  dynamic "approval_workflow" {
    for_each = each.key == "look" || length(var.approvers) == 0 ? [] : [1]
    content {
      manual_approvals {
        require_approver_justification = false
        steps {
          approvals_needed = 1
          approvers {
            principals = var.approvers
          }
        }
      }
    }
  }
}
