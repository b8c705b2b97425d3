// The network address of a caller, by what our own infrastructure and the platform wrote of it. Never by what a caller
// wrote.

import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { cloudflareRanges } from './cloudflare-ranges.ts';

/** What tells which part of the headers our own infrastructure wrote. */
export interface ProxySettings {
  /** Cloudflare is in front of us: what it says of a request that it sent is believed. */
  readonly cloudflareHeaders: boolean;
  /** Entries of `X-Forwarded-For` behind the caller's address, where a request came through our own proxies. */
  readonly trustedProxies: number;
  /** Of the load balancer: only requests that came through it have those entries. Null: all requests have them. */
  readonly loadBalancerAddresses: readonly string[] | null;
}

/**
 * The load balancer writes its own address here, over whatever a caller wrote (terraform/modules/load-balancer). It is
 * no secret, and need not be: it counts only beside the same address at the end of `X-Forwarded-For`, where the
 * platform has the address that the connection came from. Who calls a function's own URL can write this header and any
 * number of entries, but the last one is their own address, so that they gain nothing: they are taken for who they are.
 */
const balancerHeader = 'x-gateway-load-balancer';

/**
 * `X-Forwarded-For` is read from its right end: at a function's own URL the platform appends the caller as the last
 * entry, behind the load balancer the balancer's own address stands there, and the caller before it.
 * @param remoteAddress of the connection, for callers that no proxy stands before
 */
export function callerAddress(
  headers: IncomingHttpHeaders,
  remoteAddress: string | undefined,
  settings: ProxySettings,
): string {
  const forwarded = headers['x-forwarded-for'];
  const entries = typeof forwarded === 'string' ? forwarded.split(',').map((entry) => entry.trim()) : [];
  const own = cameThroughOurs(headers, entries.at(-1), settings) ? settings.trustedProxies : 0;
  const told = entries[entries.length - 1 - own];
  const address = told !== undefined && isIP(told) !== 0 ? told : (remoteAddress ?? '');
  return (settings.cloudflareHeaders ? toldByCloudflare(headers, address) : null) ?? address;
}

function cameThroughOurs(
  headers: IncomingHttpHeaders,
  last: string | undefined,
  { loadBalancerAddresses }: ProxySettings,
): boolean {
  if (loadBalancerAddresses === null) return true;
  return last !== undefined && headers[balancerHeader] === last && loadBalancerAddresses.includes(last);
}

const cloudflare = new BlockList();
for (const range of cloudflareRanges) {
  const [network = '', bits = ''] = range.split('/');
  cloudflare.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
}

/** Anybody may write the header; of a request that came from Cloudflare's network, Cloudflare did. */
function toldByCloudflare(headers: IncomingHttpHeaders, address: string): string | null {
  const version = isIP(address);
  if (version === 0 || !cloudflare.check(address, version === 6 ? 'ipv6' : 'ipv4')) return null;
  const told = headers['cf-connecting-ip'];
  return typeof told === 'string' && isIP(told.trim()) !== 0 ? told.trim() : null;
}
