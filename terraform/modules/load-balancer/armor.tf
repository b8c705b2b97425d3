# Cloud Armor as a belt: what a function would refuse anyway, refused before it costs an instance. Bodies are not
# inspected: prompts look like attacks.

locals {
  labels = merge(var.labels, { component = "load-balancer" })
}

resource "google_compute_security_policy" "this" {
  project = var.project_id
  name    = "cody-gateway"
  type    = "CLOUD_ARMOR"
  labels  = local.labels

  # Cloud Run itself takes no body above 32 MiB. Below, the function answers in its caller's own error shape.
  rule {
    action      = "deny(403)"
    priority    = 100
    description = "bodies above ${var.body_bytes_max} bytes"
    match {
      expr {
        expression = "has(request.headers['content-length']) && int(request.headers['content-length']) > ${var.body_bytes_max}"
      }
    }
  }

  # One encoding is answered by the function with 415; a chain of them is nobody's mistake.
  rule {
    action      = "deny(403)"
    priority    = 200
    description = "bodies that are encoded more than once"
    match {
      expr {
        expression = "has(request.headers['content-encoding']) && request.headers['content-encoding'].contains(',')"
      }
    }
  }

  # Far above what an instance with thousands of users sends; quotas are the functions' business.
  rule {
    action      = "throttle"
    priority    = 300
    description = "requests per address"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.requests_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "everything else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}
