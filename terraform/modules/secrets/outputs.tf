output "ids" {
  description = "Secret id by environment variable; known before the secret has a value."
  value       = { for variable, secret in google_secret_manager_secret.this : variable => secret.secret_id if !contains(["redis_ca", "redis_password"], variable) }
}

output "redis_ca" {
  description = "Id of the secret with Redis's certificates, once it has a value."
  value       = google_secret_manager_secret.this["redis_ca"].secret_id
  depends_on  = [google_secret_manager_secret_version.redis_ca, google_secret_manager_secret_version.redis_endpoint]
}

output "redis_password" {
  description = "Id of the secret with Redis's password, once it has a value."
  value       = google_secret_manager_secret.this["redis_password"].secret_id
  depends_on  = [google_secret_manager_secret_version.redis_password]
}
