// The function `sweep-leases`: one run of the sweeper a call, its report as the answer.

import { tasksClient } from '@cody-gateway/shared/events';
import { createSweep, defineFunction } from '@cody-gateway/shared/serve';

export const handler = await defineFunction(
  'sweep-leases',
  (context) => {
    const sweep = createSweep(context);
    return [
      {
        method: 'POST',
        path: '/',
        dialect: 'cody',
        handle: async ({ scope, json }) => {
          const report = await sweep((request) => scope.link(request));
          scope.annotate({ sweep: report });
          json(report.failed === 0 ? 200 : 500, report);
        },
      },
    ];
  },
  // Events that instances could not deliver leave by Google's own client: nobody waits for its slow start.
  { tasks: tasksClient },
);
