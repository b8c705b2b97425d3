// The original gateway's metrics beside ours, from the same measurements: dashboards of others read them by these names
// and labels (shared/COMPATIBILITY.md#metric-names). Not what is measured, nor when (measure.ts).

import type { LabelSet, Meters } from './meters.ts';
import type { Attributes } from './span.ts';

const none: readonly string[] = [];

/** A provider call that begins (+1) or ends (-1). @param attributes of its span */
export function measureOlderInFlight(meters: Meters, change: 1 | -1, attributes: Attributes): void {
  const { 'gateway.provider': provider, 'gateway.feature': feature } = attributes;
  if (typeof provider !== 'string' || typeof feature !== 'string') return;
  meters.record('cody-gateway.concurrent_upstream_requests', change, labelsOf(meters, provider, feature));
}

/** A request that asked for a model, by the attributes of its root span. @param ownMs all but the provider's time */
export function measureOlderOverhead(meters: Meters, attributes: Attributes, ownMs: number): void {
  const { model, stream, 'gateway.feature': feature } = attributes;
  if (typeof model !== 'string' || typeof feature !== 'string') return;
  const slash = model.indexOf('/');
  if (slash === -1) return;
  const labels = labelsOf(meters, model.slice(0, slash), feature);
  // As text, as it was.
  meters.record('cody-gateway.latency_overhead', ownMs, meters.with(labels, 'stream', String(stream === true)));
}

/** A wait for Redis. @param command the step that waited: one script each */
export function measureOlderRedis(meters: Meters, command: string, isError: boolean, ms: number): void {
  const labels = meters.with(meters.labelsOf({}, none), 'error', isError);
  meters.record('cody-gateway.redis_latency', ms, meters.with(labels, 'command', command));
}

/** Chat and code were one feature. */
function labelsOf(meters: Meters, provider: string, feature: string): LabelSet {
  const labels = meters.with(meters.labelsOf({}, none), 'provider', provider);
  return meters.with(labels, 'feature', feature === 'embeddings' ? feature : 'completions');
}
