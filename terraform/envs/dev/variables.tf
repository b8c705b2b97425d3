variable "slack_token" {
  description = "OAuth token of the Slack app (TF_VAR_slack_token); read only when the channel is new, kept nowhere."
  type        = string
  default     = "not-given"
  ephemeral   = true
}
