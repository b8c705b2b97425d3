// The name of a caller on the console's pages, and the link to the caller's own page. Not what stands on it (customer).

import type { Link } from './page.ts';

/** The source of subscriptions, as events have it. */
export const subscriptions = 'dotcom-product-subscriptions';

/** By name where one is known. @param names of subscriptions by id */
export function customerLink(
  source: string | null,
  id: string | null,
  names: ReadonlyMap<string, string>,
): Link | string {
  if (id === null) return 'nobody';
  const text = customerName(source, id, names);
  if (source === null || source === subscriptions)
    return { text, href: `/console/customers/${encodeURIComponent(id)}` };
  return { text, href: `/console/customers/${encodeURIComponent(id)}?source=${encodeURIComponent(source)}` };
}

/** The name alone. */
export function customerName(source: string | null, id: string, names: ReadonlyMap<string, string>): string {
  if (source === null || source === subscriptions) return names.get(id) ?? id;
  return source === 'dotcom-user' ? `Sourcegraph.com user ${id}` : `${source} ${id}`;
}
