// The overlay's copy in Redis: all documents under one version, each the last good one that anybody read. Whose copy
// may be how old is overlay-source.ts's.

import * as v from 'valibot';
import { confirmCopy, keepCopy, readCopy, readCopyVersion } from '../documents/documents.ts';
import { keys, type TimeBudget, type Store } from '../store/store.ts';

/** Longer than any outage of Firestore: a cold instance has nothing else then. */
const keptMs = 30 * 86_400_000;

const bodySchema = v.object({
  documents: v.record(v.string(), v.string()),
  faults: v.array(v.string()),
});

/** What all documents say. */
export interface OverlayBody {
  /** Texts by name (`overlayId`). */
  readonly documents: Readonly<Record<string, string>>;
  /** Documents that could not be read: the copy has an older version of them. */
  readonly faults: readonly string[];
}

/** The copy. Every method throws StoreUnavailable when Redis does not answer within the budget. */
export interface OverlayRedis {
  readVersion(budget: TimeBudget): Promise<{ readonly version: number; readonly ageMs: number } | null>;
  /** Null where there is none, or one that can't be read: the next write replaces it. */
  read(budget: TimeBudget): Promise<(OverlayBody & { readonly version: number }) | null>;
  /** Keeps it unless a newer one is kept. */
  keep(version: number, body: OverlayBody, budget: TimeBudget): Promise<void>;
  /** Firestore still has this version. */
  confirm(version: number, budget: TimeBudget): Promise<void>;
}

export function openOverlayRedis(store: Store): OverlayRedis {
  const key = keys.catalogue();
  return {
    readVersion: (budget) => readCopyVersion(store, key, budget),
    read: async (budget) => {
      const copy = await readCopy(store, key, budget);
      if (copy === null) return null;
      const body = v.safeParse(v.pipe(v.string(), v.parseJson(), bodySchema), copy.body);
      return body.success ? { ...body.output, version: copy.version } : null;
    },
    keep: (version, { documents, faults }, budget) =>
      keepCopy(store, key, { version, body: JSON.stringify({ documents, faults }), ttlMs: keptMs }, budget),
    confirm: (version, budget) => confirmCopy(store, key, { version, ttlMs: keptMs }, budget),
  };
}
