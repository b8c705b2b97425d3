// What each instance finds out about homes, told to all others through Redis: read by age at use beside the admission,
// written when it changes. Not what follows from it (health.ts). Without Redis each instance knows what it saw itself.

import { keys, redisTimeMs, StoreUnavailable, timeCommand, type Store } from '../../store/store.ts';
import type { Health, HealthKey, ShutListener } from './health.ts';

/** A look that is older is repeated by the next call. */
const maxAgeMs = 2_000;
/** The time limit of each Redis command here, and so the most that a call waits for one. */
const budgetMs = 50;
/** The whole fleet sends one probe in so many milliseconds. */
const probeGapMs = 1_000;
/** What nobody has confirmed for so long is forgotten. */
const keptMs = 600_000;
/** More than is ever shut at once. */
const fieldsMax = 1_000;

export class SharedHealth {
  readonly #store: Store | null;
  readonly #now: () => number;
  #health: Health | null = null;
  /** What Redis has, as far as we know. */
  readonly #published = new Set<HealthKey>();
  #lookedMs = -Infinity;
  #looking: Promise<void> | null = null;
  /** Redis's time less ours; null: never seen. */
  #offsetMs: number | null = null;

  /** @param store null: there is nobody to share with @param now milliseconds of a clock that does not jump */
  constructor(store: Store | null, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Whom it tells what others found. */
  attach(health: Health): void {
    this.#health = health;
  }

  /**
   * Reads what others found if that was long ago; at the beginning of a call, so that the answer comes with that of
   * the admission. Never rejects.
   */
  look(): void {
    if (this.#store === null || this.#looking !== null || this.#now() - this.#lookedMs < maxAgeMs) return;
    this.#lookedMs = this.#now();
    this.#looking = this.#read(this.#store)
      .catch(() => undefined)
      .finally(() => (this.#looking = null));
  }

  /** The look that is on its way; null: none is. */
  looking(): Promise<void> | null {
    return this.#looking;
  }

  /** Whether this process may try what is shut: one of all that ask in a second may. Without Redis each may. */
  async mayProbe(key: HealthKey): Promise<boolean> {
    if (this.#store === null) return true;
    try {
      const [reply] = await this.#store.commands([['set', keys.homeProbe(key), 1, 'PX', probeGapMs, 'NX']], budget());
      return reply === 'OK';
    } catch (error) {
      // Redis may have carried the command out although its answer is lost: then the right is taken. Where it was
      // never sent, each process may try by itself.
      return !(error instanceof StoreUnavailable && error.sent);
    }
  }

  /** Tells the others; where that fails they find out by themselves. */
  readonly tell: ShutListener = (key, state, waitMs) => {
    if (this.#store === null) return;
    void this.#write(this.#store, key, state, waitMs).catch(() => undefined);
  };

  async #read(store: Store): Promise<void> {
    const known = [...this.#published];
    const [reply, time] = await store.commands([['hgetall', keys.homeHealth()], timeCommand], budget());
    const redisMs = redisTimeMs(time);
    const nowMs = this.#now();
    this.#offsetMs = redisMs - nowMs;
    const shared = new Map<HealthKey, number>();
    const old: string[] = [];
    for (const [key, untilMs] of pairsOf(reply)) {
      const waitMs = Number(untilMs) - redisMs;
      if (!(waitMs > -keptMs) || shared.size >= fieldsMax) old.push(key);
      else shared.set(key, waitMs);
    }
    this.#health?.learn(shared, (key) => known.includes(key), nowMs);
    for (const key of known) if (!shared.has(key)) this.#published.delete(key);
    for (const key of shared.keys()) this.#published.add(key);
    if (old.length > 0) await store.commands([['hdel', keys.homeHealth(), ...old]], budget());
  }

  async #write(store: Store, key: HealthKey, state: 'shut' | 'open', waitMs: number): Promise<void> {
    if (state === 'open') {
      this.#published.delete(key);
      await store.commands([['hdel', keys.homeHealth(), key]], budget());
      return;
    }
    const untilMs = this.#now() + waitMs;
    if (this.#offsetMs === null) await this.#read(store);
    const field = Math.round(untilMs + (this.#offsetMs ?? 0));
    const expiry = ['pexpire', keys.homeHealth(), keptMs] as const;
    await store.commands([['hset', keys.homeHealth(), key, field], expiry], budget());
    this.#published.add(key);
  }
}

const budget = (): { leftMs: number } => ({ leftMs: budgetMs });

/** HGETALL's reply: an object, or names and values in turns. */
function pairsOf(reply: unknown): (readonly [name: string, value: unknown])[] {
  if (!Array.isArray(reply)) return Object.entries((reply ?? {}) as Record<string, unknown>);
  return Array.from({ length: reply.length / 2 }, (_, i) => [String(reply[2 * i]), reply[2 * i + 1] as unknown]);
}
