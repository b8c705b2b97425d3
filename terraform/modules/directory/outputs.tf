output "database" {
  description = "Name of the database."
  value       = google_firestore_database.this.name
}

output "inventory" {
  description = "Fields, indexes and rules, for tests."
  value = {
    location = google_firestore_database.this.location_id
    fields   = sort(keys(google_firestore_field.this))
    expire   = sort([for name, field in google_firestore_field.this : name if length(field.ttl_config) > 0])
    indexes  = sort(keys(google_firestore_index.this))
    rules    = google_firebaserules_ruleset.this.source[0].files[0].content
  }
}
