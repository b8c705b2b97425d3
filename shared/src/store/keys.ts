// The one table of Redis keys: name, type, life, hash tag. Nothing else in the gateway builds a key.

import { hash } from 'node:crypto';

/** How many shards the actors are spread over. Changing it moves every actor's counters: it is a constant of the
 * deployment, and large enough for a cluster of any size (a node can't be given less than a shard). */
export const shardCount = 4_096;

/**
 * A shard's hash tag text, `s0000` to `s4095`: keys that share it live on one Redis node, so that each script runs on
 * one.
 */
export type Shard = string;

/** The shard of an actor (or of an unknown token's hash): the first twelve bits of a hash of it. */
export function shardOf(identity: string): Shard {
  return shardName(hash('sha256', identity, 'buffer').readUInt16BE(0) % shardCount);
}

/** The name of shard number `n`. */
export function shardName(n: number): Shard {
  return `s${String(n).padStart(4, '0')}`;
}

/**
 * | key | type | life | what it holds |
 * | --- | --- | --- | --- |
 * | limit | hash | to the end of its quota and burst window | `id used reserved start end interval` of the quota window, `noticed`, `version` of the actor that last used it, `burst burstEnd` of the burst window |
 * | inFlight | sorted set | while a call is in flight, empty when idle | lease id scored by `due`, one set per actor and feature |
 * | budget | hash | 40 days after the end of its last window; for ever with one that never ends | by window name what is used of one budget, of a subscription or a feature (limiter/scripts/tally.lua) |
 * | lease | string | until it is ended, then a quarter of an hour | state of one lease, then its parts (limiter/scripts/lease.lua) |
 * | claim | string | a day | of an Idempotency-Key: which request and call it belongs to, and how far that is (limiter/claim.ts) |
 * | leases | sorted set | for ever, empty when idle | lease id scored by `due`: the sweeper's index of the shard |
 * | outbox | stream | for ever, empty when idle | events on their way to the queue |
 * | fold | hash | two minutes; with counts, until they are written | count of one identity's refusals of one name in the current minute |
 * | folds | sorted set | for ever, empty when idle | fold keys scored by the end of their minute |
 * | notice | string | while it is being sent, then until its window is over | `sending` or `sent`: what became of a quota notice |
 * | actor | hash | a day, a mark less | `version body at`: what the directory says of a token, by the token's hash (directory/account-copies.ts) |
 * | catalogue | hash | 30 days since somebody last looked | `version body at`: the documents of the catalogue's overlay, by operators' commands (catalogue/overlay-redis.ts) |
 * | reviewed | string | as catalogue | what the gateway's processes have below the overlay: Terraform's rows, names of the secrets that are mounted |
 * | stated | hash | a day, replaced by the sync; three without one | of a source: digest of what it last stated, by subscription id (directory/sync); on a tag of its own |
 * | homeHealth | hash | ten minutes after the last change | until when which home, key or model of a home gets no calls, by Redis's time (upstream/homes/shared-health.ts) |
 * | homeProbe | string | a second | nothing: that somebody tries what is shut |
 * | walk | string | a day | how far the walk over all counters has come (limiter/counter-expiry.ts) |
 * | reconciled | string | 30 days | which Redis the budgets were last held against the ledger in, and when (serve/reconcile-budgets.ts) |
 * | pricesSeen | hash | 90 days since somebody last looked | of each served model a hash of its price and since when it is that one (close-days) |
 * | lock | string | while a job runs | who runs it |
 * | probe | string | a second | nothing: that a node can be written to (store/client.ts) |
 * | prompt | string | as long as configured | a flagged prompt, only where recording is on; the one key without a shard; its name begins with the span id that we drew for the request, since the trace id is the caller's to choose |
 */
export const keys = {
  limit: (shard: Shard, feature: string, actor: string) => `{${shard}}:limit:${feature}:${actor}`,
  inFlight: (shard: Shard, feature: string, actor: string) => `{${shard}}:in-flight:${feature}:${actor}`,
  budget: (shard: Shard, scope: string, actor: string) => `{${shard}}:budget:${scope}:${actor}`,
  lease: (shard: Shard, leaseId: string) => `{${shard}}:lease:${leaseId}`,
  claim: (shard: Shard, actor: string, name: string) => `{${shard}}:claim:${actor}:${name}`,
  leases: (shard: Shard) => `{${shard}}:leases`,
  outbox: (shard: Shard) => `{${shard}}:outbox`,
  fold: (shard: Shard, identity: string, name: string) => `{${shard}}:fold:${name}:${identity}`,
  notice: (shard: Shard, noticeId: string) => `{${shard}}:notice:${noticeId}`,
  folds: (shard: Shard) => `{${shard}}:folds`,
  actor: (shard: Shard, tokenHash: string) => `{${shard}}:actor:${tokenHash}`,
  catalogue: () => 'catalogue',
  reviewed: () => 'catalogue:reviewed',
  stated: (origin: string) => `stated:${origin}`,
  homeHealth: () => 'homes',
  homeProbe: (key: string) => `homes:probe:${key}`,
  probe: (shard: Shard) => `{${shard}}:probe`,
  walk: () => 'walk',
  reconciled: () => 'budgets:reconciled',
  pricesSeen: () => 'prices:seen',
  lock: (job: string) => `lock:${job}`,
  prompt: (spanId: string, feature: string, actor: string) =>
    `prompt:${spanId}:${feature}:${actor === '*' ? actor : encodeURIComponent(actor)}`,
} as const;
