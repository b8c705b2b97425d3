output "inventory" {
  description = "Entitlements, for tests."
  value = { for name, entitlement in google_privileged_access_manager_entitlement.this : entitlement.entitlement_id => {
    project = entitlement.parent
    seconds = entitlement.max_request_duration
    approve = length(entitlement.approval_workflow) > 0
    limited = { for binding in entitlement.privileged_access[0].gcp_iam_access[0].role_bindings : binding.role => binding.condition_expression if binding.condition_expression != null && binding.condition_expression != "" }
    reason  = length(entitlement.requester_justification_config[0].unstructured) > 0
    roles   = sort([for binding in entitlement.privileged_access[0].gcp_iam_access[0].role_bindings : binding.role])
  } }
}
