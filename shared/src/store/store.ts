// Door of the store room: the Redis connection with its budgets, the loader of Lua scripts, the table of keys.

export { keys, shardCount, shardName, shardOf, type Shard } from './keys.ts';
export { connectStore, type Store, type StoreChange, type StoreListeners, type StoreSettings } from './connection.ts';
export { StoreUnavailable, type TimeBudget } from './time-budget.ts';
export { faultWords, wordsOf } from './refusals.ts';
export type { FullChange } from './fullness.ts';
export { readRedisTime, redisTimeMs, timeCommand } from './redis-time.ts';
export { loadScript, type Script } from './script.ts';
export { keptMoney, type ByBudget, type KeptMoney } from './kept-money.ts';
export { takeLock, type Lock } from './lock.ts';
