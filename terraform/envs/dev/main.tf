# Development. Runs what was built last; `npm run deploy -- <function> --env dev` moves one function alone.

module "gateway" {
  source     = "../../modules/gateway"
  project_id = "cody-gateway-dev"
  region     = "us-central1"
  env        = "dev"
  hostname   = "cody-gateway.sgdev.org"

  image_tag     = "insiders"
  function_tags = {}

  public_instances = { min = 0, max = 5 }
  redis_memory_gb  = 1
  budget_usd       = 200
  billing_account  = "000000-000000-000000"

  operators = ["group:cody-gateway-operators@sourcegraph.com"]

  terraform_url = "https://app.terraform.io/app/sourcegraph/workspaces/cody-gateway-dev"
  sentry_url    = "https://sourcegraph.sentry.io/projects/cody-gateway-dev/"
  slack_token   = var.slack_token
  opsgenie_url  = var.opsgenie_url

  deploy_network_compute_instance = false
}
