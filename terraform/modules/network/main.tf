# The private network in which Redis stands. Provider calls do not pass through it: only private ranges do.

resource "google_compute_network" "this" {
  project                 = var.project_id
  name                    = "cody-gateway"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "this" {
  project                  = var.project_id
  region                   = var.region
  name                     = "cody-gateway"
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.cidr
  private_ip_google_access = true
}

# Where Google puts the other end of private services.
resource "google_compute_global_address" "services" {
  project       = var.project_id
  name          = "cody-gateway-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.this.id
  labels        = merge(var.labels, { component = "network" })
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}
