# The same as the module redis on many nodes: counters, leases and the outbox, spread by the hash tag of an actor's
# shard. Who connects shows an access token of its own account in place of a password.

locals {
  # GB that keys may fill of a node (Memorystore for Redis Cluster, node types): a fifth stays for the copies that a
  # snapshot or a slot on its way are made from.
  node_gb   = { REDIS_STANDARD_SMALL = 6.5, REDIS_HIGHMEM_MEDIUM = 13, REDIS_HIGHMEM_XLARGE = 58 }
  usable_mb = floor(local.node_gb[var.node_type] * 1024 * 0.8)
}

# Where Google puts the cluster's two addresses.
resource "google_compute_subnetwork" "this" {
  project                  = var.project_id
  region                   = var.region
  name                     = "cody-gateway-redis"
  network                  = var.network
  ip_cidr_range            = var.cidr
  private_ip_google_access = true
}

# Lets Memorystore, and no other service, put them there.
resource "google_network_connectivity_service_connection_policy" "this" {
  project       = var.project_id
  location      = var.region
  name          = "cody-gateway-redis"
  service_class = "gcp-memorystore-redis"
  network       = var.network
  labels        = merge(var.labels, { component = "redis" })
  psc_config {
    subnetworks = [google_compute_subnetwork.this.id]
  }
}

resource "google_redis_cluster" "this" {
  project                     = var.project_id
  region                      = var.region
  name                        = "cody-gateway"
  shard_count                 = var.nodes
  replica_count               = 1
  node_type                   = var.node_type
  authorization_mode          = "AUTH_MODE_IAM_AUTH"
  transit_encryption_mode     = "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION"
  deletion_protection_enabled = true
  labels                      = merge(var.labels, { component = "redis" })

  redis_configs = {
    # Memorystore's own default evicts keys that expire: counters, that is.
    maxmemory-policy = "noeviction"
    maxmemory        = "${local.usable_mb}mb"
  }

  psc_configs {
    network = var.network
  }

  zone_distribution_config {
    mode = "MULTI_ZONE"
  }

  persistence_config {
    mode = "RDB"
    rdb_config {
      rdb_snapshot_period = "ONE_HOUR"
    }
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = "SUNDAY"
      start_time {
        hours   = 6
        minutes = 0
        nanos   = 0
        seconds = 0
      }
    }
  }

  depends_on = [google_network_connectivity_service_connection_policy.this]
}

resource "google_project_iam_member" "user" {
  for_each = var.users
  project  = var.project_id
  role     = "roles/redis.dbConnectionUser"
  member   = "serviceAccount:${each.value}"
  condition {
    title      = "this cluster"
    expression = "resource.name == '${google_redis_cluster.this.id}'"
  }
}
