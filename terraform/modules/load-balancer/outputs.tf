output "address" {
  description = "IPv4 address for the DNS record of the hostname."
  value       = google_compute_global_address.this.address
}

output "certificate" {
  description = "DNS record by which Google is shown that the hostname is ours."
  value       = one(google_certificate_manager_dns_authorization.this.dns_resource_record)
}

output "backends" {
  description = "Function by id of its backend service."
  value       = { for name, backend in google_compute_backend_service.function : backend.id => name }
}

output "iap_audience" {
  description = "Audience of Identity-Aware Proxy's tokens for the one function behind it."
  value       = one([for name in local.behind : "/projects/${var.project_number}/global/backendServices/${google_compute_backend_service.function[name].generated_id}"])
}

output "inventory" {
  description = "Routes, protections and labels, for tests."
  value = {
    rules    = google_compute_url_map.this.path_matcher[0].route_rules
    default  = google_compute_url_map.this.default_service
    armor    = google_compute_security_policy.this.rule
    redirect = google_compute_url_map.redirect.default_url_redirect
    iap      = { for name, backend in google_compute_backend_service.function : name => try(backend.iap[0].enabled, false) }
    viewers  = [for viewer in google_iap_web_backend_service_iam_member.viewer : viewer.member]
    headers  = { for name, backend in google_compute_backend_service.function : name => backend.custom_request_headers }
    ports    = [google_compute_global_forwarding_rule.https.port_range, google_compute_global_forwarding_rule.http.port_range]
    labels   = google_compute_global_forwarding_rule.https.labels
  }
}
