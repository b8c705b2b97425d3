// What the spans of a request tell: the rooms' answers as attributes, by the names of spec operations §1.7 and OpenTelemetry's GenAI conventions.

import type { Actor } from '../auth/auth.ts';
import type { UsageEvent } from '../events/events.ts';
import type { Claimed, Denial, Lease } from '../limiter/limiter.ts';
import type { Attributes } from '../telemetry/telemetry.ts';
import type { Call, Usage } from '../upstream/upstream.ts';
import type { Outcome } from './event.ts';

/** Who was found. */
export function actorAttributes({ id, source, accessEnabled, limits }: Actor): Attributes {
  return {
    'actor.id': id,
    matched_source: source,
    'actor.accessEnabled': accessEnabled,
    'actor.rateLimits': JSON.stringify(limits),
  };
}

/** What the limiter decided, and why. */
export function admissionAttributes(outcome: Lease | Denial | Claimed, units: number): Attributes {
  if ('cause' in outcome) {
    if (outcome.cause === 'claimed') return { decision: 'refused', reason: `idempotency key: ${outcome.by}` };
    const { cause, limit, retryAtMs } = outcome;
    return { decision: 'refused', reason: cause, limit, reset: new Date(retryAtMs).toISOString() };
  }
  const { permit, limit, remaining, window, resetAtMs } = outcome;
  return {
    decision: 'admitted',
    'gateway.feature': permit.feature,
    limit,
    'interval.seconds': permit.entitlement.intervalMs / 1000,
    window,
    'used.before': limit - remaining - units,
    'used.after': limit - remaining,
    remaining,
    reset: new Date(resetAtMs).toISOString(),
  };
}

/** GenAI's well-known names, where they are not ours. */
const providerNames: Readonly<Record<string, string>> = { google: 'gcp.gemini' };

/** The call before it is sent. */
export function callAttributes(call: Call, { permit }: Lease): Attributes {
  return {
    'gen_ai.operation.name': permit.feature === 'code_completions' ? 'text_completion' : 'chat',
    'gen_ai.provider.name': providerNames[call.provider] ?? call.provider,
    'gen_ai.request.model': call.model,
    'gateway.feature': permit.feature,
  };
}

/** How it went. */
export function outcomeAttributes(outcome: Outcome): Attributes {
  const usage: Partial<Usage> = outcome.usage ?? {};
  return {
    upstreamStatusCode: outcome.upstreamStatus,
    resolvedStatusCode: outcome.resolvedStatus,
    ...(outcome.upstreamStatus > 0 && { 'http.response.status_code': outcome.upstreamStatus }),
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
    'gen_ai.usage.cache_creation.input_tokens': usage.cacheWriteTokens,
    'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
    cancelled: outcome.cancelled,
    truncated: outcome.truncated,
  };
}

/** A word for a call that was not served whole; null where it was. */
export function callFailure({ upstreamStatus, cancelled, truncated }: Outcome): string | null {
  if (upstreamStatus < 0) return cancelled ? 'cancelled' : 'no answer';
  if (upstreamStatus >= 300) return String(upstreamStatus);
  return truncated ? 'truncated' : null;
}

/** The whole row; it holds no prompt by its shape. */
export function eventAttributes(event: Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count'>): Attributes {
  return { name: event.name, event_id: event.event_id, event: JSON.stringify(event) };
}
