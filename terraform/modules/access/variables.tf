variable "project_id" {
  description = "Google Cloud project."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "events_project_id" {
  description = "Project of the events."
  type        = string
  nullable    = false
}

variable "events_elsewhere" {
  description = "Whether another root keeps the events, and with them who may ask for them."
  type        = bool
  default     = false
  nullable    = false
}

variable "env" {
  description = "Name of the environment."
  type        = string
  validation {
    condition     = contains(["prod", "dev"], var.env)
    error_message = "prod or dev."
  }
}

variable "operators" {
  description = "Who may ask: group:…, user:…"
  type        = set(string)
  validation {
    condition     = length(var.operators) > 0
    error_message = "Somebody must be able to ask."
  }
}

variable "approvers" {
  description = "Who must agree; nobody where it is empty."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for member in var.approvers : can(regex("^(group|user):", member))])
    error_message = "Members are group:… or user:…"
  }
}

variable "accounts" {
  description = "Email of each function's account, by function: who operates moves their traffic."
  type        = map(string)
  nullable    = false
}

variable "releases" {
  description = "Bucket of the releases."
  type        = string
  nullable    = false
}

variable "dataset" {
  description = "Dataset of the events."
  type        = string
  nullable    = false
}
