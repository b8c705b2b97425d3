// The function `close-days`: one run a call. Days that are final, and days that changed since they were closed, go
// into the tables that views read.

import { closeDay, createLedger, dueDays } from '@cody-gateway/shared/events';
import { defineFunction } from '@cody-gateway/shared/serve';

/** The first runs over a history work it off, the latest days first. */
const daysMost = 40;
/** No day is begun after this: one takes a minute or two at the most, and the run has fifteen. */
const beginForMs = 8 * 60_000;

export const handler = await defineFunction('close-days', ({ config }) => {
  const ledger = createLedger(config);
  return [
    {
      method: 'POST',
      path: '/',
      dialect: 'cody',
      handle: async ({ scope, json }) => {
        const untilMs = performance.now() + beginForMs;
        const closed: string[] = [];
        const failed: string[] = [];
        // One more than is done tells whether some are left.
        const due = await dueDays(ledger, daysMost + 1);
        for (const one of due.slice(0, daysMost)) {
          if (performance.now() > untilMs) break;
          try {
            await closeDay(ledger, one);
            closed.push(one.day);
          } catch (error) {
            failed.push(one.day);
            const reason = error instanceof Error ? error.message : String(error);
            scope.log('ERROR', `the day ${one.day} could not be closed, the next run tries again: ${reason}`, {});
          }
        }
        const report = { closed, failed, left: due.length - closed.length - failed.length };
        scope.annotate({ close_days: report });
        json(failed.length === 0 ? 200 : 500, report);
      },
    },
  ];
});
