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

variable "env" {
  description = "Name of the environment."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: budgets know no other name."
  type        = string
  nullable    = false
}

variable "hostname" {
  description = "The gateway's public name."
  type        = string
  nullable    = false
}

variable "functions" {
  description = "Most instances, and whether it is public, by function."
  type        = map(object({ max = number, public = bool }))
  nullable    = false
}

variable "redis_cluster" {
  description = "Whether redis_id is a cluster's."
  type        = bool
  default     = false
  nullable    = false
}

variable "redis_id" {
  description = "Full name of the Redis instance."
  type        = string
  nullable    = false
}

variable "runbooks_url" {
  description = "Where the runbooks are read; each alert links to its own."
  type        = string
  validation {
    condition     = startswith(var.runbooks_url, "https://")
    error_message = "An https:// URL."
  }
}

variable "own_overhead_ms" {
  description = "What the gateway itself may add to a request, p99."
  type        = number
  default     = 100
  nullable    = false
  validation {
    condition     = var.own_overhead_ms > 0
    error_message = "Above zero."
  }
}

variable "first_byte_ms" {
  description = "What a stream may take from its request to its first byte, p95."
  type        = number
  default     = 15000
  nullable    = false
  validation {
    condition     = var.first_byte_ms > 0
    error_message = "Above zero."
  }
}

variable "response_code_ratios" {
  description = "Share of the traffic that a status may have, by status."
  type        = map(number)
  default     = { "400" = 0.2, "401" = 0.2, "403" = 0.2, "500" = 0.01 }
  nullable    = false
  validation {
    condition     = length(var.response_code_ratios) <= 6 && alltrue([for ratio in values(var.response_code_ratios) : ratio > 0 && ratio <= 1])
    error_message = "Six statuses at most, each with a share above 0 and up to 1."
  }
}

variable "slo_goal" {
  description = "Share of answers below 500 that is promised."
  type        = number
  default     = 0.995
  nullable    = false
  validation {
    condition     = var.slo_goal > 0.9 && var.slo_goal < 1
    error_message = "Between 0.9 and 1."
  }
}

variable "slack_channel" {
  description = "Channel of all alerts."
  type        = string
  default     = "#alerts-cody-gateway"
  validation {
    condition     = startswith(var.slack_channel, "#")
    error_message = "A channel begins with #."
  }
}

variable "slack_token" {
  description = "OAuth token of the Slack app, kept nowhere here. Written when the channel is new or slack_token_version changes."
  type        = string
  ephemeral   = true
  validation {
    condition     = can(regex("^xoxb-[0-9A-Za-z-]{10,}$", var.slack_token))
    error_message = "A token of a Slack app begins with xoxb-. Google takes any text, and then sends nothing."
  }
}

variable "slack_token_version" {
  description = "Another number writes the token anew."
  type        = string
  default     = "1"
}

variable "emails" {
  description = "Mail addresses that alerts and the budget go to, beside Slack."
  type        = set(string)
  validation {
    condition     = length(var.emails) >= 1 && length(var.emails) <= 5 && alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "One to five mail addresses: a budget tells no more."
  }
}

variable "synthetic_token" {
  description = "Gateway token of the synthetic call; null while nobody calls."
  type        = string
  default     = null
  sensitive   = true
}

variable "synthetic_model" {
  description = "Model of the synthetic call, provider/model: a cheap one."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z-]+/.+$", var.synthetic_model))
    error_message = "A model is provider/model."
  }
}

variable "region" {
  description = "Region of the job that makes the synthetic call."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region looks like us-central1."
  }
}

variable "opsgenie_url" {
  description = "Webhook of OpsGenie, or null."
  type        = string
  default     = null
  sensitive   = true
}

variable "billing_account" {
  description = "Billing account of the budget."
  type        = string
  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "A billing account looks like 012345-6789AB-CDEF01."
  }
}

variable "spend_usd_per_hour" {
  description = "Provider cost of an hour, in dollars at list price, below which no growth is an anomaly."
  type        = number
  default     = 50
  validation {
    condition     = var.spend_usd_per_hour > 0
    error_message = "Above zero."
  }
}

variable "budget_usd" {
  description = "Planned dollars a month for Google's services."
  type        = number
  validation {
    condition     = var.budget_usd >= 1 && floor(var.budget_usd) == var.budget_usd
    error_message = "Whole dollars."
  }
}
