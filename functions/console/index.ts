// The function `console`: pages for operators and finance at `/console`, for whom Identity-Aware Proxy lets in. Reads
// only; what stands on a page is shared/src/console.

import { createLedger } from '@cody-gateway/shared/events';
import { lazyClient } from '@cody-gateway/shared/http';
import { defineFunction, type Route } from '@cody-gateway/shared/serve';
import { createGate } from './gate.ts';

/** No page is loaded at the start: the first visitor waits for that. */
const paths = [
  '/console',
  '/console/customers',
  '/console/customers/{id}',
  '/console/models',
  '/console/functions',
  '/console/requests',
  '/console/{+rest}',
];

export const handler = await defineFunction(
  'console',
  ({ config }) => {
    const gate = createGate(config);
    const site = lazyClient(async () => (await import('./site.ts')).openSite(createLedger(config), gate));
    return paths.map((path): Route => {
      const handle: Route['handle'] = async (exchange) => (await site.open())(exchange, path);
      return { method: 'GET', path, dialect: 'cody', handle };
    });
  },
  { port: 'at once' },
);
