// `counters reconcile`: compares the counters in Redis, of quotas and of budgets, with the ledger, and raises those
// that a failover left below it.

import { audited, type Tell } from '@cody-gateway/shared/documents';
import { raiseCounter, readCounters, type Counter } from '@cody-gateway/shared/limiter';
import type { Store } from '@cody-gateway/shared/store';
import { readArguments, type Command, type Output } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { billingZone } from './budget-account.ts';
import { requireYes } from './consent.ts';
import { withDirectory } from './deployment.ts';
import {
  budgetJson,
  budgetTable,
  findBudgets,
  isBudgetBelow,
  raiseBudgets,
  type FoundBudget,
} from './reconcile-budgets.ts';
import { patience, redisHelp, withRedis } from './redis.ts';
import { deploymentOf } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';
import { warehouseHelp, warehouseOf, type Query } from './warehouse.ts';

/** Windows asked for in one query. */
const windowsAtOnce = 2_000;
/** Windows are named by lease ids; what is named otherwise is none of ours. */
const windowName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const dayMs = 86_400_000;

/** A counter that is not what the ledger says. */
interface Difference {
  readonly counter: Counter;
  readonly ledgerUnits: number;
  /** Units by which it was raised; null: it was not. */
  raised: number | null;
}

/** The command about counters. */
export const reconcileCommands: readonly Command[] = [
  {
    name: 'counters reconcile',
    summary: 'counters of quotas and budgets that a Redis failover left below the ledger',
    help: `usage: npm run gateway -- counters reconcile [--yes --reason <text>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

Prints the open quota windows whose counter differs from the sum of their rows. Below: a failover lost what was acknowledged in its last moments; with
--yes such a counter is raised, as long as its window is the same. Ahead: rows are still on their way (outbox, queue, dead letters, log); nothing is done.
A window of a quota that Redis has forgotten as a whole is not found: the actor's next call has opened another one.

Windows of budgets in dollars have names of their own, so these are found and raised as a whole, too. close-days does that by itself once a day,
and within the hour when another Redis answers than before. A refund of the last minutes, whose row is on its way, looks like a counter below: look
twice before --yes.

  --yes            raise what is below
${reasonHelp}${warehouseHelp}  --json           one JSON document
${redisHelp}
examples:
  npm run gateway -- counters reconcile
  npm run gateway -- counters reconcile --yes --reason "after the failover of May 3"
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, ['reason', 'project', 'dataset', 'bigquery']);
      if (options.reason !== undefined) requireYes(yes, 'raises counters');
      const deployment = await deploymentOf(options.project);
      const author = yes ? await readAuthor(options.reason, deployment) : null;
      const { query, dataset } = await warehouseOf(options);
      const { timeZone, note } = await billingZone(deployment);
      const differences = await withRedis(deployment, (store) => compare(store, query, dataset));
      const budgets = await withRedis(deployment, (store) => findBudgets(store, { query, dataset }, timeZone));
      const below = { quotas: differences.filter(isBelow), budgets: budgets.filter(isBudgetBelow) };
      const count = below.quotas.length + below.budgets.length;
      if (author !== null && count > 0) {
        const change = `${count} counters raised to what the ledger says`;
        await withDirectory(deployment, (directory) =>
          audited(directory, author, { what: 'counters reconcile', subject: null, change }, (tell) =>
            withRedis(deployment, (store) => raise(store, below, tell)),
          ),
        );
      }
      return report({ differences, budgets, note, below: count }, yes);
    },
  },
];

/** A counter whose window is over meanwhile stays as it is. */
async function raise(
  store: Store,
  below: { readonly quotas: readonly Difference[]; readonly budgets: readonly FoundBudget[] },
  tell: Tell,
): Promise<void> {
  let raised = 0;
  const count = (): void => tell(`${(raised += 1)} counters raised to what the ledger says`);
  tell(null);
  for (const difference of below.quotas) {
    difference.raised = await raiseCounter(store, difference.counter, difference.ledgerUnits, patience());
    if (difference.raised !== null) count();
  }
  await raiseBudgets(store, below.budgets, count);
}

/**
 * The counters are read first: what settles afterwards is in the ledger's sum alone, and raising by it is right all
 * the same.
 */
async function compare(store: Store, query: Query, dataset: string): Promise<Difference[]> {
  const byWindow = new Map<string, Counter>();
  for await (const page of readCounters(store, patience))
    for (const counter of page) if (windowName.test(counter.window)) byWindow.set(counter.window, counter);
  const all = [...byWindow.values()];
  const differences: Difference[] = [];
  for (let i = 0; i < all.length; i += windowsAtOnce) {
    const some = all.slice(i, i + windowsAtOnce);
    const ledger = await sums(query, dataset, some);
    for (const counter of some) {
      const ledgerUnits = ledger.get(counter.window) ?? 0;
      if (ledgerUnits !== counter.settled) differences.push({ counter, ledgerUnits, raised: null });
    }
  }
  return differences.toSorted((a, b) => b.ledgerUnits - b.counter.settled - (a.ledgerUnits - a.counter.settled));
}

async function sums(query: Query, dataset: string, counters: readonly Counter[]): Promise<ReadonlyMap<string, number>> {
  // A call may have begun a little before the clock of Redis opened its window.
  const from = new Date(Math.min(...counters.map(({ startMs }) => startMs)) - dayMs).toISOString().slice(0, 10);
  const sql = windowsQuery(
    dataset,
    counters.map(({ window }) => window),
  );
  const rows = await query(sql, { from });
  return new Map(rows.map((row) => [String(row['quota_window']), Number(row['units'])]));
}

/** The units of windows by their rows since @from. */
export function windowsQuery(dataset: string, windows: readonly string[]): string {
  const names = windows.map((window) => `'${window}'`).join(', ');
  return `SELECT quota_window, SUM(quota_units) AS units
FROM \`${dataset}.events_between\`(CAST(@from AS TIMESTAMP), TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR))
WHERE quota_window IN (${names})
GROUP BY quota_window`;
}

function isBelow({ counter, ledgerUnits }: Difference): boolean {
  return counter.settled < ledgerUnits;
}

interface Found {
  readonly differences: readonly Difference[];
  readonly budgets: readonly FoundBudget[];
  /** What should be known of the calendar of budgets. */
  readonly note: string | null;
  /** How many counters are below the ledger. */
  readonly below: number;
}

function report({ differences, budgets, note, below }: Found, yes: boolean): Output {
  const rows = differences.map((difference) => {
    const { counter, ledgerUnits, raised } = difference;
    const what = isBelow(difference) ? 'below' : 'ahead';
    const done = !yes || what === 'ahead' ? '' : raised === null ? 'window is over' : `raised by ${raised}`;
    const numbers = [counter.settled, ledgerUnits].map(String);
    return [counter.actor, counter.feature, counter.window, ...numbers, what, done];
  });
  const parts = [
    ...(differences.length === 0
      ? []
      : [formatTable(['ACTOR', 'FEATURE', 'WINDOW', 'COUNTER', 'LEDGER', 'IS', ''], rows)]),
    ...(budgets.length === 0 ? [] : [budgetTable(budgets, yes)]),
    ...(differences.length + budgets.length === 0 ? ['every open window is what the ledger says'] : []),
    ...(below > 0 && !yes ? [`${below} below the ledger: --yes --reason <text> raises them`] : []),
    ...(note === null ? [] : [`(${note})`]),
  ];
  return {
    text: parts.join('\n'),
    json: {
      differences: differences.map(({ counter, ledgerUnits, raised }) => ({
        actor: counter.actor,
        feature: counter.feature,
        window: counter.window,
        counter_units: counter.settled,
        reserved_units: counter.reserved,
        ledger_units: ledgerUnits,
        raised_units: raised,
      })),
      budgets: budgets.map(budgetJson),
    },
  };
}
