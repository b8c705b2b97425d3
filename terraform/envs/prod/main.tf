# Production. A roll-out is a pull request that changes the literal of image_tag, or of one function's tag in
# function_tags; a roll-back reverts it.

module "gateway" {
  source     = "../../modules/gateway"
  project_id = "cody-gateway-prod"
  region     = "us-central1"
  env        = "prod"
  hostname   = "cody-gateway.sourcegraph.com"

  image_tag = "1_2026-11-23_0.1-18d0c5659567"

  function_tags = {}

  # true: functions may call Claude and Gemini on Vertex AI of this project (terraform/README.md, "Vertex AI").
  vertex_ai = false

  # Optional secrets that have a value: terraform/README.md, "A project from nothing".
  filled_secrets = []

  # Where the dashboards and the licence pages of Sourcegraph.com read them (handbook).
  events_project_id = "telligentsourcegraph"

  public_instances = { min = 1, max = 100 }
  redis_memory_gb  = 5
  budget_usd       = 2000
  billing_account  = "000000-000000-000000"

  # The organisation allows it: terraform/README.md, "A project from nothing".
  all_users_allowed = true

  operators = ["group:cody-gateway-operators@sourcegraph.com"]
  approvers = ["group:cody-gateway-approvers@sourcegraph.com"]

  # Whose .github/workflows plan and roll out: terraform/README.md, "Pipeline". null: nobody's.
  repository    = "sourcegraph/cody-gateway"
  repository_id = null

  terraform_url = "https://console.cloud.google.com/storage/browser/cody-gateway-prod-terraform"
  sentry_url    = "https://sourcegraph.sentry.io/projects/cody-gateway-prod/"
  slack_token   = var.slack_token

  synthetic_token = var.synthetic_token
  opsgenie_url    = var.opsgenie_url

  deploy_network_compute_instance = false
}
