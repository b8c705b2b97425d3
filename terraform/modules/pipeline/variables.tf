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

variable "env" {
  description = "Name of the environment, here and among GitHub's environments."
  type        = string
  validation {
    condition     = contains(["prod", "dev"], var.env)
    error_message = "prod or dev."
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

variable "repository" {
  description = "Repository whose main branch is let in, as GitHub spells it: owner/name."
  type        = string
  validation {
    # Into a condition in quotes.
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.repository))
    error_message = "A repository is owner/name."
  }
}

variable "repository_id" {
  description = "Its number, which nobody can take over with its name, or null: gh api repos/OWNER/NAME --jq .id"
  type        = string
  default     = null
  validation {
    condition     = var.repository_id == null || can(regex("^[0-9]+$", var.repository_id))
    error_message = "A repository's id is a number."
  }
}

variable "releases" {
  description = "Bucket of the releases."
  type        = string
  nullable    = false
}

variable "state_bucket" {
  description = "Bucket of Terraform's state, made by hand before anything else."
  type        = string
  nullable    = false
}

variable "accounts" {
  description = "Email of each account that a function runs as, is built by or is called by; by a name of its own."
  type        = map(string)
  nullable    = false
}
