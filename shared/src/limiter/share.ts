// How much of Redis events may take while the queue is away, as the scripts get it (scripts/share.lua). Not what
// becomes of the events beyond it.

import { shardCount, type Store } from '../store/store.ts';

/**
 * What an entry of the outbox takes: a completion's event of 930 bytes, its fields and its part of the stream
 * (measured on Redis 7.0: 20,000 entries are 25.9 MB).
 */
export const entryBytes = 1_300;

/**
 * The two arguments of scripts that append events: entries that a shard may always have, and the bytes that are set
 * aside in all of Redis.
 *
 * The rule has two parts, since either alone fails. A share a shard, `bytes / 4,096`, can be promised to everybody
 * because all of them together are what was set aside; but it is small (250 entries of 5 GB), and calls are not spread
 * evenly: one large customer's shard would be full after seconds of an outage in which Redis is nearly empty. So a
 * shard may go beyond its own part as long as the node that it lives on has less than 60 % of its memory in use. A
 * script can ask its own node for that, on a cluster too; a counter of all entries would be a key on another node, and
 * a total that the sweep measures would be up to a minute old, and missing where the scheduler is away together with
 * the queue.
 *
 * So Redis can't be filled by events: with a quarter set aside (terraform/modules/gateway) a node stops at 60 % and
 * what its shards may always have, 85 %. Where Redis has no `maxmemory`, the line is what was set aside itself: twice
 * that at the most.
 *
 * Not bounded by it, and small: notices, and the rows of leases whose holder died.
 */
export function shareOf({ outboxBytes }: Pick<Store, 'outboxBytes'>): readonly [entries: number, bytes: number] {
  return [Math.max(1, Math.floor(outboxBytes / shardCount / entryBytes)), outboxBytes];
}
