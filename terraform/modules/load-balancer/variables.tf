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

variable "labels" {
  description = "Labels of every resource; the module adds `component`."
  type        = map(string)
  validation {
    condition     = contains(keys(var.labels), "app") && contains(keys(var.labels), "env")
    error_message = "The labels app and env must be set: the bill is told apart by them."
  }
}

variable "hostname" {
  description = "The gateway's name; its DNS record points to the output `address`."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9.-]+\\.[a-z]{2,}$", var.hostname))
    error_message = "A full host name in lower case."
  }
}

variable "files" {
  description = "Every function.json, decoded, by function."
  type = map(object({
    description = string
    trigger     = string
    default     = optional(bool, false)
    access      = optional(string, "everybody")
    routes      = list(object({ path = string, methods = list(string), feature = optional(string) }))
  }))
  validation {
    condition     = length([for file in values(var.files) : file if file.default && file.trigger == "http"]) == 1
    error_message = "Exactly one public function is the default."
  }
}

variable "project_number" {
  description = "Number of the project, which the audience of Identity-Aware Proxy's tokens names."
  type        = string
  nullable    = false
}

variable "viewers" {
  description = "Whom Identity-Aware Proxy lets in: group:…, user:…"
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for member in var.viewers : can(regex("^(group|user):[^@]+@[^@]+$", member))])
    error_message = "Viewers are people by name: group:finance@example.com. allUsers and allAuthenticatedUsers are nobody by name."
  }
}

variable "body_bytes_max" {
  description = "Content-Length above which Cloud Armor refuses."
  type        = number
  default     = 67108864
  validation {
    condition     = var.body_bytes_max >= 33554432
    error_message = "At least the 32 MiB that functions take: below, callers would see Cloud Armor's answer instead of theirs."
  }
}

variable "requests_per_minute" {
  description = "Requests a minute from one address."
  type        = number
  default     = 12000
  validation {
    condition     = var.requests_per_minute >= 600 && var.requests_per_minute <= 1000000
    error_message = "600 to 1,000,000."
  }
}
