output "inventory" {
  description = "The machine and who reaches it, for tests."
  value = {
    name      = google_compute_instance.this.name
    zone      = google_compute_instance.this.zone
    labels    = google_compute_instance.this.labels
    public    = length(flatten([for interface in google_compute_instance.this.network_interface : interface.access_config])) > 0
    sources   = google_compute_firewall.iap.source_ranges
    operators = sort(keys(google_iap_tunnel_instance_iam_member.operator))
  }
}
