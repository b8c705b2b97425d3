// When a notice about an actor's quota is due. Not the notice itself, nor its way to people (events,
// deliver-notifications).

import type { Permit } from '../auth/auth.ts';
import type { Config } from '../config/config.ts';
import type { NoticeDraft } from '../events/events.ts';
import type { NoticeRule } from '../limiter/limiter.ts';

/** When a notice about this actor is due (by its source), and whom it is about; undefined where none ever is. */
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
