locals {
  console = "https://console.cloud.google.com"
  project = "project=${var.project_id}"
  # Of a cluster the address by which its nodes are found.
  redis_host = local.clustered ? regex("//([^:]+):", module.redis_cluster[0].endpoint)[0] : module.redis[0].host
}

output "links" {
  description = "The seven pages of an operator."
  value = {
    terraform       = var.terraform_url
    cloud_run       = "${local.console}/run?${local.project}"
    logs            = "${local.console}/logs/query;query=resource.type%3D%22cloud_run_revision%22?${local.project}"
    traces          = "${local.console}/traces/explorer?${local.project}"
    sentry          = var.sentry_url
    alerting        = "${local.console}/monitoring/alerting?${local.project}"
    error_reporting = "${local.console}/errors?${local.project}"
  }
}

output "dashboards" {
  description = "Our own dashboard, and Google's of the functions and of Redis."
  value = {
    gateway   = "${local.console}/monitoring/dashboards/builder/${basename(module.monitoring.dashboard)}?${local.project}"
    cloud_run = "${local.console}/monitoring/dashboards/resourceList/cloud_run_revision?${local.project}"
    redis     = "${local.console}/memorystore/${local.clustered ? "cluster" : "redis"}/locations/${var.region}/${local.clustered ? "clusters" : "instances"}/cody-gateway/details/overview?${local.project}"
  }
}

output "tunnel" {
  description = "How an operator reaches Redis, while deploy_network_compute_instance is true."
  value = {
    tunnel = "gcloud compute ssh cody-gateway-network-connector --project=${var.project_id} --zone=${var.region}-c --tunnel-through-iap -- -N -L 6378:${local.redis_host}:${local.clustered ? 6379 : 6378}"
    redis  = "REDISCLI_AUTH=$(gcloud redis instances get-auth-string cody-gateway --project=${var.project_id} --region=${var.region} --format='value(authString)') redis-cli -p 6378 --tls --insecure"
  }
}

output "events" {
  description = "Project of the events."
  value       = local.events_project
}

output "address" {
  description = "IPv4 address for the hostname's DNS record."
  value       = module.load_balancer.address
}

output "certificate" {
  description = "DNS record by which Google is shown that the hostname is ours."
  value       = module.load_balancer.certificate
}

output "bucket" {
  description = "Bucket of the releases."
  value       = module.releases.bucket
}

output "functions" {
  description = "What runs: tag and own URL of each function."
  value       = { for name in keys(local.files) : name => { tag = local.tags[name], url = local.url[name] } }
}

output "channel" {
  description = "Notification channel for Error Reporting, which takes it by hand."
  value       = module.monitoring.channel
}

output "pipeline" {
  description = "What the workflows are given as variables of the repository; null while there is no pipeline."
  value       = one(module.pipeline[*].github)
}

output "inventory" {
  description = "All that tests ask for; two plans that agree in a member do the same to it."
  value = {
    environment = local.environment
    functions   = { for name, function in module.function : name => function.inventory }
    queues      = module.queues.inventory
    events      = module.events.inventory
    directory   = module.directory.inventory
    redis       = one(module.redis[*].inventory)
    cluster     = one(module.redis_cluster[*].inventory)
    routes      = module.load_balancer.inventory
    backends    = module.load_balancer.backends
    monitoring  = module.monitoring.inventory
    access      = module.access.inventory
    releases    = module.releases.inventory
    pipeline    = [for pipeline in module.pipeline : pipeline.inventory]
    bastion     = [for bastion in module.bastion : bastion.inventory]
    secrets     = module.secrets.ids
    unlogged    = [for exclusion in google_logging_project_exclusion.key_in_url : exclusion.filter]
  }
}

output "queue_accounts" {
  description = "Email of each queue's account, by queue."
  value       = module.queues.accounts
}
