// Loaded into a starting function in front of everything (`--import`): tells when it got how far, in one line on
// stdout. Not loaded where the start is timed.

import diagnostics from 'node:diagnostics_channel';
import path from 'node:path';

/** How that line begins. */
export const coldLine = 'cold start: ';

/** One step, in ms since the process began. */
export interface ColdStep {
  readonly step: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const steps: ColdStep[] = [];
const begun = new Map<object, number>();

const now = (): number => performance.now();
const record = (step: string, fromMs: number, toMs = now()): void => void steps.push({ step, fromMs, toMs });

if (process.env['COLD_PROBE'] === 'on') {
  record('node itself', 0, performance.nodeTiming.bootstrapComplete);
  const loadedMs = now();
  diagnostics.subscribe('tracing:module.import:start', (message) => void begun.set(message as object, now()));
  diagnostics.subscribe('tracing:module.import:asyncEnd', (message) => {
    const { url } = message as { url?: string | URL };
    const file = path.basename(String(url ?? ''));
    const fromMs = begun.get(message as object) ?? now();
    if (file === 'index.js') record('functions-framework loaded', loadedMs, fromMs);
    if (!file.startsWith('node:')) record(file === 'index.js' ? 'our code loaded' : `import ${file}`, fromMs);
  });
  diagnostics.subscribe('tracing:net.server.listen:asyncEnd', () => record('port open', now()));
  diagnostics.subscribe(
    'http.server.request.start',
    (message) => void begun.set((message as { request: object }).request, now()),
  );
  diagnostics.subscribe('http.server.response.finish', (message) => {
    record('request answered', begun.get((message as { request: object }).request) ?? now());
    process.stdout.write(`${coldLine}${JSON.stringify(steps)}\n`);
  });
}
