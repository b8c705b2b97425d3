variable "project_id" {
  description = "Google Cloud project."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "labels" {
  description = "Labels of every resource; the module adds `component`."
  type        = map(string)
  validation {
    condition     = contains(keys(var.labels), "app") && contains(keys(var.labels), "env")
    error_message = "The labels app and env must be set: the bill is told apart by them."
  }
}

variable "variables" {
  description = "Environment variables whose values are secrets."
  type        = set(string)
  validation {
    condition     = contains(var.variables, "REDIS_ENDPOINT")
    error_message = "REDIS_ENDPOINT must be among them."
  }
}

variable "redis_endpoint" {
  description = "Value of REDIS_ENDPOINT."
  type        = string
  nullable    = false
}

variable "with_password" {
  description = "Whether Redis has a password: one node has, a cluster takes access tokens."
  type        = bool
  nullable    = false
}

variable "redis_password" {
  description = "Redis's AUTH string; null for a cluster."
  type        = string
  sensitive   = true
}

variable "redis_certificates" {
  description = "PEM of Redis's certificate authorities."
  type        = string
  nullable    = false
}
