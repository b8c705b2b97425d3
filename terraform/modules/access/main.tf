# Access for people: asked for, with a reason, for three hours at most. Nobody has more for good.

locals {
  # `npm run status` asks releases what they are. Other buckets stay closed: Terraform's state knows Redis's password.
  conditions = {
    "roles/storage.objectViewer" = "resource.name.startsWith('projects/_/buckets/${var.releases}')"
  }
  entitlements = {
    operate = {
      project = var.project_id
      roles = [
        "roles/cloudfunctions.developer", "roles/run.developer", "roles/logging.viewer", "roles/monitoring.editor", "roles/cloudtrace.user", "roles/errorreporting.user",
        "roles/cloudtasks.admin", "roles/datastore.user", "roles/storage.objectViewer",
        # The tunnel: the machine is found and entered, and Redis's password is read.
        "roles/compute.viewer", "roles/compute.osLogin", "roles/redis.viewer", google_project_iam_custom_role.redis_password.name,
      ]
    }
    look = {
      project = var.project_id
      roles   = ["roles/logging.viewer", "roles/monitoring.viewer", "roles/redis.viewer", "roles/datastore.viewer"]
    }
    events = {
      project = var.events_project_id
      roles   = ["roles/bigquery.dataViewer", "roles/bigquery.jobUser"]
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
    for_each = length(var.approvers) > 0 ? [1] : []
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
