// Reports customers who spend unusually, and prices that changed: one line a finding and run for as long as it holds,
// which alerts count (terraform/modules/monitoring/log-lines.json).

import type { OpenCatalogue } from '@cody-gateway/shared/catalogue';
import type { Config } from '@cody-gateway/shared/config';
import { calendarWindows } from '@cody-gateway/shared/directory';
import { unusualSpend, type Ledger } from '@cody-gateway/shared/events';
import type { Scope } from '@cody-gateway/shared/telemetry';
import { fastBudgets, type PacePlaces } from './budget-pace.ts';
import { changedPrices } from './price-changes.ts';

/** Lines of one kind in one run; the number of the others stands in the last. */
const linesMost = 100;

/** Where it is looked, and from when on it is unusual. */
export interface SpendPlaces extends PacePlaces {
  readonly ledger: Ledger;
  readonly catalogue: Pick<OpenCatalogue, 'current'>;
  readonly config: Pick<Config, 'spendFindingNanoUsd' | 'spendFindingTimes'>;
}

/** How many of each kind. */
export interface SpendFindings {
  readonly above_past: number;
  readonly unpriced: number;
  readonly fast: number;
  readonly prices: number;
}

/** What each finding says, and whose page says what to do. */
const texts = {
  'above-its-past': 'spend-finding: today costs `identifier` many times its usual day; runbook spend-above-past',
  unpriced: 'spend-finding: calls of `identifier` have no price and are in no cost; runbook unpriced-spend',
  'faster-than-its-budget': 'spend-finding: a budget of `identifier` will not last its month; runbook budget-pace',
  'price-changed': 'spend-finding: `model` has another price since `since`; runbook price-changes',
} as const;

/**
 * All findings are looked for, whichever search fails. @throws the first failure, when the others have been reported
 */
export async function tellSpend(places: SpendPlaces, scope: Pick<Scope, 'log'>): Promise<SpendFindings> {
  const { ledger, store, catalogue, config, timeZone, nowMs, budget } = places;
  const today = calendarWindows('day', nowMs, timeZone)[0]?.name ?? '';
  const from = { today, leastNanoUsd: config.spendFindingNanoUsd, times: config.spendFindingTimes };
  const [unusual, fast, prices] = await Promise.allSettled([
    unusualSpend(ledger, from),
    fastBudgets(places),
    catalogue.current(nowMs).then((snapshot) => changedPrices(store, snapshot, nowMs, budget)),
  ]);
  const tell = (finding: keyof typeof texts, all: readonly object[]): number => {
    for (const one of all.slice(0, linesMost)) scope.log('WARNING', texts[finding], { ...one, finding });
    if (all.length > linesMost)
      scope.log('WARNING', `${all.length - linesMost} more findings of this run are not told`, { kind: finding });
    return all.length;
  };
  const spend = unusual.status === 'fulfilled' ? unusual.value : [];
  const lines = (kind: string) =>
    spend.flatMap(({ finding, source, identifier, todayNanoUsd, usualNanoUsd, unpriced }) =>
      finding === kind
        ? [{ source, identifier, today_nano_usd: todayNanoUsd, usual_nano_usd: usualNanoUsd, unpriced_calls: unpriced }]
        : [],
    );
  const paces = (fast.status === 'fulfilled' ? fast.value : []).map((one) => ({
    source: one.source,
    identifier: one.identifier,
    scope: one.scope,
    window: one.window,
    used_nano_usd: one.usedNanoUsd,
    limit_nano_usd: one.limitNanoUsd,
    foreseen_nano_usd: one.foreseenNanoUsd,
  }));
  const changes = (prices.status === 'fulfilled' ? prices.value : []).map(({ model, sinceMs, from: day, layer }) => ({
    model,
    since: new Date(sinceMs).toISOString(),
    price_from: day,
    layer,
  }));
  const findings = {
    above_past: tell('above-its-past', lines('above-its-past')),
    unpriced: tell('unpriced', lines('unpriced')),
    fast: tell('faster-than-its-budget', paces),
    prices: tell('price-changed', changes),
  };
  for (const part of [unusual, fast, prices]) if (part.status === 'rejected') throw part.reason;
  return findings;
}
