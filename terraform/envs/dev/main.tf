# Development. Runs what was built last; `npm run deploy -- <function> --env dev` moves one function alone.

module "gateway" {
  source     = "../../modules/gateway"
  project_id = "cody-gateway-dev"
  region     = "us-central1"
  env        = "dev"
  hostname   = "cody-gateway.sgdev.org"

  image_tag = "insiders"

  function_tags = {}

  # true: functions may call Claude and Gemini on Vertex AI of this project (terraform/README.md, "Vertex AI").
  vertex_ai = false

  # Optional secrets that have a value: terraform/README.md, "A project from nothing".
  filled_secrets = []
  settings = {
    # Dev is for subscriptions whose licence has the tag dev or internal (handbook).
    CODY_GATEWAY_DOTCOM_INTERNAL_MODE = "true"
  }

  public_instances = { min = 0, max = 5 }
  redis_memory_gb  = 1
  budget_usd       = 200
  billing_account  = "000000-000000-000000"

  # The organisation allows it: terraform/README.md, "A project from nothing".
  all_users_allowed = true
  # Smoke tests and people call single functions.
  own_urls = true

  operators = ["group:cody-gateway-operators@sourcegraph.com"]

  # Whose .github/workflows plan and roll out: terraform/README.md, "Pipeline". null: nobody's.
  repository    = "sourcegraph/cody-gateway"
  repository_id = null

  terraform_url = "https://console.cloud.google.com/storage/browser/cody-gateway-dev-terraform"
  sentry_url    = "https://sourcegraph.sentry.io/projects/cody-gateway-dev/"
  slack_token   = var.slack_token

  synthetic_token = var.synthetic_token

  deploy_network_compute_instance = false
}
