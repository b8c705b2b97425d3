// Which of the subscriptions that a list lacks are gone. A handful is believed; where more are missing, each is asked
// for by itself: a faulty list must lock nobody out, and what is really gone must not stay for ever.

import type { AccessSource } from '../sources/access-source.ts';
import type { SourceList } from './source-list.ts';
import type { SyncTrace } from './sync-trace.ts';

/** So few are always believed: a share means nothing for a handful. */
const missingAlways = 5;
/** Questions about single subscriptions in one run; the next run asks about others. */
const questionsMax = 200;
const questionsAtOnce = 4;
/** A source that failed so often is asked no more until the next run. */
const failuresMax = 5;
/** How often a run comes: by this the questions move on through the missing ones. */
const runEveryMs = 120_000;

/** What is to be judged. */
export interface MissingFromList {
  /** Ids that the directory has from this source and the list lacks; at least one. */
  readonly missing: readonly string[];
  /** How many the directory has. */
  readonly known: number;
  readonly list: SourceList;
  readonly source: Pick<AccessSource, 'findById'>;
  readonly percentMax: number;
  readonly nowMs: number;
}

/**
 * Those that are to be taken off; the others keep what they have. Tells an operator where too many are missing.
 * @throws what ended the signal
 */
export async function goneOf(
  { missing, known, list, source, percentMax, nowMs }: MissingFromList,
  trace: Pick<SyncTrace, 'log'>,
  held: AbortSignal,
): Promise<readonly string[]> {
  // A record without a name may be any of the missing.
  const whole = list.listed > 0 && !list.unreadable.has('');
  if (whole && missing.length <= Math.max(missingAlways, Math.floor((known * percentMax) / 100))) return missing;
  const fields = { missing: missing.length, known, listed: list.listed, percent_max: percentMax };
  // A source that has nobody at all would say of each one that it is gone.
  if (source.findById === null || list.listed === 0) {
    trace.log(
      'ERROR',
      'the source’s list lacks so many subscriptions that it is taken for faulty: none is removed (runbook subscriptions-sync)',
      fields,
    );
    return [];
  }
  const { gone, asked, failed } = await askSingly(source.findById, missing, nowMs, held);
  const kept = missing.length - gone.length;
  trace.log(
    kept > 0 ? 'ERROR' : 'WARNING',
    'the source’s list lacks so many subscriptions that each was asked for by itself: removed are those that the source says are gone, the others stay (runbook subscriptions-sync)',
    { ...fields, asked, gone: gone.length, kept, failed },
  );
  return gone;
}

async function askSingly(
  findById: NonNullable<AccessSource['findById']>,
  missing: readonly string[],
  nowMs: number,
  held: AbortSignal,
): Promise<{ gone: string[]; asked: number; failed: number }> {
  const start = (Math.floor(nowMs / runEveryMs) * questionsMax) % missing.length;
  const questions = [...missing.slice(start), ...missing.slice(0, start)].slice(0, questionsMax);
  const gone: string[] = [];
  let asked = 0;
  let failed = 0;
  const ask = async (): Promise<void> => {
    for (;;) {
      const id = questions[asked];
      if (id === undefined || failed >= failuresMax) return;
      held.throwIfAborted();
      asked += 1;
      try {
        if ((await findById(id)) === null) gone.push(id);
      } catch {
        // Whatever it was, it is no definite answer. It is counted and reported.
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: questionsAtOnce }, ask));
  return { gone, asked, failed };
}
