// The live catalogue of one process: the overlay in Firestore, by way of Redis, on top of what a release and Terraform
// say.

import type { DocumentReader } from '../documents/documents.ts';
import type { Store } from '../store/store.ts';
import { secretsOf } from './hosts.ts';
import { OverlayCopy, type OverlayCopyOptions } from './overlay-copy.ts';
import { openOverlayRedis } from './overlay-redis.ts';
import { createOverlaySource } from './overlay-source.ts';
import { publishReviewed } from './reviewed-state.ts';

/** Behind Redis's copy, which is at most as old: a change is in force everywhere after ten seconds. */
const maxAgeMs = 5_000;
/** Nobody waits for it. */
const publishBudgetMs = 1_000;

export interface OpenOverlayOptions extends Pick<OverlayCopyOptions, 'parts' | 'onFaults'> {
  readonly config: {
    readonly functionName: string;
    /** What a call may wait for Redis, and for a look at the overlay. */
    readonly redisBudgetMs: number;
    /** Told to operators' commands. */
    readonly billingTimeZone: string;
  };
  readonly store: Store;
  readonly documents: DocumentReader;
  readonly now: () => number;
}

/** Opens it; no network before the first use, and no timer: `use` looks when what it has is too old. */
export function openOverlay({ config, store, documents, parts, onFaults, now }: OpenOverlayOptions): OverlayCopy {
  const publish = (): Promise<void> => {
    const secrets = new Set(copy.latest().homes.flatMap(({ row }) => secretsOf(row)));
    const state = {
      environment: parts.reviewed.filter(({ name }) => name === 'environment'),
      mounted: [...secrets].filter(parts.mounted),
      timeZone: config.billingTimeZone,
    };
    return publishReviewed(store, config.functionName, state, now(), { leftMs: publishBudgetMs });
  };
  const source = createOverlaySource({ documents, redis: openOverlayRedis(store) }, config.redisBudgetMs, publish);
  const copy: OverlayCopy = new OverlayCopy({ parts, source, maxAgeMs, waitMs: config.redisBudgetMs, onFaults });
  return copy;
}
