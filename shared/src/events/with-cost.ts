// How a row tells what it cost. Not what that is (catalogue), nor when it is worked out (serve/charged.ts,
// price-row.ts).

import type { PricedCall } from '../catalogue/catalogue.ts';
import type { UsageEvent } from './usage-event.ts';

/**
 * The members of a row that tell its cost. What could not be priced stands in the metadata, so that a report can name
 * it.
 */
export function withCost<Event extends Pick<UsageEvent, 'metadata'>>(
  event: Event,
  { nanoUsd, version, unpriced, estimated }: PricedCall,
): Event & Pick<UsageEvent, 'cost_nano_usd' | 'price_version'> {
  const said = { ...(unpriced.length > 0 && { unpriced_dimensions: unpriced }), ...(estimated && { estimated }) };
  const metadata = Object.keys(said).length === 0 ? event.metadata : { ...event.metadata, ...said };
  return { ...event, metadata, cost_nano_usd: nanoUsd, price_version: version };
}
