// Where a secret may be sent, and which addresses the overlay may not name. Names only: what a name resolves to is
// known when a connection is made.

import { BlockList, isIP } from 'node:net';
import type { HomeRow, SecretRow } from './home-row.ts';
import type { Layer, MergedRow } from './layers.ts';

/** Stands for the function's own Google account in the rows of secrets. */
export const googleAccount = 'GOOGLE_ACCOUNT';

/** What the reviewed layers, a release and Terraform, allow. */
export interface HostRules {
  /** Some reviewed home is at this origin: it may be private there, or without TLS. */
  readonly knows: (origin: string) => boolean;
  /**
   * @param origin such as `https://api.example.com`: a secret that may go there may not go to another port, or in
   * clear text
   */
  readonly allows: (secret: string, origin: string) => boolean;
  /** Some reviewed row names this secret; of others nobody can say yet where they may go. */
  readonly names: (secret: string) => boolean;
}

/**
 * A secret may go where a reviewed home that names it is, and to the hosts that its own row has.
 * @param reviewed all layers but the overlay, not merged: what a later one replaces stays allowed
 */
export function hostRules(reviewed: readonly Layer[], secrets: Iterable<MergedRow<SecretRow>>): HostRules {
  const bySecret = new Map<string, Set<string>>();
  const known = new Set<string>();
  const patterns = [...secrets].map(({ row }) => row);
  // A layer may state the address of a home whose secrets another one states.
  const homes = new Map<string, { origins: Set<string>; secrets: Set<string> }>();
  for (const { rows } of reviewed)
    for (const row of rows.homes ?? []) {
      const { id, baseUrl, secrets = [], kind } = row as Partial<HomeRow>;
      const home = homes.get(id ?? '') ?? { origins: new Set(), secrets: new Set() };
      homes.set(id ?? '', home);
      if (typeof baseUrl === 'string') home.origins.add(new URL(baseUrl).origin);
      for (const secret of kind === 'google' ? [googleAccount] : secrets) home.secrets.add(secret);
    }
  for (const { origins, secrets: named } of homes.values()) {
    for (const origin of origins) known.add(origin);
    for (const secret of named) bySecret.set(secret, new Set([...(bySecret.get(secret) ?? []), ...origins]));
  }
  return {
    knows: (origin) => known.has(origin),
    names: (secret) => bySecret.has(secret) || patterns.some(({ id }) => id === secret),
    allows: (secret, origin) => {
      if (bySecret.get(secret)?.has(origin) === true) return true;
      const { protocol, host } = new URL(origin);
      return (
        protocol === 'https:' &&
        patterns.some(({ id, hosts }) => id === secret && hosts.some((pattern) => matches(pattern, host)))
      );
    },
  };
}

/** Secrets that let a home's calls in. */
export const secretsOf = ({ kind, secrets }: HomeRow): readonly string[] =>
  kind === 'none' ? [] : kind === 'google' ? [googleAccount] : secrets;

/** Why the overlay may not put a home at this address; null when it may. */
export function overlayAddressFault(address: string, rules: HostRules): string | null {
  const { protocol, host, hostname, origin } = new URL(address);
  if (rules.knows(origin)) return null;
  if (protocol !== 'https:') return `${address} is not https: only Terraform can name such an address`;
  if (isPrivateHost(hostname)) return `${host} is a private, local or link-local address: only Terraform can name one`;
  return null;
}

/**
 * Addresses that lead into a network of ours or into the machine, written in whatever way; names count that mean one
 * everywhere.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  const family = isIP(host);
  if (family !== 0) return privateAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || /\.(localhost|local|internal|intranet|lan|home\.arpa)$/.test(host);
}

/** IANA's registries of special-purpose addresses: what is not globally reachable, and what wraps such an address. */
const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  privateAddresses.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  privateAddresses.addSubnet(network, prefix, 'ipv6');

/** An asterisk stands for one label's beginning, never for a dot. */
function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*')) return pattern === host;
  const end = pattern.slice(1);
  return host.endsWith(end) && host.length > end.length && !host.slice(0, -end.length).includes('.');
}
