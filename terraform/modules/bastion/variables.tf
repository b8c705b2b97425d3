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

variable "zone" {
  description = "Zone of the machine."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone))
    error_message = "A zone looks like us-central1-c."
  }
}

variable "network" {
  description = "Id of the network."
  type        = string
  nullable    = false
}

variable "subnetwork" {
  description = "Id of the subnetwork."
  type        = string
  nullable    = false
}

variable "operators" {
  description = "Who may open the tunnel: group:…, user:…"
  type        = set(string)
  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(group|user):", member))])
    error_message = "Members are group:… or user:…"
  }
}
