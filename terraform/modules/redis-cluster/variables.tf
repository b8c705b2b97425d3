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

variable "nodes" {
  description = "Nodes that share the keys; each has a replica besides."
  type        = number
  validation {
    # A cluster of Redis with fewer can't agree on who fails over.
    condition     = var.nodes >= 3 && var.nodes <= 125 && floor(var.nodes) == var.nodes
    error_message = "3 to 125 nodes: with a replica each they are 250, Memorystore's limit."
  }
}

variable "node_type" {
  description = "What a node is: REDIS_STANDARD_SMALL (6.5 GB), REDIS_HIGHMEM_MEDIUM (13 GB) or REDIS_HIGHMEM_XLARGE (58 GB)."
  type        = string
  validation {
    condition     = contains(["REDIS_STANDARD_SMALL", "REDIS_HIGHMEM_MEDIUM", "REDIS_HIGHMEM_XLARGE"], var.node_type)
    error_message = "REDIS_STANDARD_SMALL, REDIS_HIGHMEM_MEDIUM or REDIS_HIGHMEM_XLARGE."
  }
}

variable "network" {
  description = "Id of the network it is reached from."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "Range of the subnetwork of its addresses, apart from the functions'."
  type        = string
  default     = "10.9.0.0/28"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) <= 29
    error_message = "A range of /29 or larger."
  }
}

variable "users" {
  description = "Email of each account that connects, by function."
  type        = map(string)
  nullable    = false
}
