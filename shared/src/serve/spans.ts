// What the spans of a request tell: the rooms' answers as attributes, by our names (`gateway.…`) and OpenTelemetry's
// GenAI conventions.

import type { Actor, Feature, Permit } from '../auth/auth.ts';
import type { UsageEvent } from '../events/events.ts';
import type { Claimed, Denial, Lease, PostedNotice } from '../limiter/limiter.ts';
import type { Attributes } from '../telemetry/telemetry.ts';
import type { Call, Usage } from '../upstream/upstream.ts';
import type { Outcome } from './served-event.ts';

/** Actors stay in memory for a while (auth/actor-cache.ts): their attributes are told once. */
const attributesOf = new WeakMap<Actor, Attributes>();

/** The actor that was found. */
export function actorAttributes(actor: Actor): Attributes {
  const known = attributesOf.get(actor);
  if (known !== undefined) return known;
  const { id, source, accessEnabled, lastUpdatedMs, limits } = actor;
  const attributes = Object.freeze({
    'actor.id': id,
    matched_source: source,
    'actor.accessEnabled': accessEnabled,
    'actor.lastUpdated': lastUpdatedMs === null ? null : new Date(lastUpdatedMs).toISOString(),
    'actor.rateLimits': JSON.stringify(limits),
  });
  attributesOf.set(actor, attributes);
  return attributes;
}

/** What the limiter decided, and why. */
export function admissionAttributes(outcome: Lease | Denial | Claimed, units: number): Attributes {
  if (outcome.decision === 'claimed') return { decision: 'refused', reason: `idempotency key: ${outcome.by}` };
  if (outcome.decision === 'denied') {
    const { cause, limit, retryAtMs } = outcome;
    return { decision: 'refused', reason: cause, limit, reset: new Date(retryAtMs).toISOString() };
  }
  const { permit, limit, remaining, window, resetAtMs } = outcome;
  if (window === null) return { decision: 'admitted', reason: 'without redis', 'gateway.feature': permit.feature };
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

const operations: Readonly<Record<Feature, string>> = {
  chat_completions: 'chat',
  code_completions: 'text_completion',
  embeddings: 'embeddings',
  attribution: 'attribution',
};

/** Name and attributes of a span that begins. */
export type CallSpan = readonly [name: string, attributes: Attributes];

/** The span of the work: how it begins, and what it tells when the work has ended. */
export interface ChargedSpan<Used> {
  readonly begins: CallSpan;
  ends(outcome: Outcome<Used>): readonly [attributes: Attributes, failure: string | null];
}

/** The same for all calls alike. */
const callSpans = new Map<string, CallSpan>();
/** More than models there are: upper and lower case are the caller's. */
const callSpansMax = 1_000;

/** The provider that is called, and its address. */
export interface Called {
  readonly provider: Pick<Call['provider'], 'id' | 'semanticName'>;
  /** As the provider calls it. */
  readonly model: string;
  /** The provider's; null: not told. */
  readonly address: string | null;
}

/** Name and attributes of a provider call before it is sent. */
export function callSpan({ feature }: Permit, called: Called): CallSpan {
  const key = `${feature} ${called.provider.id} ${called.address ?? ''} ${called.model}`;
  let known = callSpans.get(key);
  if (known === undefined) {
    if (callSpans.size >= callSpansMax) callSpans.clear();
    callSpans.set(key, (known = describeCall(feature, called)));
  }
  return known;
}

function describeCall(feature: Feature, { provider, model, address }: Called): CallSpan {
  const operation = operations[feature];
  return [
    `${operation} ${model}`,
    Object.freeze({
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider.semanticName,
      'gen_ai.request.model': model,
      'gateway.feature': feature,
      'gateway.provider': provider.id,
      'server.address': address === null ? null : new URL(address).hostname,
    }),
  ];
}

/** The span of a completion. */
export function completionSpan(permit: Permit, { provider, asked, homes }: Call): ChargedSpan<Usage> {
  const address = homes[0]?.row.baseUrl ?? null;
  return {
    begins: callSpan(permit, { provider, model: asked, address }),
    ends: (outcome) => [outcomeAttributes(outcome), callFailure(outcome)],
  };
}

/** How it went. */
function outcomeAttributes(outcome: Outcome<Usage>): Attributes {
  const usage: Partial<Usage> = outcome.used ?? {};
  return {
    upstreamStatusCode: outcome.upstreamStatus,
    resolvedStatusCode: outcome.resolvedStatus,
    'http.response.status_code': outcome.upstreamStatus > 0 ? outcome.upstreamStatus : null,
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
    'gen_ai.usage.cache_creation.input_tokens': usage.cacheWriteTokens,
    'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
    cancelled: outcome.cancelled ? true : null,
    truncated: outcome.truncated ? true : null,
  };
}

/** A word for a call that was not served whole; null where it was. */
function callFailure({ upstreamStatus, cancelled, truncated }: Outcome<Usage>): string | null {
  if (upstreamStatus < 0) return cancelled ? 'cancelled' : 'no answer';
  if (upstreamStatus >= 300) return String(upstreamStatus);
  return truncated ? 'truncated' : null;
}

/** A quota's threshold was reached; whether it was sent, the notifier's own span tells. */
export function noticeAttributes({ percent, used, limit }: PostedNotice): Attributes {
  return { threshold: percent, used, limit, outcome: 'due' };
}

/** The whole row; it holds no prompt by its shape. @param text the row as JSON */
export function eventAttributes({ name, event_id }: Pick<UsageEvent, 'name' | 'event_id'>, text: string): Attributes {
  return { name, event_id, event: text };
}
