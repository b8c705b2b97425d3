// One run of the sync of subscriptions, by the clock or by an operator: its steps as spans, its lines in the log. What
// it does is the directory's.

import {
  createSync,
  SourceUnavailable,
  type SubscriptionSync,
  type SyncReport,
  type SyncTrace,
} from '../directory/directory.ts';
import { Refusal } from '../http/http.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Exchange } from './exchange.ts';

/** One a process, made by its first run: it keeps the tokens that it asks its source with. */
const syncs = new WeakMap<Context, SubscriptionSync | null>();

function syncOf(context: Context): SubscriptionSync | null {
  const known = syncs.get(context);
  if (known !== undefined) return known;
  const { config, store, documents } = context;
  const made = createSync({ config, store, documents, now: Date.now });
  syncs.set(context, made);
  return made;
}

/**
 * Runs it once; null where no source lists subscriptions.
 * @param timeoutMs then it is cut off; the next run goes on
 * @param tell gets each line that goes to the log
 * @throws Refusal directory-unavailable: what was written until then stands
 */
export async function runSync(
  { context, scope }: Pick<Exchange, 'context' | 'scope'>,
  timeoutMs: number,
  tell: (line: Readonly<Record<string, string | number | boolean>>) => void = () => undefined,
): Promise<SyncReport | null> {
  const sync = syncOf(context);
  if (sync === null) return null;
  const log: SyncTrace['log'] = (severity, message, fields) => {
    scope.log(severity, message, fields);
    tell({ severity, message, ...fields });
  };
  const trace: SyncTrace = { step: (name, work) => scope.span(`sync.${name}`, work), log };
  try {
    const report = await sync.run(trace, AbortSignal.timeout(timeoutMs));
    log('INFO', report.skipped ? 'another sync is running' : 'subscriptions are in sync', { ...report });
    scope.annotate({ sync: report });
    return report;
  } catch (error) {
    const known = error instanceof SourceUnavailable || error instanceof StoreUnavailable;
    throw new Refusal(
      'directory-unavailable',
      `subscriptions could not be brought in sync${known ? `: ${error.message}` : ''}`,
      { cause: error },
    );
  }
}
