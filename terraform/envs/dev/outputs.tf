output "links" {
  description = "The seven pages of an operator."
  value       = module.gateway.links
}

output "dashboards" {
  description = "Our own dashboard, and Google's of the functions and of Redis."
  value       = module.gateway.dashboards
}

output "tunnel" {
  description = "How an operator reaches Redis."
  value       = module.gateway.tunnel
}

output "address" {
  description = "IPv4 address for the hostname's DNS record."
  value       = module.gateway.address
}

output "certificate" {
  description = "DNS record by which Google is shown that the hostname is ours."
  value       = module.gateway.certificate
}

output "functions" {
  description = "What runs: tag and own URL of each function."
  value       = module.gateway.functions
}

output "channel" {
  description = "Notification channel for Error Reporting, which takes it by hand."
  value       = module.gateway.channel
}

output "events" {
  description = "Project of the events."
  value       = module.gateway.events
}

output "pipeline" {
  description = "What the workflows are given as variables of the repository."
  value       = module.gateway.pipeline
}
