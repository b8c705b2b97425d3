// Sends the letter about the last month once, in the first days of a month: by the queue of notices, whose function
// keeps the mark that it was sent.

import { createHash } from 'node:crypto';
import { calendarWindows, findSubscription } from '@cody-gateway/shared/directory';
import type { Documents } from '@cody-gateway/shared/documents';
import {
  createNoticeMarks,
  letterId,
  monthSums,
  type Ledger,
  type MonthLetter,
  type TaskQueue,
} from '@cody-gateway/shared/events';
import type { Store, TimeBudget } from '@cody-gateway/shared/store';
import { spentBudgets } from './budget-pace.ts';

/** Days in which it is still tried: the first runs may fail. */
const tryDays = 3;

/** Where it is made, and how it leaves. */
export interface LetterPlaces {
  readonly ledger: Ledger;
  readonly store: Store;
  readonly documents: Documents;
  /** Null: nobody takes it, and nobody makes it. */
  readonly noticeQueue: TaskQueue | null;
  readonly timeZone: string;
  readonly consoleUrl: string | null;
  readonly nowMs: number;
  readonly budget: () => TimeBudget;
}

/** @returns the month that it told of; null: none was due. @throws where it could not be made or sent */
export async function sendMonthLetter(places: LetterPlaces): Promise<string | null> {
  const { ledger, store, documents, noticeQueue, timeZone, consoleUrl, nowMs, budget } = places;
  const [day] = calendarWindows('day', nowMs, timeZone);
  const [running] = calendarWindows('month', nowMs, timeZone);
  if (noticeQueue === null || day === undefined || running === undefined || running.endMs === null) return null;
  if (Number(day.name.slice(8)) > tryDays) return null;
  const [month] = calendarWindows('month', running.startMs - 1, timeZone);
  const [before] = calendarWindows('month', (month?.startMs ?? 0) - 1, timeZone);
  if (month === undefined || before === undefined) return null;
  const id = letterId(month.name);
  if (await createNoticeMarks(store, budget).isSent(id)) return null;
  const sums = await monthSums(ledger, { month: month.name, before: before.name });
  if (sums === null) return null;
  const own = (await spentBudgets(places, running.startMs - 1)).filter(({ scope }) => scope === 'subscription');
  const sum = (of: (one: (typeof own)[number]) => number): number => own.reduce((all, one) => all + of(one), 0);
  const letter: MonthLetter = {
    kind: 'month-letter',
    id,
    month: month.name,
    before: before.name,
    ...sums,
    budgets: {
      count: own.length,
      limit_nano_usd: sum(({ limitNanoUsd }) => limitNanoUsd),
      used_nano_usd: sum(({ usedNanoUsd }) => usedNanoUsd),
      used_up: own.filter(({ usedNanoUsd, limitNanoUsd }) => usedNanoUsd >= limitNanoUsd).length,
    },
    changes: await Promise.all(
      sums.changes.map(async (change) => ({ ...change, name: await nameOf(documents, change) })),
    ),
    console_url: consoleUrl,
    until_ms: running.endMs,
  };
  await noticeQueue.create(JSON.stringify(letter), createHash('sha256').update(id).digest('hex'));
  return month.name;
}

async function nameOf(
  documents: Documents,
  { source, identifier }: { readonly source: string; readonly identifier: string },
): Promise<string | null> {
  if (source !== 'dotcom-product-subscriptions') return null;
  const entry = await findSubscription(documents, identifier);
  return entry === null || 'fault' in entry || entry.record.name === '' ? null : entry.record.name;
}
