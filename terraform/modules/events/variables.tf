variable "project_id" {
  description = "Google Cloud project."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "elsewhere" {
  description = "Whether another root makes the dataset and all that is in it: then functions are let into it, and nothing else is made."
  type        = bool
  default     = false
  nullable    = false
}

variable "gateway_project_id" {
  description = "Project of the functions, whose bill is joined with the events."
  type        = string
  nullable    = false
}

variable "labels" {
  description = "Labels of every resource; the module adds `component`."
  type        = map(string)
  validation {
    condition     = contains(keys(var.labels), "app") && contains(keys(var.labels), "env")
    error_message = "The labels app and env must be set: the bill is told apart by them."
  }
}

variable "location" {
  description = "Where the dataset is stored; it can't be moved later."
  type        = string
  default     = "US"
  validation {
    condition     = can(regex("^(US|EU|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "US, EU or a region."
  }
}

variable "writers" {
  description = "Email of each function's account that inserts events, by function."
  type        = map(string)
  nullable    = false
}

variable "closers" {
  description = "Email of each function's account that makes the tables of final days, by function."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "readers" {
  description = "Email of each function's account that asks the views, by function."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "time_zone" {
  description = "Time zone in which days of usage and bills begin and end, as IANA names it; Google's own invoices are America/Los_Angeles."
  type        = string
  default     = "UTC"
  nullable    = false
  validation {
    condition     = can(regex("^[A-Za-z_]+(/[A-Za-z_+-]+[0-9]*)*$", var.time_zone))
    error_message = "A time zone is a name such as UTC or America/Los_Angeles."
  }
}

variable "billing_export" {
  description = "Full name of the detailed billing export's own table (project.dataset.table, no view of it: it is read by its partitions), or null while there is none."
  type        = string
  default     = null
  validation {
    condition     = var.billing_export == null || can(regex("^[^.]+\\.[^.]+\\.[^.]+$", var.billing_export))
    error_message = "project.dataset.table"
  }
}
