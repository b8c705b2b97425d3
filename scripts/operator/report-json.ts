// The report's figures as one JSON document for scripts. Not the page (shared/src/console/report).

import { quotaLimit, savedNano, totalOf, withRest, type ReportSources, type Told } from '@cody-gateway/shared/console';

/** Members keep the names that scripts know; money in billionths of a dollar, of Google's bill in millionths. */
export function reportJson({ overview, data, prices, nowMs }: ReportSources, project: string): object {
  const entries = new Map(
    ('fault' in overview.entries ? [] : overview.entries.value).map((entry) => [entry.id, entry]),
  );
  const nameOf = (id: string | null): string | null => {
    const entry = id === null ? undefined : entries.get(id);
    return entry !== undefined && 'record' in entry && entry.record.name !== '' ? entry.record.name : null;
  };
  const customers = withRest(known(data.customers), totalOf(data));
  const parts = known(data.bill) ?? null;
  return {
    project,
    from: data.from,
    to: data.to,
    total: totalOf(data),
    days: known(data.days).toSorted((a, b) => a.day.localeCompare(b.day)),
    functions: known(data.functions),
    features: known(data.features),
    models: known(data.models),
    subscriptions: customers.map(({ id, ...sums }) => ({
      ...sums,
      name: id ?? 'all others',
      customer_name: nameOf(id),
    })),
    customer_models: withRest(known(data.customerModels), totalOf(data)).map(({ id, model, ...sums }) => ({
      ...sums,
      name: id ?? 'all others',
      customer_name: nameOf(id),
      model,
    })),
    tags: known(data.tags),
    quotas: known(data.quotas).map((quota) => ({
      subscription: quota.id,
      customer_name: nameOf(quota.id),
      feature: quota.feature,
      units: quota.units,
      limit: quotaLimit(quota, entries, nowMs),
      noticed: quota.noticed,
      refused: quota.refused,
    })),
    outcomes: known(data.outcomes).map((one) => ({
      whose: one.whose,
      what: one.what,
      events: one.requests,
      cost_nano_usd: one.costNano,
      estimated_nano_usd: one.estimatedNano,
      abandoned_nano_usd: one.abandonedNano,
    })),
    cache: known(data.cache).map((use) => ({
      model: use.model,
      read_tokens: use.readTokens,
      written_tokens: use.writtenTokens,
      saved_nano_usd: savedNano(use, prices, nowMs),
    })),
    refusals: known(data.refusals).map(({ day, cause, requests }) => ({ day, cause, events: requests })),
    latency: known(data.latency).map((one) => ({
      model: one.model,
      calls: one.calls,
      gateway_p50: one.gatewayP50,
      gateway_p95: one.gatewayP95,
      provider_p50: one.providerP50,
      provider_p95: one.providerP95,
    })),
    bill: parts === null ? null : billOf(parts),
  };
}

/** Google's is the project's: what lines of no project cost is the whole billing account's, and not in it. */
export function billOf(
  parts: readonly { readonly function: string | null; readonly part: string; readonly nano: number }[],
) {
  const sum = (some: typeof parts): number => some.reduce((total, { nano }) => total + nano / 1_000, 0);
  return {
    parts: parts.map(({ function: name, part, nano }) => ({ function: name ?? 'none', part, micro_usd: nano / 1_000 })),
    total_micro_usd: sum(parts),
    google_micro_usd: sum(parts.filter(({ part }) => part !== 'llm' && part !== 'without a project')),
    unexplained_micro_usd: sum(parts.filter(({ part }) => part === 'unexplained')),
  };
}

/** A script gets all of it or an error: a part that is missing would be taken for nothing. @throws Error */
function known<T>(told: Told<T>): T {
  if ('fault' in told) throw new Error(told.fault);
  return told.value;
}
