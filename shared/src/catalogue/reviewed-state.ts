// What the gateway's processes have below the overlay, for the operator's command, which runs elsewhere: Terraform's
// rows, which secrets are mounted, and by which clock windows of budgets go. Names only.

import * as v from 'valibot';
import { keys, type TimeBudget, type Store } from '../store/store.ts';
import { layerFaults, type Layer } from './layers.ts';

/** As long as the overlay's copy. */
const keptMs = 30 * 86_400_000;
/** A function that has said nothing for so long after another one is not there any more. */
const sameTimeMs = 86_400_000;

const stateSchema = v.object({
  atMs: v.number(),
  environment: v.array(v.record(v.string(), v.array(v.looseObject({})))),
  mounted: v.array(v.string()),
  /** Absent: an older release wrote it. */
  timeZone: v.optional(v.string()),
});

/** Of one function, or of all of them. */
export interface ReviewedState {
  /** Layers between the defaults and the overlay. */
  readonly environment: readonly Layer[];
  /** Names of secrets. */
  readonly mounted: readonly string[];
  /** The billing time zone; null: not told. */
  readonly timeZone: string | null;
}

/** @throws StoreUnavailable */
export async function publishReviewed(
  store: Store,
  functionName: string,
  { environment, mounted, timeZone }: ReviewedState,
  nowMs: number,
  budget: TimeBudget,
): Promise<void> {
  const state = {
    atMs: nowMs,
    environment: environment.map(({ rows }) => rows),
    mounted,
    ...(timeZone !== null && { timeZone }),
  };
  const key = keys.reviewed();
  await store.commands(
    [
      ['hset', key, functionName, JSON.stringify(state)],
      ['pexpire', key, keptMs],
    ],
    budget,
  );
}

/** What was published last; null: nothing. @throws StoreUnavailable */
export async function readReviewed(store: Store, budget: TimeBudget): Promise<ReviewedState | null> {
  const [fields] = (await store.commands([['hvals', keys.reviewed()]], budget)) as [readonly string[]];
  const states = fields
    .flatMap((text) => {
      const state = v.safeParse(v.pipe(v.string(), v.parseJson(), stateSchema), text);
      return state.success ? [state.output] : [];
    })
    .sort((a, b) => b.atMs - a.atMs);
  const [newest] = states;
  if (newest === undefined) return null;
  const present = states.filter(({ atMs }) => newest.atMs - atMs < sameTimeMs);
  const environment = newest.environment.map((rows): Layer => ({ name: 'environment', rows }));
  return {
    // Of another release's rows the command may know nothing.
    environment: environment.filter((layer) => layerFaults(layer).length === 0),
    mounted: [...new Set(present.flatMap(({ mounted }) => mounted))].sort(),
    timeZone: newest.timeZone ?? null,
  };
}
