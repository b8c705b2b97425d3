terraform {
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }
  # The bucket is made before anything else: terraform/README.md, "A project from nothing".
  backend "gcs" {
    bucket = "cody-gateway-prod-terraform"
    prefix = "gateway"
  }
}

provider "google" {
  project = "cody-gateway-prod"
  region  = "us-central1"
  # Budgets and access entitlements are billed to the project that asks.
  user_project_override = true
  billing_project       = "cody-gateway-prod"
}
