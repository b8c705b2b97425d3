// The actor of callers without a token, where the configuration lets them in. Its limits are the original gateway's;
// the pool is the caller's own.

import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { SubscribedFeature } from '../directory/directory.ts';
import type { Actor } from './actor.ts';
import { entitle, type BurstSettings, type Entitlement } from './entitlement.ts';

const daySeconds = 86_400;
const claude = (names: readonly string[]): string[] => names.map((name) => `anthropic/${name}`);
const stated = {
  chat_completions: {
    limit: 50,
    intervalSeconds: daySeconds,
    allowedModels: claude(['claude-v1', 'claude-2', 'claude-2.0', 'claude-2.1']),
  },
  code_completions: {
    limit: 1_000,
    intervalSeconds: daySeconds,
    allowedModels: claude(['claude-instant-v1', 'claude-instant-1', 'claude-instant-1.2']),
  },
  embeddings: { limit: 100_000, intervalSeconds: daySeconds, allowedModels: ['openai/text-embedding-ada-002'] },
} as const;
/** Requests a burst window. */
const embeddingsBurst = 10;

/** Makes the anonymous actor of an address. */
export function anonymousActors(settings: BurstSettings): (address: string) => Actor {
  const limits: Partial<Record<SubscribedFeature, Entitlement>> = {};
  for (const feature of ['chat_completions', 'code_completions', 'embeddings'] as const) {
    const entitlement = entitle(stated[feature], settings);
    if (entitlement === null) continue;
    limits[feature] =
      feature === 'embeddings'
        ? { ...entitlement, burst: { ...entitlement.burst, limit: embeddingsBurst } }
        : entitlement;
  }
  return (address) => ({
    source: 'anonymous',
    id: 'anonymous',
    name: 'anonymous',
    accessEnabled: true,
    tags: [],
    pool: createHash('sha256').update(networkOf(address)).digest('hex').slice(0, 32),
    lastUpdatedMs: null,
    version: 0,
    limits,
  });
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(0, gap)).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
