// The function `sync-subscriptions`: one run of the sync a call, its report as the answer.

import { defineFunction, runSync, type Route } from '@cody-gateway/shared/serve';

/** Below the function's own time; what is not written by then the next run writes. */
const timeoutMs = 270_000;

const sync: Route = {
  method: 'POST',
  path: '/',
  dialect: 'cody',
  handle: async ({ context, scope, json }) => {
    const report = await runSync({ context, scope }, timeoutMs);
    if (report === null) return json(200, { sources: 0 });
    // The scheduler must see it as a failure too, so that somebody looks.
    json(report.withheld > 0 || report.unreadable > 0 ? 500 : 200, report);
  },
};

export const handler = await defineFunction('sync-subscriptions', () => [sync]);
