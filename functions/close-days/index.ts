// The function `close-days`: one run a call. Days that are final, and days that changed since they were closed, go
// into the tables that views read; what else needs the ledger once an hour stands in the files beside this one.

import { setTimeout as wait } from 'node:timers/promises';
import { closeDay, createLedger, dueDays, type Ledger } from '@cody-gateway/shared/events';
import { defineFunction, reconcileWhenDue, type Context, type Exchange } from '@cody-gateway/shared/serve';
import type { Scope } from '@cody-gateway/shared/telemetry';
import { sendMonthLetter } from './month-letter.ts';
import { tellSpend } from './tell-spend.ts';

/** Where a history waits to be closed, the first runs work it off, the latest days first. */
const daysMost = 40;
/** No day is begun after this: one takes a minute or two at the most, and the run has fifteen. */
const beginForMs = 8 * 60_000;
/** For one step of a walk over all counters; nobody waits for it. */
const redisBudgetMs = 5_000;

export const handler = await defineFunction('close-days', (context) => {
  const ledger = createLedger(context.config);
  return [{ method: 'POST', path: '/', dialect: 'cody', handle: (exchange) => runOnce(exchange, ledger) }];
});

async function runOnce({ context, scope, json }: Exchange, ledger: Ledger): Promise<void> {
  const untilMs = performance.now() + beginForMs;
  const beside = await runBeside(context, scope, ledger);
  const closed: string[] = [];
  const failed: string[] = [];
  // Asking for one more than is done tells whether some are left.
  const due = await dueDays(ledger, daysMost + 1);
  for (const one of due.slice(0, daysMost)) {
    if (performance.now() > untilMs) break;
    try {
      await closeDay(ledger, one);
      closed.push(one.day);
    } catch (error) {
      failed.push(one.day);
      scope.log('ERROR', `the day ${one.day} could not be closed, the next run tries again: ${wordsOf(error)}`, {});
    }
  }
  const report = { closed, failed, left: due.length - closed.length - failed.length, ...beside };
  scope.annotate({ close_days: report });
  json(failed.length === 0 && beside.unfinished.length === 0 ? 200 : 500, report);
}

/** Work that does not depend on the days: a failure of one does not keep the others from being done. */
async function runBeside(context: Context, scope: Scope, ledger: Ledger) {
  const { config, store, documents, noticeQueue } = context;
  const budget = () => ({ leftMs: redisBudgetMs });
  const places = { ledger, store, documents, timeZone: config.billingTimeZone, nowMs: Date.now(), budget };
  const unfinished: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      unfinished.push(what);
      scope.log('ERROR', `${what} failed, the next run tries again: ${wordsOf(error)}`, { unfinished: what });
      return null;
    }
  };
  const budgets = await attempt('the reconciliation of budgets', () => reconcileWhenDue(places, (ms) => wait(ms)));
  if (budgets !== null && budgets.raised > 0)
    scope.log(
      'WARNING',
      'counters of budgets were below the ledger and were raised: Redis had lost what was spent (runbook redis-failover)',
      { reconciled: budgets },
    );
  const findings = await attempt('the look at what is spent', () =>
    tellSpend({ ...places, catalogue: context.catalogue, config }, scope),
  );
  const letter = await attempt('the month’s letter', () =>
    sendMonthLetter({ ...places, noticeQueue, consoleUrl: config.consoleUrl }),
  );
  return { budgets, findings, letter, unfinished };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
