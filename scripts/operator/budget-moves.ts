// `budgets grant | refund | reset`: what moves a budget besides calls. Each is an audit record, and a row of the ledger
// that is written in the same step as the counter it moves.

import { randomUUID } from 'node:crypto';
import { dollarBudget } from '@cody-gateway/shared/auth';
import { nanoUsdIn, nanoUsdOf } from '@cody-gateway/shared/catalogue';
import {
  budgetWindows,
  grantBudget,
  resetBudget,
  statedBudget,
  type BudgetScope,
  type BudgetWindow,
} from '@cody-gateway/shared/directory';
import { audited } from '@cody-gateway/shared/documents';
import { budgetEvent, type BudgetFacts } from '@cody-gateway/shared/events';
import { correctBudget, readBudgets, type Corrected } from '@cody-gateway/shared/limiter';
import { StoreUnavailable, type Store } from '@cody-gateway/shared/store';
import { oneLine } from '@cody-gateway/shared/telemetry';
import {
  accountHelp,
  accountOf,
  billingZone,
  readAll,
  readScope,
  scopeHelp,
  scopeText,
  timeText,
  usd,
  withZone,
  zoneHelp,
  type BudgetAccount,
} from './budget-account.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { patience, redisHelp, withCopies, withRedis } from './redis.ts';
import { inForce } from './subscription-changes.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';

const tries = 3;

export const budgetMoveCommands: readonly Command[] = [
  {
    name: 'budgets grant',
    summary: 'dollars on top of a budget, until an end',
    help: `usage: npm run gateway -- budgets grant <subscription> --usd <dollars> [--until <time>] [--feature <feature>] --reason <text>
                                      [--project <id>] [--json]

${accountHelp}${scopeHelp}  --usd            dollars, such as 50 or 12.50
  --until          a day or a time in UTC, such as 2026-12-31 or 2026-12-31T18:00:00Z: each window until then has that much more.
                   Without it the grant ends with the window that runs, or never for a budget for life
${reasonHelp}${whereHelp}${zoneHelp}${redisHelp}
examples:
  npm run gateway -- budgets grant acme --usd 50 --reason "the month's demo"
  npm run gateway -- budgets grant acme --usd 20 --until 2027-02-01 --feature chat --reason "ticket 4711"
`,
    run: async (args) => {
      const names = ['usd', 'until', 'feature', 'reason', 'project'] as const;
      const { options, words } = readArguments(args, names, ['<subscription>']);
      const scope = readScope(options.feature);
      const dollars = readDollars(options.usd);
      const nowMs = Date.now();
      const end = readEnd(options.until, nowMs);
      const deployment = await deploymentOf(options.project);
      const account = await accountOf(deployment, words[0] ?? '');
      const zone = await billingZone(deployment);
      const window = runningWindow(account, scope, { nowMs, timeZone: zone.timeZone });
      const until = end ?? (window.endMs === null ? null : new Date(window.endMs).toISOString());
      const author = await readAuthor(options.reason, deployment);
      const grant = { id: randomUUID(), usd: dollars, until, why: author.why };
      const { published } = await withRedis(deployment, async (store) => {
        // A Redis that does not answer is found out before anything is written.
        await readAll(store, account, { nowMs, timeZone: zone.timeZone });
        const changed = await withCopies(deployment, (copies) =>
          withDirectory(deployment, (directory) =>
            grantBudget(directory, copies, account.id, scope, grant, nowMs, author),
          ),
        );
        const metadata = { amount_nano_usd: nanoUsdOf(dollars), until, reason: author.why };
        const facts = { name: 'BudgetGranted', eventId: grant.id, atMs: nowMs, metadata } as const;
        await move(store, account, { scope, window, byNanoUsd: 0, facts }, 'the grant holds');
        return changed;
      });
      return withZone(
        {
          text: `${usd(nanoUsdOf(dollars))} on top of the budget of ${oneLine(account.record.name)} for ${scopeText(scope)} until ${until === null ? 'it is taken away' : timeText(Date.parse(until))}\n${inForce(published)}`,
          json: { place: deployment.name, id: account.owner.id, scope, grant, window: window.name, published },
        },
        zone,
      );
    },
  },
  {
    name: 'budgets refund',
    summary: 'gives back what was used of the window that runs',
    help: `usage: npm run gateway -- budgets refund <subscription> --usd <dollars> [--feature <feature>] --reason <text> [--project <id>] [--json]

${accountHelp}${scopeHelp}  --usd            dollars, such as 5 or 0.75
${reasonHelp}${whereHelp}
The use of the window that runs becomes that much less, at once, in one step with the row of the ledger that says so. A call
counts in two budgets where both are set: refund each. What the provider billed stays what it was. More than was used is
refused: budgets grant puts dollars on top.
${zoneHelp}${redisHelp}
example:
  npm run gateway -- budgets refund acme --usd 5 --reason "incident 12"
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['usd', 'feature', 'reason', 'project'], ['<subscription>']);
      const scope = readScope(options.feature);
      const dollars = readDollars(options.usd);
      const nowMs = Date.now();
      const deployment = await deploymentOf(options.project);
      const account = await accountOf(deployment, words[0] ?? '');
      const zone = await billingZone(deployment);
      const window = runningWindow(account, scope, { nowMs, timeZone: zone.timeZone });
      const author = await readAuthor(options.reason, deployment);
      const byNanoUsd = -nanoUsdOf(dollars);
      const change = `${scope}: ${dollars} dollars given back in window ${window.name}`;
      const eventId = randomUUID();
      const metadata = { amount_nano_usd: byNanoUsd, reason: author.why };
      const facts = { name: 'BudgetRefunded', eventId, atMs: nowMs, metadata } as const;
      const done = await withRedis(deployment, (store) =>
        withDirectory(deployment, (directory) =>
          audited(directory, author, { what: 'budgets refund', subject: subjectOf(account), change }, async (tell) => {
            const moved = await move(store, account, { scope, window, byNanoUsd, facts }, null);
            if (moved.outcome === 'short') tell(null);
            return moved;
          }),
        ),
      );
      if (done.outcome === 'short') throw new Error(tooMuch(account, scope, window, done.settledNanoUsd));
      const used = done.outcome === 'corrected' ? done.settledNanoUsd : null;
      const closed = await isClosed(deployment, account, scope, window, zone.timeZone);
      return withZone(
        {
          text: `${usd(-byNanoUsd)} given back to ${oneLine(account.record.name)} for ${scopeText(scope)} in window ${window.name}${used === null ? '' : `, which has used ${usd(used)} now`}${closed ? '. Somebody began that window anew meanwhile: what is given back counts in it, and not in the one that runs' : ''}`,
          json: {
            place: deployment.name,
            id: account.owner.id,
            scope,
            window: window.name,
            refunded_nano_usd: -byNanoUsd,
            used_nano_usd: used,
            event_id: eventId,
          },
        },
        zone,
      );
    },
  },
  {
    name: 'budgets reset',
    summary: 'begins the window that runs anew: the whole limit is there again',
    help: `usage: npm run gateway -- budgets reset <subscription> [--feature <feature>] --reason <text> --yes [--project <id>] [--json]

${accountHelp}${scopeHelp}${yesHelp} what was used of the window that runs counts no longer
${reasonHelp}${whereHelp}
The window begins under another name (2026-11 becomes 2026-11.2), with nothing used. What is in flight is charged to the one
that it was admitted in; the ledger keeps every row.
${zoneHelp}${redisHelp}
example:
  npm run gateway -- budgets reset acme --reason "a loop in their tool used it up" --yes
`,
    run: async (args) => {
      const { options, words, yes } = readArguments(args, ['feature', 'reason', 'project'], ['<subscription>']);
      const scope = readScope(options.feature);
      const what = `forgets what was used of the budget for ${scopeText(scope)}`;
      requireConsent({ yes, reason: options.reason }, what);
      const nowMs = Date.now();
      const deployment = await deploymentOf(options.project);
      const account = await accountOf(deployment, words[0] ?? '');
      const zone = await billingZone(deployment);
      const when = { nowMs, timeZone: zone.timeZone };
      runningWindow(account, scope, when);
      await askConsent(yes, what, account.record.name);
      const author = await readAuthor(options.reason, deployment);
      const { published, closed, opened, used } = await withRedis(deployment, async (store) => {
        // A Redis that does not answer is found out before anything is written.
        await readAll(store, account, when);
        const changed = await withCopies(deployment, (copies) =>
          withDirectory(deployment, (directory) => resetBudget(directory, copies, account.id, scope, when, author)),
        );
        const spent = await settledIn(store, account, scope, changed.closed, when);
        const metadata = { closed: changed.closed.name, closed_nano_usd: spent, reason: author.why };
        const facts = { name: 'BudgetReset', eventId: randomUUID(), atMs: nowMs, metadata } as const;
        await move(store, account, { scope, window: changed.opened, byNanoUsd: 0, facts }, 'the window began anew');
        return { ...changed, used: spent };
      });
      return withZone(
        {
          text: `the budget of ${oneLine(account.record.name)} for ${scopeText(scope)} is whole again: window ${opened.name} in place of ${closed.name}, which had used ${usd(used)}\n${inForce(published)}`,
          json: {
            place: deployment.name,
            id: account.owner.id,
            scope,
            closed: closed.name,
            opened: opened.name,
            closed_nano_usd: used,
            published,
          },
        },
        zone,
      );
    },
  },
];

const tooMuch = ({ record }: BudgetAccount, scope: BudgetScope, { name }: BudgetWindow, used: number): string =>
  `nothing was done: calls of ${oneLine(record.name)} for ${scopeText(scope)} have used ${usd(Math.max(0, used))} in window ${name}, and no more can be given back. budgets grant puts dollars on top`;

/** Whether another window runs by now: somebody else's reset came between. */
async function isClosed(
  deployment: Deployment,
  { id }: BudgetAccount,
  scope: BudgetScope,
  { name }: BudgetWindow,
  timeZone: string,
): Promise<boolean> {
  const now = await accountOf(deployment, id);
  const budget = now.record.overrides.budgets?.[scope] ?? null;
  return budget !== null && budgetWindows(budget, Date.now(), timeZone)[0]?.name !== name;
}

/** Nano-dollars that a window has used, also one that was closed a moment ago. */
async function settledIn(
  store: Store,
  { owner, record }: BudgetAccount,
  scope: BudgetScope,
  window: BudgetWindow,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string },
): Promise<number> {
  const budget = dollarBudget(scope, statedBudget(record, scope), nowMs, timeZone);
  const [reading] = await readBudgets(store, owner, [{ ...budget, windows: [window] }], patience());
  return reading?.settledNanoUsd ?? 0;
}

/** The id that other commands know a subscription by, or `users/7`. */
const subjectOf = ({ id }: BudgetAccount): string => id;

/** @throws OperatorRefused where there is no such budget */
function runningWindow(
  { record }: BudgetAccount,
  scope: BudgetScope,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string },
): BudgetWindow {
  const [window] = budgetWindows(statedBudget(record, scope), nowMs, timeZone);
  if (window === undefined) throw new Error('a budget without a window');
  return window;
}

interface Move {
  readonly scope: BudgetScope;
  readonly window: BudgetWindow;
  readonly byNanoUsd: number;
  readonly facts: Pick<BudgetFacts, 'name' | 'eventId' | 'atMs' | 'metadata'>;
}

/**
 * Counter and row in one step; asked again where its outcome is unknown, which changes nothing twice.
 * @param stands what was done before it, for the words of a failure; null: nothing
 * @throws Error in words that say what stands
 */
async function move(
  store: Store,
  { owner, record }: BudgetAccount,
  { scope, window, byNanoUsd, facts }: Move,
  stands: string | null,
): Promise<Exclude<Corrected, { outcome: 'full' }>> {
  const event = budgetEvent({
    ...facts,
    source: owner.source,
    identifier: owner.id,
    feature: scope === 'subscription' ? null : scope,
    tags: record.tags,
  });
  const correction = { eventId: facts.eventId, scope, window, byNanoUsd, withinUse: byNanoUsd < 0, event };
  let done: Corrected | null = null;
  let failure: unknown = null;
  let sent = false;
  for (let tried = 0; tried < tries && done === null; tried++) {
    try {
      done = await correctBudget(store, owner, correction, patience());
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      failure = error;
      sent ||= error.sent;
    }
  }
  const lost = stands === null ? 'nothing was done' : `${stands}, but its row of the ledger is missing`;
  if (done === null) {
    if (stands !== null) throw new Error(`${lost}: Redis did not answer`, { cause: failure });
    if (!sent) throw failure;
    const [dollars, name] = [usd(Math.abs(byNanoUsd)), window.name];
    throw new Error(
      `whether ${dollars} were given back in window ${name} is not known: Redis took the command, and did not answer. budgets show says what is used; look before you try again`,
      { cause: failure },
    );
  }
  if (done.outcome === 'full')
    throw new Error(`${lost}: the outbox has no room for an event. Try again when the queue is back`);
  return done;
}

/** @throws UsageError */
function readDollars(text: string | undefined): string {
  if (text === undefined) throw new UsageError('--usd is missing: give dollars, such as --usd 50');
  const read = nanoUsdIn(text, 'above 0');
  if (typeof read !== 'number') throw new UsageError(`--usd ${read.fault}`);
  return text;
}

/** RFC 3339 of an end that was given. @throws UsageError */
function readEnd(text: string | undefined, nowMs: number): string | null {
  if (text === undefined) return null;
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.slice(0, 10)))
    throw new UsageError(`--until ${JSON.stringify(text)} is no time such as 2026-12-31 or 2026-12-31T18:00:00Z`);
  if (ms <= nowMs) throw new UsageError(`--until ${text} is over: give a time that is still to come`);
  return new Date(ms).toISOString();
}
