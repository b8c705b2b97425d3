# The machine through which an operator reaches Redis: no public address, ssh through Identity-Aware Proxy alone, stops
# by itself after a day.

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = "network-connector"
  display_name = "Network connector, without any permission"
}

resource "google_compute_instance" "this" {
  project      = var.project_id
  zone         = var.zone
  name         = "cody-gateway-network-connector"
  machine_type = "e2-micro"
  labels       = merge(var.labels, { component = "bastion" })

  boot_disk {
    initialize_params {
      image  = "debian-cloud/debian-12"
      labels = merge(var.labels, { component = "bastion" })
    }
  }

  network_interface {
    subnetwork = var.subnetwork
  }

  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
  }

  service_account {
    email  = google_service_account.this.email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  scheduling {
    instance_termination_action = "STOP"
    max_run_duration {
      seconds = 86400
    }
  }
}

# Identity-Aware Proxy's range, and no other.
resource "google_compute_firewall" "iap" {
  project                 = var.project_id
  name                    = "cody-gateway-network-connector"
  network                 = var.network
  direction               = "INGRESS"
  source_ranges           = ["35.235.240.0/20"]
  target_service_accounts = [google_service_account.this.email]
  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_iap_tunnel_instance_iam_member" "operator" {
  for_each = var.operators
  project  = var.project_id
  zone     = var.zone
  instance = google_compute_instance.this.name
  role     = "roles/iap.tunnelResourceAccessor"
  member   = each.value
}

# Who enters a machine acts as its account, which may do nothing. That they enter at all (OS Login) is in the
# entitlement, for three hours.
resource "google_service_account_iam_member" "operator" {
  for_each           = var.operators
  service_account_id = google_service_account.this.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}
