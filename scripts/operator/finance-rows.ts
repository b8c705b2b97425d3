// Rows of the ledger as one table of everything that finance can use. Never a prompt: the question takes none.

import { csvField, exactDollars } from '@cody-gateway/shared/console';
import { dayBounds, type BillingMonth } from './billing-month.ts';
import { textOf, wholeOf, type Customers, type Row } from './ledger-row.ts';

const dayFinalAfterMs = 48 * 3_600_000;

/** A column and what stands in it. */
type Column = readonly [name: string, of: (row: Row) => string];

const text = (name: string, column = name): Column => [name, (row) => csvField(textOf(row, column) ?? '')];
const whole = (name: string, column = name): Column => [name, (row) => String(wholeOf(row, column))];
const dollars = (name: string, column: string): Column => [name, (row) => exactDollars(wholeOf(row, column))];

/** All of them, in their order. Money is in dollars, to the billionth. */
export function financeColumns(month: BillingMonth, customers: Customers, nowMs: number): readonly Column[] {
  const customer = (of: (source: string | null, id: string) => string) => (row: Row) => {
    const id = textOf(row, 'identifier');
    return id === null ? '' : csvField(of(textOf(row, 'source'), id));
  };
  const isFinal = (row: Row): string => {
    const [, end] = dayBounds(textOf(row, 'day') ?? '', month.timeZone);
    return String(Date.parse(end) + dayFinalAfterMs <= nowMs);
  };
  return [
    text('day'),
    ['final', isFinal],
    text('source'),
    text('customer_id', 'identifier'),
    ['customer_name', customer((source, id) => customers.name(source, id))],
    ['customer_tags', customer((source, id) => customers.tags(source, id).join(' '))],
    text('function'),
    text('region'),
    text('event', 'name'),
    text('outcome'),
    text('feature'),
    text('provider'),
    text('model'),
    text('home'),
    whole('requests', 'events'),
    whole('attempts'),
    whole('units'),
    whole('quota_units'),
    whole('tokens'),
    whole('input_tokens'),
    whole('output_tokens'),
    whole('cache_read_tokens'),
    whole('cache_write_tokens'),
    dollars('cost_usd', 'cost_nano_usd'),
    dollars('of_it_unconfirmed_usd', 'unconfirmed_nano_usd'),
    dollars('of_it_estimated_usd', 'estimated_nano_usd'),
    dollars('beside_it_abandoned_usd', 'abandoned_nano_usd'),
    whole('requests_without_price', 'unpriced'),
    whole('requests_partly_without_price', 'partly_unpriced'),
    whole('request_bytes'),
    whole('response_bytes'),
  ];
}
