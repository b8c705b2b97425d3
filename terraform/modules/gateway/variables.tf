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

variable "env" {
  description = "Name of the environment."
  type        = string
  validation {
    condition     = contains(["prod", "dev"], var.env)
    error_message = "prod or dev."
  }
}

variable "hostname" {
  description = "The gateway's public name."
  type        = string
  nullable    = false
}

variable "image_tag" {
  description = "Release of every function that function_tags does not name."
  type        = string
  nullable    = false
}

variable "function_tags" {
  description = "Release of one function, where it differs."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "gradual_functions" {
  description = "Functions whose new revisions get their traffic by hand (npm run traffic) instead of at once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "public_instances" {
  description = "Fewest and most instances of a public function."
  type        = object({ min = number, max = number })
  nullable    = false
}

variable "instances" {
  description = "Fewest and most instances of one function, where they differ."
  type        = map(object({ min = number, max = number }))
  default     = {}
  nullable    = false
}

variable "requests_per_second" {
  description = "Rate that functions and queues must carry, from which their maxima follow where they are lower (terraform/scale.md); null: as the others say."
  type        = number
  default     = null
  validation {
    condition     = var.requests_per_second == null || try(var.requests_per_second > 0 && var.requests_per_second <= 40000, false)
    error_message = "Above 0, and 40,000 at most: a hundred queues of 400 tasks a second."
  }
}

variable "settings" {
  description = "Further variables of the table in shared/src/config/README.md, by name: allowed models, timeouts, addresses. No secrets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "filled_secrets" {
  description = "Optional secrets that have a value (gcloud secrets versions add) and are therefore mounted."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "redis_memory_gb" {
  description = "Memory of Redis; 0 once redis_cluster has taken over and the single node may go."
  type        = number
  default     = 1
  nullable    = false
  validation {
    condition     = var.redis_memory_gb > 0 || var.redis_cluster != null
    error_message = "Without redis_cluster there must be a single node: redis_memory_gb of 1 or more."
  }
}

variable "redis_cluster" {
  description = "Many nodes in place of one (terraform/scale.md): how many, each with a replica, and what a node is. null: one node."
  type        = object({ nodes = number, node_type = optional(string, "REDIS_HIGHMEM_MEDIUM") })
  default     = null
}

variable "directory_location" {
  description = "Where the directory is, for ever: nam5 or eur3 outlive the loss of a region; null for the region. For a project that is new."
  type        = string
  default     = null
}

variable "events_queues" {
  description = "Queues that share the usage events; one takes 500 tasks a second."
  type        = number
  default     = 1
  validation {
    condition     = var.events_queues >= 1 && var.events_queues <= 100
    error_message = "1 to 100."
  }
}

variable "events_location" {
  description = "Where the events are stored."
  type        = string
  default     = "US"
  nullable    = false
}

variable "events_project_id" {
  description = "Project of the events, where it is another one; its dataset, table and views are still made here."
  type        = string
  default     = null
}

variable "events_elsewhere" {
  description = "Whether the dataset in events_project_id, and all that is in it, is another root's: that of the region which this one stands by for."
  type        = bool
  default     = false
  nullable    = false
  validation {
    condition     = !var.events_elsewhere || var.events_project_id != null
    error_message = "Events that another root keeps are in its project: set events_project_id."
  }
}

variable "paused_schedules" {
  description = "Scheduled functions whose jobs stand still: in a region that stands by, close-days, which closes days and writes to customers once for all regions."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "spend_usd_per_hour" {
  description = "Provider cost of an hour, in dollars at list price, below which no growth is an anomaly."
  type        = number
  default     = 50
  nullable    = false
}

variable "response_code_ratios" {
  description = "Share of the traffic that a status may have, by status; null for the module's own."
  type        = map(number)
  default     = null
}

variable "own_overhead_ms" {
  description = "What the gateway itself may add to a request, p99; null for the module's own."
  type        = number
  default     = null
}

variable "first_byte_ms" {
  description = "What a stream may take from its request to its first byte, p95; null for the module's own."
  type        = number
  default     = null
}

variable "slo_goal" {
  description = "Share of answers below 500 that is promised; null for the module's own."
  type        = number
  default     = null
}

variable "billing_export" {
  description = "Table of the detailed billing export (project.dataset.table), or null while there is none."
  type        = string
  default     = null
}

variable "billing_time_zone" {
  description = "Time zone in which days of usage begin and end; Google's own invoices are America/Los_Angeles."
  type        = string
  default     = "UTC"
  nullable    = false
}

variable "billing_account" {
  description = "Billing account of the budget."
  type        = string
  nullable    = false
}

variable "budget_usd" {
  description = "Planned dollars a month for Google's services."
  type        = number
  nullable    = false
}

variable "operators" {
  description = "Who may ask for access and open the tunnel: group:…, user:…"
  type        = set(string)
  nullable    = false
}

variable "console_viewers" {
  description = "Who may see the console besides the operators, such as finance: group:…, user:…"
  type        = set(string)
  default     = []
  nullable    = false
}

variable "approvers" {
  description = "Who must agree to an access request; nobody where it is empty."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "deploy_network_compute_instance" {
  description = "Whether the machine for Redis's tunnel stands; false when it is not being used."
  type        = bool
  default     = false
  nullable    = false
}

variable "requests_per_minute" {
  description = "Requests a minute from one address before Cloud Armor refuses."
  type        = number
  default     = 12000
  nullable    = false
}

variable "runbooks_url" {
  description = "Where terraform/runbooks is read."
  type        = string
  default     = "https://github.com/sourcegraph/cody-gateway/blob/main/terraform/runbooks"
  nullable    = false
}

variable "terraform_url" {
  description = "Page of this environment's Terraform state or workspace."
  type        = string
  nullable    = false
}

variable "sentry_url" {
  description = "Page of this environment's Sentry project."
  type        = string
  nullable    = false
}

variable "slack_token" {
  description = "OAuth token of the Slack app; written when the channel is new or slack_token_version changes."
  type        = string
  ephemeral   = true
}

variable "synthetic_token" {
  description = "Gateway token of the synthetic call, or null."
  type        = string
  default     = null
  sensitive   = true
}

variable "synthetic_model" {
  description = "Model of the synthetic call."
  type        = string
  default     = "anthropic/claude-haiku-4-5-20251001"
  nullable    = false
}

variable "own_urls" {
  description = "Whether everybody may call public functions at their own URLs too, beside the load balancer and its Cloud Armor."
  type        = bool
  default     = false
  nullable    = false
}

variable "all_users_allowed" {
  description = "Whether the organisation lets this project grant a role to allUsers: terraform/README.md, \"A project from nothing\"."
  type        = bool
  nullable    = false
}

variable "repository" {
  description = "GitHub repository whose workflows may plan and roll out here (owner/name), or null: no pipeline."
  type        = string
  default     = null
}

variable "repository_id" {
  description = "Number of that repository, which nobody can take over with its name, or null."
  type        = string
  default     = null
}

variable "slack_token_version" {
  description = "Another number writes the token anew."
  type        = string
  default     = "1"
}

variable "opsgenie_url" {
  description = "Webhook of OpsGenie, or null."
  type        = string
  default     = null
  sensitive   = true
}

variable "vertex_ai" {
  description = "Whether functions may call Vertex AI with their own accounts: Claude and Gemini in this project, as homes (terraform/README.md, \"Vertex AI\")."
  type        = bool
  default     = false
  nullable    = false
}
