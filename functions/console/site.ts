// All pages of the console as one thing, which is loaded by the first who looks. Not their paths (index.ts), nor what
// stands on them (pages.ts).

import { createLookups } from '@cody-gateway/shared/console';
import type { Ledger } from '@cody-gateway/shared/events';
import type { Exchange } from '@cody-gateway/shared/serve';
import { answerPage, notFound } from './answer-page.ts';
import type { Gate } from './gate.ts';
import { pages } from './pages.ts';

/** Answers at a path of index.ts; at one without a page it says so. */
export type Site = (exchange: Exchange, path: string) => Promise<void>;

/** A page that ten people look at costs as much as for one. */
const keptMs = 60_000;

export function openSite(ledger: Ledger, gate: Gate): Site {
  const lookups = createLookups({ ledger, now: Date.now, keptMs });
  return (exchange, path) =>
    answerPage(exchange, gate, async (asked) => {
      const read = pages[path];
      return read === undefined ? notFound : read({ exchange, lookups, asked });
    });
}
