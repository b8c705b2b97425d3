// Composes the usage events of a request out of what the rooms know. The shapes are events' own, the keys those of spec actors §6.3.

import { randomUUID } from 'node:crypto';
import type { AccessEvent, Actor, Feature, Permit } from '../auth/auth.ts';
import type { Config } from '../config/config.ts';
import { withNotice, type EventDraft, type Notice, type NoticeDraft, type UsageEvent } from '../events/events.ts';
import type { NoticeRule, Posted, PostedNotice } from '../limiter/limiter.ts';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Call, Flagging, Usage } from '../upstream/upstream.ts';

/** How a call went, for its event. */
export interface Outcome {
  /** The provider's status; -1 when it never answered (the reference's value, design D17). */
  readonly upstreamStatus: number;
  /** The status that the caller got; -1 when it left before one was written. */
  readonly resolvedStatus: number;
  /** From the call to the provider until the end of its body. */
  readonly upstreamDurationMs: number;
  /** What of the request was not the provider's, up to its settlement. */
  readonly gatewayMs: number;
  /** Null unless the provider answered 2xx. */
  readonly usage: Usage | null;
  /** The caller left. */
  readonly cancelled: boolean;
  /** The provider's answer broke off, or ended without its end mark. */
  readonly truncated: boolean;
}

/** What is known before admission: written as it is when the holder dies or the call is refused. */
export function draftEvent(
  config: Config,
  id: string,
  permit: Permit,
  call: Call,
  flagging: Flagging | null,
  callerIds: CallerIds,
  scope: Scope,
): EventDraft {
  const { actor, feature, model } = permit;
  return {
    name: 'CompletionsFinished',
    source: actor.source,
    identifier: actor.id,
    created_at: new Date().toISOString(),
    metadata: {
      ...call.eventExtras,
      feature,
      model,
      provider: call.provider,
      sg_actor_id: callerIds.uid,
      sg_actor_anonymous_uid: callerIds.anonymousUid,
      'sg.actor': {},
      trace_id: scope.traceId,
      span_id: scope.spanId,
      ...(flagging !== null && flaggedMetadata(flagging)),
    },
    event_id: id,
    function: config.functionName,
    region: config.region,
    feature,
    model,
    provider: call.provider,
  };
}

/** What is known of a call whose body was not parsed. */
export function undescribedDraft(
  config: Config,
  actor: Actor,
  feature: Feature,
  callerIds: CallerIds | null,
  scope: Scope,
): EventDraft {
  const ids = callerIds !== null && { sg_actor_id: callerIds.uid, sg_actor_anonymous_uid: callerIds.anonymousUid };
  return { ...bare(config, scope, 'RateLimited', actor.source, actor.id, { feature, ...ids }), feature };
}

/** Ids that the instance sends along for its own user (spec completions §1.4); empty where it sends none. */
export interface CallerIds {
  readonly uid: string;
  readonly anonymousUid: string;
}

/** The whole event of a call that ended, without what only the limiter knows (quota_window, quota_units). */
export function finishedEvent(
  draft: EventDraft,
  call: Call,
  outcome: Outcome,
  units: number,
): Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count'> {
  const { usage } = outcome;
  return {
    ...draft,
    created_at: new Date().toISOString(),
    metadata: {
      ...draft.metadata,
      ...usageMetadata(call, usage),
      upstream_request_duration_ms: Math.round(outcome.upstreamDurationMs),
      upstream_status_code: outcome.upstreamStatus,
      resolved_status_code: outcome.resolvedStatus,
      ...(outcome.cancelled && { cancelled: true }),
      ...(outcome.truncated && { truncated: true }),
    },
    rank: 1,
    units,
    tokens:
      usage === null || (usage.inputTokens === null && usage.outputTokens === null)
        ? null
        : (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0),
    gateway_ms: Math.round(outcome.gatewayMs),
  };
}

/** The row of a settled event: with what the limiter kept of it. */
export function postedEvent(
  event: Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count'>,
  posted: Posted,
): UsageEvent {
  const metadata = withNotice(event.metadata, posted.noticed ?? 0);
  return { ...event, metadata, quota_window: posted.window, quota_units: posted.kept, count: 1 };
}

/** When a notice about this actor is due (spec actors §5: by source), and whom it is about; undefined where none ever is. */
export function noticeRule(config: Config, { actor, feature }: Permit): NoticeRule | undefined {
  // Nobody buys it: its limit is against misuse alone.
  if (feature === 'attribution') return undefined;
  const thresholds = {
    'dotcom-product-subscriptions': config.subscriptionThresholds,
    'dotcom-user': config.userThresholds,
    anonymous: [],
  }[actor.source];
  if (thresholds.length === 0) return undefined;
  const draft: NoticeDraft = { source: actor.source, identifier: actor.id, name: actor.name, feature };
  return { thresholds, draft: JSON.stringify(draft) };
}

/** The notice that a settlement caused, as its task carries it, with the request that did. */
export function postedNotice(
  { window, percent, used, limit, resetAtMs, draft }: PostedNotice,
  { traceId, spanId }: Pick<Scope, 'traceId' | 'spanId'>,
): Notice {
  return {
    id: `${window}-${percent}`,
    ...(JSON.parse(draft) as NoticeDraft),
    percent,
    used,
    limit,
    reset_at_ms: resetAtMs,
    trace_id: traceId,
    span_id: spanId,
  };
}

/** The usage keys: unknown ones are left out; a call that the provider did not serve has zeros, as readers expect (spec completions §4.1). */
function usageMetadata(call: Call, usage: Usage | null): Record<string, number> {
  if (usage === null)
    return {
      prompt_character_count: 0,
      prompt_token_count: 0,
      completion_character_count: 0,
      completion_token_count: 0,
    };
  const known: Record<string, number | null> = {
    prompt_character_count: call.promptCharacters,
    prompt_token_count: usage.inputTokens,
    completion_character_count: usage.completionCharacters,
    completion_token_count: usage.outputTokens,
    cache_read_token_count: usage.cacheReadTokens,
    cache_write_token_count: usage.cacheWriteTokens,
    reasoning_token_count: usage.reasoningTokens,
  };
  return Object.fromEntries(Object.entries(known).filter((entry): entry is [string, number] => entry[1] !== null));
}

/** `AccessDenied` or `Unauthorized`: an event of a request that got no further than its token. */
export function accessEvent(config: Config, event: AccessEvent, scope: Scope): UsageEvent {
  return bare(
    config,
    scope,
    event.name,
    event.source,
    event.identifier,
    event.reason === null ? {} : { reason: event.reason },
  );
}

/** `RateLimited` of a blocked account (a limit of exactly 1, design D11), which never reaches the limiter. */
export function bannedEvent(config: Config, permit: Permit, callerIds: CallerIds, scope: Scope): UsageEvent {
  const { actor, feature } = permit;
  const metadata = {
    error: 'completions access has not been granted',
    feature,
    cause: 'quota',
    sg_actor_id: callerIds.uid,
    sg_actor_anonymous_uid: callerIds.anonymousUid,
  };
  return { ...bare(config, scope, 'RateLimited', actor.source, actor.id, metadata), feature };
}

/** `RequestBlocked`: a request that never reached the limiter. Unknown counts are -1, absent ones 0, as in the reference (design D17). */
export function blockedEvent(
  config: Config,
  { actor, feature, model }: Permit,
  { provider }: Call,
  flagging: Flagging,
  callerIds: CallerIds,
  scope: Scope,
): UsageEvent {
  const metadata = {
    ...flaggedMetadata(flagging),
    feature,
    model,
    provider,
    prompt_token_count: flagging.promptTokens ?? -1,
    max_tokens_to_sample: flagging.maxTokens ?? 0,
    sg_actor_id: callerIds.uid,
    sg_actor_anonymous_uid: callerIds.anonymousUid,
  };
  return {
    ...bare(config, scope, 'RequestBlocked', actor.source, actor.id, metadata),
    feature,
    model,
    provider,
  };
}

/** Of the pattern, which is the operator's own, the first five characters; of the prompt nothing (design D12). */
function flaggedMetadata({ reasons, shouldBlock, blockedPhrase }: Flagging): Record<string, unknown> {
  return {
    flagged: true,
    flagging_result: {
      reason: reasons,
      should_block: shouldBlock,
      ...(blockedPhrase !== null && { blocked_phrase: Array.from(blockedPhrase).slice(0, 5).join('') }),
    },
  };
}

function bare(
  config: Config,
  scope: Scope,
  name: UsageEvent['name'],
  source: string,
  identifier: string,
  metadata: object,
): UsageEvent {
  return {
    name,
    source,
    identifier,
    created_at: new Date().toISOString(),
    metadata: { ...metadata, 'sg.actor': {}, trace_id: scope.traceId, span_id: scope.spanId },
    event_id: randomUUID(),
    rank: 1,
    function: config.functionName,
    region: config.region,
    feature: null,
    model: null,
    provider: null,
    units: 0,
    quota_window: null,
    quota_units: 0,
    count: 1,
    tokens: null,
    gateway_ms: null,
  };
}
