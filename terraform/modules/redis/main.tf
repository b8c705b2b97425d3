# Counters, leases and the outbox. It holds tokens' hashes and is reached from the network alone.

resource "google_redis_instance" "this" {
  project                 = var.project_id
  region                  = var.region
  name                    = "cody-gateway"
  display_name            = "Cody Gateway"
  tier                    = "STANDARD_HA"
  memory_size_gb          = var.memory_gb
  redis_version           = "REDIS_7_2"
  auth_enabled            = true
  transit_encryption_mode = "SERVER_AUTHENTICATION"
  connect_mode            = "PRIVATE_SERVICE_ACCESS"
  authorized_network      = var.network
  deletion_protection     = true
  labels                  = merge(var.labels, { component = "redis" })

  redis_configs = {
    # Memorystore's own default evicts keys that expire: counters, that is.
    maxmemory-policy = "noeviction"
    # The rest is for the copy that a snapshot or a new replica writes from, and for connections.
    maxmemory-gb = tostring(floor(var.memory_gb * 8) / 10)
    activedefrag = "yes"
  }

  persistence_config {
    persistence_mode    = "RDB"
    rdb_snapshot_period = "ONE_HOUR"
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = "SUNDAY"
      start_time {
        hours = 6
      }
    }
  }
}
