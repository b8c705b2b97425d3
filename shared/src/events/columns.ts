// The columns of the events table that the code writes: the list that terraform/events/schema.json is checked against
// (scripts/check/columns.ts).

import type { UsageEvent } from './usage-event.ts';

/** A whole row, as it is inserted. */
export type Row = UsageEvent & {
  /** The cost in millionths, as older readers know it. */
  readonly cost_micro_usd: number | null;
};

/** What a column of BigQuery's is called and whether it must have a value, for a member of this type. */
interface ColumnOf<T> {
  readonly type: NonNullable<T> extends number
    ? 'INTEGER'
    : NonNullable<T> extends string
      ? 'STRING' | 'TIMESTAMP'
      : 'JSON';
  /** A member that is never null may have a column that could be. */
  readonly mode: null extends T ? 'NULLABLE' : 'REQUIRED' | 'NULLABLE';
}

/**
 * Every member of a row, by name: one that is missing here, or is of another type, does not compile. Only the columns
 * of the original gateway's own table must have a value: BigQuery adds no column that must to a table that has rows,
 * so ours could not be added to that table.
 */
export const columns = {
  name: { type: 'STRING', mode: 'REQUIRED' },
  source: { type: 'STRING', mode: 'REQUIRED' },
  identifier: { type: 'STRING', mode: 'REQUIRED' },
  created_at: { type: 'TIMESTAMP', mode: 'REQUIRED' },
  metadata: { type: 'JSON', mode: 'NULLABLE' },
  event_id: { type: 'STRING', mode: 'NULLABLE' },
  rank: { type: 'INTEGER', mode: 'NULLABLE' },
  function: { type: 'STRING', mode: 'NULLABLE' },
  region: { type: 'STRING', mode: 'NULLABLE' },
  feature: { type: 'STRING', mode: 'NULLABLE' },
  model: { type: 'STRING', mode: 'NULLABLE' },
  provider: { type: 'STRING', mode: 'NULLABLE' },
  units: { type: 'INTEGER', mode: 'NULLABLE' },
  quota_window: { type: 'STRING', mode: 'NULLABLE' },
  quota_units: { type: 'INTEGER', mode: 'NULLABLE' },
  budget_window: { type: 'STRING', mode: 'NULLABLE' },
  budget_nano_usd: { type: 'INTEGER', mode: 'NULLABLE' },
  feature_budget_window: { type: 'STRING', mode: 'NULLABLE' },
  feature_budget_nano_usd: { type: 'INTEGER', mode: 'NULLABLE' },
  count: { type: 'INTEGER', mode: 'NULLABLE' },
  tokens: { type: 'INTEGER', mode: 'NULLABLE' },
  gateway_ms: { type: 'INTEGER', mode: 'NULLABLE' },
  cost_micro_usd: { type: 'INTEGER', mode: 'NULLABLE' },
  price_version: { type: 'STRING', mode: 'NULLABLE' },
  cost_nano_usd: { type: 'INTEGER', mode: 'NULLABLE' },
  price_rank: { type: 'INTEGER', mode: 'NULLABLE' },
  abandoned_nano_usd: { type: 'INTEGER', mode: 'NULLABLE' },
  home: { type: 'STRING', mode: 'NULLABLE' },
  attempts: { type: 'INTEGER', mode: 'NULLABLE' },
  tags: { type: 'JSON', mode: 'NULLABLE' },
  call_tags: { type: 'JSON', mode: 'NULLABLE' },
  request_bytes: { type: 'INTEGER', mode: 'NULLABLE' },
  response_bytes: { type: 'INTEGER', mode: 'NULLABLE' },
} as const satisfies { readonly [Name in keyof Row]-?: ColumnOf<Row[Name]> };
