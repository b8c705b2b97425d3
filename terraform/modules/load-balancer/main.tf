# One hostname in front of the public functions: routes of their function.json, certificate, redirect, Cloud Armor.

locals {
  public  = { for name, file in var.files : name => file if file.trigger == "http" }
  default = one([for name, file in local.public : name if lookup(file, "default", false)])
  # Those that Identity-Aware Proxy stands in front of, and who gets through it.
  behind  = toset([for name, file in local.public : name if file.access == "iap"])
  viewers = { for pair in setproduct(local.behind, var.viewers) : "${pair[0]} ${pair[1]}" => { function = pair[0], member = pair[1] } }

  # Paths that several functions have are told apart by methods, where it is not their features that differ.
  by_path = { for pair in flatten([for name, file in local.public : [for route in file.routes : { name = name, path = route.path } if route.feature == null]]) : pair.path => pair.name... }

  # As the local router chooses (scripts/local/router.ts): exact paths before prefixes, the longer first, then the
  # route with the request's feature, then the one that names none, then the one with another feature, whose function
  # explains itself; then the route that takes the method. Equals go by name.
  candidates = flatten([
    for name, file in local.public : [
      for number, route in file.routes : [
        for feature in route.feature == null ? [null] : [route.feature, "*"] : [
          for method in concat(length(distinct(lookup(local.by_path, route.path, []))) > 1 ? route.methods : [], ["*"]) : {
            order = join("/", [
              endswith(route.path, "*") ? "1" : "0",
              format("%05d", 10000 - length(route.path)),
              route.feature == null ? "1" : feature == "*" ? "2" : "0",
              method == "*" ? "1" : "0",
              name,
              format("%03d", number),
              method,
            ])
            function = name
            path     = trimsuffix(route.path, "*")
            prefix   = endswith(route.path, "*")
            headers = merge(
              feature == null || feature == "*" ? {} : { "X-Sourcegraph-Feature" = feature },
              method == "*" ? {} : { ":method" = method },
            )
          }
        ]
      ]
    ]
  ])
  by_order = { for candidate in local.candidates : candidate.order => candidate }
  routes   = [for order in sort(keys(local.by_order)) : local.by_order[order]]

  # Another hostname is another certificate beside this one, so its name has the hostname in it: names end at 63
  # characters.
  certificate = "cody-gateway-${substr(sha256(var.hostname), 0, 8)}"
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each              = local.public
  project               = var.project_id
  region                = var.region
  name                  = "fn-${each.key}"
  network_endpoint_type = "SERVERLESS"
  # A function of the second generation is a Cloud Run service.
  cloud_run {
    service = each.key
  }
  # Google deletes nothing that is in use: whoever uses it lets go first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_backend_service" "function" {
  for_each              = local.public
  project               = var.project_id
  name                  = "fn-${each.key}"
  description           = each.value.description
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = google_compute_security_policy.this.id
  # Streams are neither cached nor compressed.
  enable_cdn       = false
  compression_mode = "DISABLED"
  # Written over a caller's own. By this, beside the same address at the end of X-Forwarded-For, a function knows that
  # the entry before is the caller's (shared/src/auth/caller-address.ts). No secret: who calls a function's own URL can
  # write it, but not that last entry.
  custom_request_headers = ["X-Gateway-Load-Balancer: ${google_compute_global_address.this.address}"]

  backend {
    group = google_compute_region_network_endpoint_group.function[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = 0.01
  }

  # With Google's own OAuth client. What it signs the function verifies again (functions/console/gate.ts).
  dynamic "iap" {
    for_each = contains(local.behind, each.key) ? [1] : []
    content {
      enabled = true
    }
  }

  # A function that goes leaves the URL map before its backend is deleted.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_iap_web_backend_service_iam_member" "viewer" {
  for_each            = local.viewers
  project             = var.project_id
  web_backend_service = google_compute_backend_service.function[each.value.function].name
  role                = "roles/iap.httpsResourceAccessor"
  member              = each.value.member
}

resource "google_compute_url_map" "this" {
  project         = var.project_id
  name            = "cody-gateway"
  default_service = google_compute_backend_service.function[local.default].id

  host_rule {
    hosts        = [var.hostname]
    path_matcher = "gateway"
  }

  path_matcher {
    name            = "gateway"
    default_service = google_compute_backend_service.function[local.default].id

    dynamic "route_rules" {
      for_each = local.routes
      content {
        priority = route_rules.key + 1
        service  = google_compute_backend_service.function[route_rules.value.function].id
        match_rules {
          full_path_match = route_rules.value.prefix ? null : route_rules.value.path
          prefix_match    = route_rules.value.prefix ? route_rules.value.path : null
          dynamic "header_matches" {
            for_each = route_rules.value.headers
            content {
              header_name = header_matches.key
              exact_match = header_matches.value
            }
          }
        }
      }
    }
  }
}

resource "google_compute_url_map" "redirect" {
  project = var.project_id
  name    = "cody-gateway-redirect"
  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "PERMANENT_REDIRECT"
    strip_query            = false
  }
}

resource "google_compute_global_address" "this" {
  project = var.project_id
  name    = "cody-gateway"
  labels  = local.labels
}

# Its domain is proven by a DNS record of its own, so the certificate is there before the hostname points here, and
# while it still points elsewhere.
resource "google_certificate_manager_dns_authorization" "this" {
  project     = var.project_id
  name        = local.certificate
  description = "The outputs certificate and address are the hostname's DNS records."
  domain      = var.hostname
  # A record for each project: a second one, of a region that stands by, proves the same hostname beside this.
  type   = "PER_PROJECT_RECORD"
  labels = local.labels
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_certificate_manager_certificate" "this" {
  project = var.project_id
  name    = local.certificate
  labels  = local.labels
  managed {
    domains            = [var.hostname]
    dns_authorizations = [google_certificate_manager_dns_authorization.this.id]
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_certificate_manager_certificate_map" "this" {
  project = var.project_id
  name    = "cody-gateway"
  labels  = local.labels
}

resource "google_certificate_manager_certificate_map_entry" "this" {
  project      = var.project_id
  name         = local.certificate
  map          = google_certificate_manager_certificate_map.this.name
  certificates = [google_certificate_manager_certificate.this.id]
  hostname     = var.hostname
  labels       = local.labels
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project_id
  name            = "cody-gateway"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_target_https_proxy" "this" {
  project         = var.project_id
  name            = "cody-gateway"
  url_map         = google_compute_url_map.this.id
  certificate_map = "//certificatemanager.googleapis.com/${google_certificate_manager_certificate_map.this.id}"
  ssl_policy      = google_compute_ssl_policy.this.id
  # Two different requests of one early flight could be replayed by anybody: quotas count.
  tls_early_data = "DISABLED"
}

resource "google_compute_target_http_proxy" "redirect" {
  project = var.project_id
  name    = "cody-gateway-redirect"
  url_map = google_compute_url_map.redirect.id
}

resource "google_compute_global_forwarding_rule" "https" {
  project               = var.project_id
  name                  = "cody-gateway"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.this.id
  labels                = local.labels
}

resource "google_compute_global_forwarding_rule" "http" {
  project               = var.project_id
  name                  = "cody-gateway-redirect"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect.id
  labels                = local.labels
}
