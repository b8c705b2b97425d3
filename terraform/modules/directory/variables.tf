variable "project_id" {
  description = "Google Cloud project."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of everything that has one."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region looks like us-central1."
  }
}

variable "location" {
  description = "Where the documents are, for ever: nam5 (several regions of the United States), eur3 (of Europe), or null for the region."
  type        = string
  default     = null
  validation {
    condition     = var.location == null || contains(["nam5", "eur3"], coalesce(var.location, "nam5"))
    error_message = "nam5, eur3, or null."
  }
}
