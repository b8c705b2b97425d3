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

variable "name" {
  description = "Name of the function, which is that of its folder."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "A function is named by at most 27 lower-case letters, digits and hyphens: its account's name has room for no more."
  }
}

variable "file" {
  description = "Its function.json, decoded."
  type        = any
  validation {
    condition     = contains(["http", "task", "schedule"], var.file.trigger)
    error_message = "A trigger is http, task or schedule."
  }
  validation {
    condition     = var.file.memoryMiB >= 128 && var.file.memoryMiB <= 32768 && var.file.timeoutSeconds >= 1 && var.file.timeoutSeconds <= 3600
    error_message = "Cloud Run gives 128 to 32768 MiB, and 1 to 3600 seconds."
  }
  validation {
    condition     = var.file.trigger != "schedule" || var.file.timeoutSeconds <= 1785
    error_message = "Cloud Scheduler waits 30 minutes at most: 1785 seconds and the 15 that are added."
  }
  validation {
    condition     = var.file.cpu >= 1 || var.file.concurrency == 1
    error_message = "Below one CPU Cloud Run allows one request at a time."
  }
}

variable "url" {
  description = "Its URL, known before it exists, so that no function waits for another one's."
  type        = string
  validation {
    condition     = can(regex("^https://[^/]+$", var.url))
    error_message = "A URL of https:// and a host, without a path: it is the audience of tokens, too."
  }
}

variable "iap" {
  description = "Account of Identity-Aware Proxy in this project, for a function behind it."
  type        = string
  default     = null
  validation {
    condition     = var.iap == null || can(regex("^serviceAccount:service-[0-9]+@gcp-sa-iap[.]iam[.]gserviceaccount[.]com$", var.iap))
    error_message = "serviceAccount:service-NUMBER@gcp-sa-iap.iam.gserviceaccount.com"
  }
}

variable "bucket" {
  description = "Bucket of the releases."
  type        = string
  validation {
    condition     = var.bucket != ""
    error_message = "A bucket has a name."
  }
}

variable "tag" {
  description = "Release to run: <build>_<YYYY-MM-DD>_<major.minor>-<12 hex of the commit>, or insiders."
  type        = string
  validation {
    condition     = var.tag == "insiders" || can(regex("^[0-9]+_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]+\\.[0-9]+-[0-9a-f]{12}$", var.tag))
    error_message = "A tag is <build>_<YYYY-MM-DD>_<major.minor>-<12 hex of the commit>, or insiders."
  }
}

variable "builder" {
  description = "Full name of the account that builds it."
  type        = string
  nullable    = false
}

variable "own_url" {
  description = "Whether everybody may call a public function at its own URL too, beside the load balancer."
  type        = bool
  default     = false
  nullable    = false
}

variable "all_users" {
  description = "Whether the organisation lets the project grant a role to allUsers."
  type        = bool
  nullable    = false
}

variable "gradual" {
  description = "Whether a new revision gets its traffic by hand instead of at once."
  type        = bool
  default     = false
  nullable    = false
}

variable "instances" {
  description = "Fewest and most instances."
  type        = object({ min = number, max = number })
  validation {
    condition     = var.instances.min >= 0 && var.instances.max >= 1 && var.instances.min <= var.instances.max
    error_message = "0 <= min <= max, and max at least 1."
  }
}

variable "environment" {
  description = "Environment of every function."
  type        = map(string)
  validation {
    condition     = !contains(keys(var.environment), "PORT") && !contains(keys(var.environment), "K_SERVICE")
    error_message = "PORT and K_SERVICE are Cloud Run's."
  }
}

variable "secrets" {
  description = "Secret id by environment variable."
  type        = map(string)
  nullable    = false
}

variable "secret_files" {
  description = "Secret id by the path of the file that it is mounted as; each in a folder of its own."
  type        = map(string)
  nullable    = false
  validation {
    condition     = length(distinct([for path in keys(var.secret_files) : dirname(path)])) == length(var.secret_files)
    error_message = "Cloud Run mounts one secret a folder."
  }
}

variable "roles" {
  description = "Project roles that the function needs."
  type        = set(string)
  validation {
    condition     = !anytrue([for role in var.roles : contains(["roles/owner", "roles/editor", "roles/viewer"], role)])
    error_message = "Basic roles are never the least."
  }
}

variable "network" {
  description = "Network and subnetwork through which Redis is reached."
  type        = object({ network = string, subnetwork = string })
  nullable    = false
}

variable "queue_account" {
  description = "Account of the queue that delivers to it, for the trigger task."
  type        = string
  default     = null
}

variable "paused" {
  description = "Whether its job stands still."
  type        = bool
  default     = false
  nullable    = false
}
