# What may be there before Terraform comes: true takes it over with the next apply, and does nothing from then on.
# terraform/README.md, "What is there already".

locals {
  there_already = {
    firestore_release = false
    events_dataset    = false
    events_table      = false
  }
}

import {
  for_each = toset(local.there_already.firestore_release ? ["projects/cody-gateway-prod/releases/cloud.firestore"] : [])
  to       = module.gateway.module.directory.google_firebaserules_release.this
  id       = each.value
}

import {
  for_each = toset(local.there_already.events_dataset ? ["projects/telligentsourcegraph/datasets/cody_gateway"] : [])
  to       = module.gateway.module.events.google_bigquery_dataset.this[0]
  id       = each.value
}

import {
  for_each = toset(local.there_already.events_table ? ["projects/telligentsourcegraph/datasets/cody_gateway/tables/events"] : [])
  to       = module.gateway.module.events.google_bigquery_table.events[0]
  id       = each.value
}
