variable "slack_token" {
  description = "OAuth token of the Slack app (TF_VAR_slack_token), kept nowhere. Written when the channel is new or slack_token_version changes."
  type        = string
  ephemeral   = true
}

variable "synthetic_token" {
  description = "Gateway token of the synthetic call (TF_VAR_synthetic_token), or null: nobody calls."
  type        = string
  default     = null
  sensitive   = true
}

variable "opsgenie_url" {
  description = "Webhook of OpsGenie (TF_VAR_opsgenie_url), or null."
  type        = string
  default     = null
  sensitive   = true
}
