// What runbooks ask for besides the functions' URLs, from Google itself: nobody on call may read Terraform's state,
// which has the same.

import { runOrNull } from './program.ts';
import type { Root } from './root-file.ts';

/**
 * Lines for `npm run status`: the load balancer's address and the way to Redis; what is not there, or may not be read,
 * is said.
 */
export function operatorAddresses({ project, region, hostname }: Root): string[] {
  const ask = (...args: string[]): string => {
    try {
      return runOrNull('gcloud', [...args, `--project=${project}`])?.trim() ?? 'not there';
    } catch (error) {
      return `not told (${error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)})`;
    }
  };
  const address = ask('compute', 'addresses', 'describe', 'cody-gateway', '--global', '--format=value(address)');
  const host = ask('redis', 'instances', 'describe', 'cody-gateway', `--region=${region}`, '--format=value(host)');
  const password = `gcloud redis instances get-auth-string cody-gateway --project=${project} --region=${region} --format='value(authString)'`;
  return [
    `address of ${hostname}: ${address}`,
    `Redis: ${host}`,
    `tunnel, while deploy_network_compute_instance is true: gcloud compute ssh cody-gateway-network-connector --project=${project} --zone=${region}-c --tunnel-through-iap -- -N -L 6378:${/^[\d.]+$/.test(host) ? host : 'HOST'}:6378`,
    `Redis through it: REDISCLI_AUTH=$(${password}) redis-cli -p 6378 --tls --insecure`,
  ];
}
