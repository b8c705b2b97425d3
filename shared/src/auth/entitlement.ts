// What an actor is entitled to of one feature: quota, burst window, cap of calls in flight, models. Arithmetic only.

import type { StatedLimit, SubscribedFeature } from '../directory/directory.ts';

/** Features that are charged separately; attribution has one limit for all subscriptions. */
export type Feature = SubscribedFeature | 'attribution';

/** One feature's limits. */
export interface Entitlement {
  /** Units a window; exactly 1 means blocked. */
  readonly limit: number;
  readonly intervalMs: number;
  /** As stored: `*` alone means all. */
  readonly allowedModels: readonly string[];
  readonly burst: { readonly limit: number; readonly intervalMs: number };
  /** Calls in flight at the most. */
  readonly inFlightMax: number;
}

/** What turns a stored limit into an entitlement. */
export interface BurstSettings {
  readonly burstPercentage: number;
  readonly burstIntervalMs: number;
  readonly inFlightMin: number;
}

/** The entitlement of a stated limit, or null where it grants nothing. */
export function entitle(stated: StatedLimit | null | undefined, settings: BurstSettings): Entitlement | null {
  if (stated === null || stated === undefined) return null;
  const { limit, intervalSeconds, allowedModels } = stated;
  if (limit <= 0 || intervalSeconds <= 0 || allowedModels.length === 0) return null;
  const intervalMs = intervalSeconds * 1000;
  const burstLimit = burstSize(limit, intervalMs, settings.burstPercentage);
  return {
    limit,
    intervalMs,
    allowedModels,
    burst: { limit: burstLimit, intervalMs: settings.burstIntervalMs },
    // Streams may outlast the burst window: a small burst must not forbid what the original gateway, which counted none
    // in flight, let through.
    inFlightMax: Math.max(burstLimit, settings.inFlightMin),
  };
}

const dayMs = 86_400_000;

/**
 * Calls a burst window: a share of the limit brought to one day, at least 1, in 32-bit floats like the original
 * gateway's.
 */
export function burstSize(limit: number, intervalMs: number, percentage: number): number {
  const { fround, trunc, max } = Math;
  const days = fround(fround(intervalMs) / fround(dayMs));
  const share = fround(fround(percentage) / fround(100));
  return max(1, trunc(fround(fround(fround(limit) / days) * share)));
}
