output "id" {
  description = "Its full name."
  value       = google_redis_instance.this.id
}

output "host" {
  description = "Private address."
  value       = google_redis_instance.this.host
}

output "endpoint" {
  description = "URL without password, for the secret REDIS_ENDPOINT."
  value       = "rediss://${google_redis_instance.this.host}:${google_redis_instance.this.port}"
}

output "password" {
  description = "Its AUTH string, for the secret redis-password."
  value       = google_redis_instance.this.auth_string
  sensitive   = true
}

output "certificates" {
  description = "PEM of every certificate authority that is valid now; a new one appears years before the old one ends."
  value       = join("\n", [for ca in google_redis_instance.this.server_ca_certs : ca.cert])
}

output "inventory" {
  description = "What is asked of it, for tests."
  value = {
    tier      = google_redis_instance.this.tier
    version   = google_redis_instance.this.redis_version
    auth      = google_redis_instance.this.auth_enabled
    tls       = google_redis_instance.this.transit_encryption_mode
    configs   = google_redis_instance.this.redis_configs
    memory_gb = google_redis_instance.this.memory_size_gb
    labels    = google_redis_instance.this.labels
  }
}
