// How long a call may take, by who asked and what is asked. Not the timers (send.ts).

import type { Config } from '../config/config.ts';
import type { Call } from './call.ts';

/** The three deadlines of a call in ms. */
export type Deadlines = Pick<Config, 'headersTimeoutMs' | 'idleTimeoutMs' | 'totalTimeoutMs'>;

/**
 * A model that thinks says nothing for minutes, and the headers of a whole answer come with its last token: both may
 * take all the time that the call has. Silence is a fault only where it can't be work: in streams of models that are
 * known not to think. On paths of instances, whole answers of such models keep the wait of the original gateway.
 */
export function deadlinesOf({ stream, forInstances, model }: Call, settings: Deadlines): Deadlines {
  const thinks = model?.row.reasons !== false;
  const isAwaited = !stream && !forInstances;
  const { headersTimeoutMs, idleTimeoutMs, totalTimeoutMs } = settings;
  return {
    headersTimeoutMs: thinks || isAwaited ? totalTimeoutMs : headersTimeoutMs,
    idleTimeoutMs: thinks || isAwaited ? totalTimeoutMs : idleTimeoutMs,
    totalTimeoutMs,
  };
}
