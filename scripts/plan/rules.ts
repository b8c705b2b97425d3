// Every rule over a plan, and those over Terraform's text, for what a plan does not tell.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Fault, Plan } from './rules/rule.ts';
import { functionRules } from './rules/functions.ts';
import { iamRules } from './rules/iam.ts';
import { monitoringRules } from './rules/monitoring.ts';
import { networkRules } from './rules/network.ts';
import { pipelineRules } from './rules/pipeline.ts';
import { protectionRules } from './rules/protections.ts';

/** All that breaks a rule. */
export function faultsIn(plan: Plan): Fault[] {
  return [
    ...iamRules,
    ...pipelineRules,
    ...protectionRules,
    ...networkRules,
    ...functionRules,
    ...monitoringRules,
  ].flatMap((rule) => rule(plan));
}

/** What Google refuses to delete while it is in use: its successor stands, and its users have moved, before it goes. */
const successors = [
  'google_certificate_manager_certificate.this',
  'google_certificate_manager_certificate_map_entry.this',
  'google_certificate_manager_dns_authorization.this',
  'google_compute_backend_service.function',
  'google_compute_region_network_endpoint_group.function',
  'google_firebaserules_ruleset.this',
  'google_secret_manager_secret_version.redis_ca',
  'google_secret_manager_secret_version.redis_endpoint',
  'google_secret_manager_secret_version.redis_password',
];

/** Faults of the files themselves. @param dir of Terraform's folder */
export function faultsInText(dir: string): Fault[] {
  const blocks = new Map<string, string>();
  for (const file of globSync('modules/*/*.tf', { cwd: dir }))
    for (const [, type = '', name = '', body = ''] of readFileSync(path.join(dir, file), 'utf8').matchAll(
      /^resource "(\w+)" "(\w+)" \{\n([\s\S]*?)^\}/gm,
    ))
      blocks.set(`${type}.${name}`, `${blocks.get(`${type}.${name}`) ?? ''}${body}`);
  return successors
    .filter((address) => !/^ {4}create_before_destroy = true$/m.test(blocks.get(address) ?? ''))
    .map((address) => ({ rule: 'successors', address, text: 'create_before_destroy is not set' }));
}
