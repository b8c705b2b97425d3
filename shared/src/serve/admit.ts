// The part of a charged call that asks the limiter: a lease, or the refusal in the caller's dialect. Not the limits
// (limiter).

import type { Permit } from '../auth/auth.ts';
import { budgetNoticeAbout, refusedEvent, type EventDraft } from '../events/events.ts';
import { Refusal } from '../http/http.ts';
import {
  leaseTimeMs,
  type Admission,
  type CallMoney,
  type Claim,
  type Claimed,
  type Denial,
  type Lease,
} from '../limiter/limiter.ts';
import { StoreUnavailable } from '../store/store.ts';
import { spanNames } from '../telemetry/telemetry.ts';
import type { Exchange } from './exchange.ts';
import { claimedRefusal } from './idempotency.ts';
import { noticeRule } from './notice-rule.ts';
import { denialRefusal } from './rate-limit.ts';
import { admissionAttributes, eventAttributes } from './spans.ts';

/**
 * Reserves units of the permit's quota for the call that the draft tells of; its event id becomes the lease's.
 * @param units that the call is expected to cost
 * @param claim of its Idempotency-Key. Without Redis nobody can tell whether such a call was made before: it is never
 * admitted on trust.
 * @param money of a call with budgets
 * @throws Refusal: the 429 of a denial, 409 or 422 for a key that is taken, or 503 when Redis can't be asked
 */
export async function admit(
  exchange: Exchange,
  permit: Permit,
  draft: EventDraft,
  units: number,
  claim: Claim | null,
  money: CallMoney | undefined,
): Promise<Lease> {
  const { context, scope, budget, dialect } = exchange;
  const { limiter } = context;
  const notice = noticeRule(context.config, permit);
  const admission = {
    leaseId: draft.event_id,
    estimate: units,
    draft: JSON.stringify(draft),
    ...(notice !== undefined && { notice }),
    ...(claim !== null && { claim }),
    ...(money !== undefined && { money }),
  };
  let outcome: Lease | Denial | Claimed;
  try {
    outcome = await scope.span(
      spanNames.admit,
      () => limiter.admit(permit, admission, budget),
      (decided) => admissionAttributes(decided, admission.estimate),
    );
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    if (claim === null && context.outages.admits(permit, units, hardCost(money))) {
      scope.annotate({ admitted: 'without redis' });
      const nowMs = Date.now();
      // Under the same id: if it was applied after all, the task ends that very lease.
      return limiter.admitOnTrust(permit, admission, nowMs, error.sent ? nowMs : null);
    }
    if (error.sent) void withdraw(exchange, permit, admission);
    throw new Refusal('limiter-unavailable', 'rate limits cannot be checked at the moment, please retry', {
      cause: error,
    });
  }
  context.outages.decided(permit, outcome);
  if (outcome.decision === 'admitted') return outcome;
  if (outcome.decision === 'claimed') {
    scope.annotate({ idempotency: outcome.by, first_call: outcome.leaseId });
    throw claimedRefusal(outcome);
  }
  const refused = refusedEvent(draft, outcome);
  const text = JSON.stringify(refused);
  if (outcome.posted !== null) context.outbox.take(outcome.posted, text);
  scope.mark(spanNames.event, () => eventAttributes(refused, text));
  scope.annotate({ denied: outcome.cause });
  const told = outcome.budget?.notice ?? null;
  if (told !== null)
    context.outbox.notify(told, budgetNoticeAbout(told, { trace_id: scope.traceId, span_id: scope.spanId }));
  throw denialRefusal(outcome, permit, dialect);
}

/** What may be spent of hard budgets without asking Redis; null where there is none. */
function hardCost(money: CallMoney | undefined): number | null {
  return money?.budgets.some(({ isHard }) => isHard) === true ? money.cost.worstNanoUsd : null;
}

/** Within the life of a lease nobody holds: after that the sweeper ends it. */
const withdrawalsMax = 3;

/**
 * Whether it was applied is unknown: void it, so that a reservation that did stand is not charged for a call that was
 * never made. Beside the request, never rejects; there are at most as many as commands were on their way when an outage
 * began.
 */
async function withdraw({ context, scope }: Exchange, permit: Permit, admission: Admission): Promise<void> {
  const budget = { leftMs: leaseTimeMs, patient: true };
  for (let tries = 1; ; tries++) {
    try {
      return await context.limiter.withdraw(permit, admission, budget);
    } catch (error) {
      if (tries < withdrawalsMax && budget.leftMs > 0) continue;
      return scope.log(
        'WARNING',
        'Redis did not say whether a call was admitted: the sweeper may charge its estimate',
        {},
        error,
      );
    }
  }
}
