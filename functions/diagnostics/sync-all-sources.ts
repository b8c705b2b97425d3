// `/-/actor/sync-all-sources`: the sync by an operator's hand, behind the diagnostics secret. Unlike the original
// gateway it takes the lock, so that two runs never write at once.

import { demandSecret, runSync, type Context, type Route } from '@cody-gateway/shared/serve';
import { answer } from '@cody-gateway/shared/http';

/** Below the function's own time. */
const timeoutMs = 110_000;

/** Any method, as in the original gateway; the run's log lines are the answer. */
export function syncRoutes({ config }: Context): Route[] {
  return [
    {
      method: '*',
      path: '/-/actor/sync-all-sources',
      dialect: 'cody',
      handle: async ({ context, received, scope }) => {
        demandSecret(received, config.diagnosticsSecret);
        const lines: object[] = [];
        const report = await runSync({ context, scope }, timeoutMs, (line) => lines.push(line));
        if (report === null) lines.push({ severity: 'INFO', message: 'no source lists subscriptions' });
        const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
        answer(received, 200, { 'content-type': 'application/x-ndjson' }, text);
      },
    },
  ];
}
