// The function `console`: pages for operators and finance at `/console`, for whom Identity-Aware Proxy lets in. Reads
// only; what stands on a page is shared/src/console.

import { createLookups, type Lookups } from '@cody-gateway/shared/console';
import { createLedger } from '@cody-gateway/shared/events';
import { defineFunction, type Route } from '@cody-gateway/shared/serve';
import { answerPage, notFound } from './answer-page.ts';
import { createGate, type Gate } from './gate.ts';
import { pages } from './pages.ts';

/** A page that is looked at by ten people costs what it costs by one. */
const keptMs = 60_000;

export const handler = await defineFunction(
  'console',
  ({ config }) => {
    const lookups = createLookups({ ledger: createLedger(config), now: Date.now, keptMs });
    return routesOf(lookups, createGate(config));
  },
  { port: 'at once' },
);

function routesOf(lookups: Lookups, gate: Gate): Route[] {
  const known = pages.map(({ path, read }): Route => {
    const handle: Route['handle'] = (exchange) =>
      answerPage(exchange, gate, (asked) => read({ exchange, lookups, asked }));
    return { method: 'GET', path, dialect: 'cody', handle };
  });
  const unknown: Route = {
    method: 'GET',
    path: '/console/{+rest}',
    dialect: 'cody',
    handle: (exchange) => answerPage(exchange, gate, () => Promise.resolve(notFound)),
  };
  return [...known, unknown];
}
