output "names" {
  description = "All queues, shards too."
  value       = sort(keys(google_cloud_tasks_queue.this))
}

output "inventory" {
  description = "Queues and who may use them, for tests."
  value = {
    queues    = { for name, queue in google_cloud_tasks_queue.this : name => { retry = queue.retry_config, target = queue.http_target } }
    enqueuers = sort(keys(google_cloud_tasks_queue_iam_member.enqueuer))
  }
}

output "accounts" {
  description = "Email of each queue's account, by queue."
  value       = { for queue, account in google_service_account.queue : queue => account.email }
}
