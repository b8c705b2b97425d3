// The row of what an operator does to a budget: a grant, a refund, a reset. Calls' rows are usage-event.ts's.

import { unmeasured, type EndedEvent } from './usage-event.ts';

/** What happened, and to whose budget. */
export interface BudgetFacts {
  readonly name: 'BudgetGranted' | 'BudgetRefunded' | 'BudgetReset';
  readonly eventId: string;
  readonly atMs: number;
  readonly source: string;
  readonly identifier: string;
  /** Null: the budget of the whole. */
  readonly feature: string | null;
  readonly tags: readonly string[];
  /** Amounts, windows and the reason; nothing that a customer wrote. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The event as it goes into the outbox: it costs nothing, and what it moved the budget's columns say. */
export function budgetEvent({ name, eventId, atMs, source, identifier, feature, tags, metadata }: BudgetFacts): string {
  const event: EndedEvent = {
    name,
    source,
    identifier,
    created_at: new Date(atMs).toISOString(),
    metadata,
    event_id: eventId,
    rank: 1,
    function: 'operator',
    region: '',
    feature,
    model: null,
    provider: null,
    units: 0,
    ...unmeasured,
    tags: tags.length === 0 ? null : tags,
    call_tags: null,
  };
  return JSON.stringify(event);
}
