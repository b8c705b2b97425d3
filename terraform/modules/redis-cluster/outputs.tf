output "id" {
  description = "Name by which Monitoring knows it."
  value       = google_redis_cluster.this.name
}

output "endpoint" {
  description = "URL of the address by which nodes are found, for the secret REDIS_ENDPOINT."
  value       = "rediss://${google_redis_cluster.this.discovery_endpoints[0].address}:${google_redis_cluster.this.discovery_endpoints[0].port}"
}

output "certificates" {
  description = "PEM of every certificate authority that is valid now."
  value       = join("\n", flatten([for authority in google_redis_cluster.this.managed_server_ca : [for ca in authority.ca_certs : ca.certificates]]))
}

output "bytes" {
  description = "What keys may fill, of all nodes together."
  value       = var.nodes * local.usable_mb * 1024 * 1024
}

output "inventory" {
  description = "What is asked of it, for tests."
  value = {
    nodes    = google_redis_cluster.this.shard_count
    replicas = google_redis_cluster.this.replica_count
    auth     = google_redis_cluster.this.authorization_mode
    tls      = google_redis_cluster.this.transit_encryption_mode
    configs  = google_redis_cluster.this.redis_configs
    users    = sort(keys(google_project_iam_member.user))
  }
}
