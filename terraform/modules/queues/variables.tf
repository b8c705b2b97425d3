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

variable "targets" {
  description = "URL of the function that a queue delivers to, by queue."
  type        = map(string)
  validation {
    condition     = alltrue([for queue in keys(var.targets) : can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", queue))])
    error_message = "A queue is named by at most 24 lower-case letters, digits and hyphens: its account's name has room for no more."
  }
}

variable "shards" {
  description = "How many queues share the work of one, by queue; 1 where it is not named."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for count in values(var.shards) : count >= 1 && count <= 100])
    error_message = "1 to 100 shards."
  }
}

variable "enqueuers" {
  description = "Email of each function's account that may create tasks, by function."
  type        = map(string)
  nullable    = false
}
