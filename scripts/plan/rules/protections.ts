// What must not be lost by an edit, and comes back when it is: stores, secrets, queues, releases.

import { at, textAt, type Resource } from './resources.ts';
import { faultsOf, ofType, type Plan, type Rule } from './rule.ts';

/** Arguments that a resource must have, by type; all of them. */
const required: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  google_redis_instance: {
    deletion_protection: 'true',
    auth_enabled: 'true',
    transit_encryption_mode: 'SERVER_AUTHENTICATION',
    tier: 'STANDARD_HA',
    'redis_configs.maxmemory-policy': 'noeviction',
    'persistence_config.0.persistence_mode': 'RDB',
  },
  google_redis_cluster: {
    deletion_protection_enabled: 'true',
    authorization_mode: 'AUTH_MODE_IAM_AUTH',
    transit_encryption_mode: 'TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION',
    replica_count: '1',
    'redis_configs.maxmemory-policy': 'noeviction',
    'persistence_config.0.mode': 'RDB',
    'zone_distribution_config.0.mode': 'MULTI_ZONE',
  },
  google_firestore_database: {
    delete_protection_state: 'DELETE_PROTECTION_ENABLED',
    point_in_time_recovery_enablement: 'POINT_IN_TIME_RECOVERY_ENABLED',
  },
  google_bigquery_dataset: { deletion_policy: 'PREVENT', delete_contents_on_destroy: 'false' },
  google_storage_bucket: {
    'versioning.0.enabled': 'true',
    public_access_prevention: 'enforced',
    uniform_bucket_level_access: 'true',
  },
  google_secret_manager_secret: { deletion_protection: 'true', version_destroy_ttl: '604800s' },
  google_secret_manager_secret_version: { deletion_policy: 'DISABLE' },
  google_cloud_tasks_queue: {
    deletion_policy: 'PREVENT',
    'retry_config.0.max_attempts': '-1',
    'retry_config.0.max_retry_duration': '0s',
  },
  google_project_service: { disable_on_destroy: 'false' },
};

const protections: Rule = (plan) =>
  Object.entries(required).flatMap(([type, wanted]) =>
    faultsOf('protections', present(plan, type), (resource) => {
      const wrong = Object.entries(wanted).filter(([path, value]) => textAt(resource, path) !== value);
      return wrong.length === 0
        ? null
        : wrong.map(([path, value]) => `${path} is "${textAt(resource, path)}", not "${value}"`).join('; ');
    }),
  );

/** Redis is one node or a cluster. */
const eitherOf: Readonly<Record<string, string>> = {
  google_redis_instance: 'google_redis_cluster',
  google_redis_cluster: 'google_redis_instance',
};

/** A type without any resource is a fault too. */
function present(plan: Plan, type: string): Resource[] {
  const found = ofType(plan, type);
  if (found.length === 0 && ofType(plan, eitherOf[type] ?? '').length > 0) return [];
  return found.length > 0 ? found : [{ address: type, type, values: {}, dependsOn: [] }];
}

const eventsTable: Rule = (plan) =>
  faultsOf('protections', ofType(plan, 'google_bigquery_table'), (resource) =>
    textAt(resource, 'table_id') === 'events' && textAt(resource, 'deletion_protection') !== 'true'
      ? 'the ledger may not be deleted'
      : null,
  );

const forced: Rule = (plan) =>
  faultsOf('protections', ofType(plan, 'google_storage_bucket'), (resource) =>
    textAt(resource, 'force_destroy') === 'true' ? 'releases may not go with their bucket' : null,
  );

/** Snapshots and replicas copy on write: without room for it an instance that is full ends. */
const headroom: Rule = (plan) =>
  faultsOf('headroom', ofType(plan, 'google_redis_instance'), (resource) => {
    const share = Number(textAt(resource, 'redis_configs.maxmemory-gb')) / Number(textAt(resource, 'memory_size_gb'));
    return share > 0 && share <= 0.8 ? null : `maxmemory-gb is ${Math.round(share * 100)} % of the instance, not 80 %`;
  });

const backups: Rule = (plan) => {
  const schedules = ofType(plan, 'google_firestore_backup_schedule');
  const days = (resource: Resource): number => Number.parseInt(textAt(resource, 'retention')) / 86_400;
  const daily = schedules.some((one) => at(one, 'daily_recurrence.0') !== undefined && days(one) >= 7);
  const weekly = schedules.some((one) => at(one, 'weekly_recurrence.0') !== undefined && days(one) >= 28);
  const address = 'google_firestore_backup_schedule';
  return [
    ...(daily ? [] : [{ rule: 'backups', address, text: 'no daily backup that is kept for a week' }]),
    ...(weekly ? [] : [{ rule: 'backups', address, text: 'no weekly backup that is kept for four weeks' }]),
  ];
};

/** All of them. */
export const protectionRules: readonly Rule[] = [protections, eventsTable, forced, headroom, backups];
