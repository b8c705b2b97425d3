// Redis: where it is, how it is asked, and what is served while it can't be.

import { row } from './variable-row.ts';

/** Rows of Redis. */
export const redisVariables = {
  redisEndpoint: row(
    'REDIS_ENDPOINT',
    'secret',
    undefined,
    'Redis as `redis://` or `rediss://` URL or `host:port`; holds counters, leases and the outbox.',
  ),
  redisCluster: row(
    'CODY_GATEWAY_REDIS_CLUSTER',
    'boolean',
    'false',
    'Whether `REDIS_ENDPOINT` is a node of a Redis Cluster, or the address by which its nodes are found.',
  ),
  redisPasswordFile: row(
    'CODY_GATEWAY_REDIS_PASSWORD_FILE',
    'text',
    null,
    'File with Redis’s password, which wins over the one in `REDIS_ENDPOINT`; read anew for each connection, so that a new password needs no release.',
  ),
  redisCaFile: row(
    'CODY_GATEWAY_REDIS_CA_FILE',
    'text',
    null,
    'File with the PEM certificates of the authority that signs this Redis’s certificate and nobody else’s, read anew for each connection; the certificate’s name is not looked at then.',
  ),
  redisIam: row(
    'CODY_GATEWAY_REDIS_IAM',
    'boolean',
    'false',
    'Whether Redis takes access tokens of the function’s account in place of a password, as Memorystore for Redis Cluster does.',
  ),
  redisStartMs: row(
    'CODY_GATEWAY_REDIS_START',
    'duration',
    '60s',
    'How long a start waits for a way to Redis on which nobody answers before it takes calls; at most 230 s, below the 240 s that Cloud Run waits for the port.',
    [1, 230_000],
  ),
  redisBudgetMs: row(
    'CODY_GATEWAY_REDIS_BUDGET',
    'duration',
    '50ms',
    'What a request may wait for Redis before its first byte, and again when it settles.',
  ),
  outboxBytes: row(
    'CODY_GATEWAY_OUTBOX_BYTES',
    'integer',
    String(256 * 1024 * 1024),
    'Bytes of Redis (of all nodes together) that are set aside for events while the queue is away: a quarter of its memory. One shard may use more while its node has less than 60 % in use.',
    [8 * 1024 * 1024, 2 ** 44],
  ),
  chatCompletionsWithoutRedis: row(
    'CODY_GATEWAY_CHAT_COMPLETIONS_WITHOUT_REDIS',
    'integer',
    '0',
    'Chat completions that an instance admits per actor in an outage of Redis, charged later; 0: none, they get 503.',
    [0, 1_000],
  ),
  codeCompletionsWithoutRedis: row(
    'CODY_GATEWAY_CODE_COMPLETIONS_WITHOUT_REDIS',
    'integer',
    '0',
    'The same for code completions.',
    [0, 1_000],
  ),
  embeddingsWithoutRedis: row(
    'CODY_GATEWAY_EMBEDDINGS_WITHOUT_REDIS',
    'integer',
    '0',
    'The same for embedding requests.',
    [0, 1_000],
  ),
  budgetWithoutRedisNanoUsd: row(
    'CODY_GATEWAY_BUDGET_WITHOUT_REDIS_USD',
    'dollars',
    '0',
    'What the calls that an instance admits in an outage of Redis may cost at the most, of those whose subscription has a hard budget in dollars; 0: none, they get 503.',
  ),
} as const;
