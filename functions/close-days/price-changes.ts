// Models whose price changed: by a release, Terraform, an operator, or the day from which a price holds. Each is
// reported for a day, since nobody looks all the time. Not what calls cost (catalogue).

import { createHash } from 'node:crypto';
import type { Catalogue } from '@cody-gateway/shared/catalogue';
import { keys, type Store, type TimeBudget } from '@cody-gateway/shared/store';

const dayMs = 86_400_000;
/** After so long without a run, prices count as seen for the first time, and nothing is reported as changed. */
const rememberedMs = 90 * dayMs;

/** A model whose price changed within the last day. */
export interface ChangedPrice {
  readonly model: string;
  /** Unix ms: when the first run saw it. */
  readonly sinceMs: number;
  /** From which day the price says that it holds, and who says so. */
  readonly from: string | null;
  readonly layer: string | null;
}

/** Compares with what the last run saw, and remembers. @throws StoreUnavailable */
export async function changedPrices(
  store: Store,
  catalogue: Catalogue,
  nowMs: number,
  budget: () => TimeBudget,
): Promise<readonly ChangedPrice[]> {
  const book = await catalogue.prices();
  // The same hour of each day: a price that is lower at night does not change every evening.
  const noonMs = Math.floor(nowMs / dayMs) * dayMs + dayMs / 2;
  const [before] = (await store.commands([['hgetall', keys.pricesSeen()]], budget())) as [Record<string, string>];
  const seen: (string | number)[] = [];
  const changed: ChangedPrice[] = [];
  for (const { id, provider } of catalogue.served()) {
    const price = book.priceOf(id, noonMs);
    const factor = book.factorOf({ model: id, provider: provider.id, home: null }, noonMs);
    const said = price === null ? 'none' : JSON.stringify([price.dimensions, price.tiers, price.hours, factor]);
    const print = createHash('sha256').update(said).digest('base64url').slice(0, 22);
    const [known, at = '0'] = (before[id] ?? '').split(' ');
    const isNew = known === '' || known === undefined;
    const sinceMs = isNew ? 0 : known === print ? Number(at) : nowMs;
    seen.push(id, `${print} ${sinceMs}`);
    if (nowMs - sinceMs >= dayMs) continue;
    const layer = book.pricesOf(id).find(({ row }) => row.from === price?.from)?.layer ?? null;
    changed.push({ model: id, sinceMs, from: price?.from ?? null, layer });
  }
  if (seen.length > 0)
    await store.commands(
      [
        ['hset', keys.pricesSeen(), ...seen],
        ['pexpire', keys.pricesSeen(), rememberedMs],
      ],
      budget(),
    );
  return changed;
}
