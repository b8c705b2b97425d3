// `budgets show | set`: what somebody may spend in dollars, what is spent of it, and other limits.

import { nanoUsdIn } from '@cody-gateway/shared/catalogue';
import {
  budgetSpans,
  effectiveLimit,
  grantedAt,
  setBudget,
  type BudgetChange,
  type BudgetScope,
} from '@cody-gateway/shared/directory';
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
import { budgetMoveCommands } from './budget-moves.ts';
import { readArguments, UsageError, type Command, type Output } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { redisHelp, withCopies, withKnownStore, withRedis } from './redis.ts';
import { inForce } from './subscription-changes.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

/** The commands about budgets. */
export const budgetCommands: readonly Command[] = [
  {
    name: 'budgets show',
    summary: 'budgets in dollars, what is used and held of them, and grants',
    help: `usage: npm run gateway -- budgets show <subscription> [--project <id>] [--json]

${accountHelp}${whereHelp}
USED is what calls that ended have cost, HELD what is set aside for calls in flight: at the most what they may cost.
A window that was begun anew has a number behind its name.
${zoneHelp}${redisHelp}
example:
  npm run gateway -- budgets show acme
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['project'], ['<subscription>']);
      const deployment = await deploymentOf(options.project);
      return show(deployment, words[0] ?? '');
    },
  },
  {
    name: 'budgets set',
    summary: 'a limit in dollars a month, a day or for life; for all features or one',
    help: `usage: npm run gateway -- budgets set <subscription> --limit <dollars> [--window <window>] [--feature <feature>]
                                    [--overshoot <dollars>] [--hard | --soft] --reason <text> [--yes] [--project <id>] [--json]

${accountHelp}${scopeHelp}  --limit          dollars a window, such as 250 or 12.50, at most 9000000; none: there is no such budget any more (with --yes)
  --window         month (where nothing was said before), day, or life: one window that never ends
  --hard, --soft   a hard budget (where nothing was said before) refuses calls that may pass it; a soft one counts and tells
  --overshoot      dollars by which calls in flight may pass it together; 0 where nothing was said before: each call then
                   sets aside what it may cost at the most, which is much for long answers
${yesHelp} a hard limit of 0 refuses every call, none forgets the grants
${reasonHelp}${whereHelp}
What is not given stays as it was. Beside the limits in units: whichever is used up first refuses. Another limit holds for
the window that runs, whose use stays; another --window counts from what was spent since it began under that name.
${zoneHelp}
examples:
  npm run gateway -- budgets set acme --limit 250 --reason "contract of May"
  npm run gateway -- budgets set acme --feature code --limit 5 --window day --soft --reason "watched for a week"
  npm run gateway -- budgets set acme --limit none --reason "contract is over" --yes
`,
    run: async (args) => {
      const names = ['limit', 'window', 'feature', 'overshoot', 'reason', 'project'] as const;
      const { options, words, yes, flags } = readArguments(args, names, ['<subscription>'], ['hard', 'soft']);
      const scope = readScope(options.feature);
      const changed = readChange(options, flags);
      const taken = takenBy(changed, scope);
      if (taken !== null) requireConsent({ yes, reason: options.reason }, taken);
      const deployment = await deploymentOf(options.project);
      const account = await accountOf(deployment, words[0] ?? '');
      if (taken !== null) await askConsent(yes, taken, account.record.name);
      const author = await readAuthor(options.reason, deployment);
      const { record, published } = await withCopies(deployment, (copies) =>
        withDirectory(deployment, (directory) => setBudget(directory, copies, account.id, scope, changed, author)),
      );
      const budget = record.overrides.budgets?.[scope] ?? null;
      const said =
        budget === null
          ? 'none'
          : `${budget.hard ? 'hard' : 'soft'}, $${budget.limitUsd} ${perWindow(budget.window)}${budget.overshootUsd === '0' ? '' : `, overshoot $${budget.overshootUsd}`}`;
      const notes = budget === null ? [] : await notesOf(deployment, { ...account, record }, scope);
      const text = `the budget of ${oneLine(record.name)} for ${scopeText(scope)} in ${deployment.name}: ${said}`;
      return {
        text: [text, ...notes, inForce(published)].join('\n'),
        json: { place: deployment.name, id: account.owner.id, scope, budget, notes, published },
      };
    },
  },
  ...budgetMoveCommands,
];

/** What somebody should know who has set a budget: that it refuses at once, or that its calls are refused anyway. */
async function notesOf(deployment: Deployment, account: BudgetAccount, scope: BudgetScope): Promise<readonly string[]> {
  const nowMs = Date.now();
  const { record } = account;
  const isNoFeature = scope !== 'subscription' && effectiveLimit(record, scope, nowMs) === null;
  const notes = isNoFeature
    ? [`it has no limit in units for ${scopeText(scope)}: calls are refused for that, whatever their budget`]
    : [];
  const { timeZone } = await billingZone(deployment);
  const readings = await withKnownStore(deployment, async (store) =>
    store === null ? [] : readAll(store, account, { nowMs, timeZone }).catch(() => null),
  );
  if (readings === null) return [...notes, 'what is used of it could not be read: Redis does not answer'];
  const reading = readings.find((one) => one.scope === scope);
  if (reading === undefined || reading.settledNanoUsd < reading.budget.limitNanoUsd) return notes;
  const { budget, window, settledNanoUsd } = reading;
  const what = budget.isHard
    ? `every call that costs anything is refused`
    : 'calls are counted and told of, not refused';
  const until = window.endMs === null ? '' : ` until ${timeText(window.endMs)} UTC`;
  return [...notes, `${usd(settledNanoUsd)} of it are used already in window ${window.name}: ${what}${until}`];
}

const perWindow = (window: string): string => (window === 'life' ? 'for life' : `a ${window}`);

async function show(deployment: Deployment, handle: string): Promise<Output> {
  const account = await accountOf(deployment, handle);
  const nowMs = Date.now();
  const zone = await billingZone(deployment);
  const all = await withRedis(deployment, (store) => readAll(store, account, { nowMs, timeZone: zone.timeZone }));
  const rows = all.map(({ scope, stated, budget, window, settledNanoUsd, reservedNanoUsd }) => ({
    scope,
    window: window.name,
    limit_nano_usd: budget.limitNanoUsd,
    used_nano_usd: settledNanoUsd,
    held_nano_usd: reservedNanoUsd,
    left_nano_usd: budget.limitNanoUsd - settledNanoUsd - reservedNanoUsd,
    overshoot_nano_usd: budget.overshootNanoUsd,
    hard: budget.isHard,
    resets_at: window.endMs === null ? null : new Date(window.endMs).toISOString(),
    grants: grantedAt(stated, nowMs).grants,
  }));
  const { name } = account.record;
  const text =
    rows.length === 0
      ? `${oneLine(name)} has no budget in dollars: budgets set makes one`
      : [
          formatTable(
            ['BUDGET', 'LIMIT', 'USED', 'HELD', 'LEFT', 'WINDOW', 'RESETS AT (UTC)', ''],
            rows.map((row) => [
              scopeText(row.scope),
              usd(row.limit_nano_usd),
              usd(row.used_nano_usd),
              usd(row.held_nano_usd),
              usd(row.left_nano_usd),
              row.window,
              row.resets_at === null ? 'never' : timeText(Date.parse(row.resets_at)),
              row.hard ? 'hard' : 'soft',
            ]),
          ),
          ...rows.flatMap(({ scope, grants }) =>
            grants.map(
              ({ id, usd: dollars, until, why }) =>
                `${scopeText(scope)}: with a grant of $${dollars} until ${until === null ? 'it is taken away' : timeText(Date.parse(until))} (${oneLine(why)}; ${id})`,
            ),
          ),
        ].join('\n');
  return withZone({ text, json: { place: deployment.name, id: account.owner.id, name, budgets: rows } }, zone);
}

/** @throws UsageError */
function readChange(
  { limit, window, overshoot }: Readonly<Partial<Record<'limit' | 'window' | 'overshoot', string>>>,
  flags: ReadonlySet<string>,
): BudgetChange | null {
  if (flags.has('hard') && flags.has('soft')) throw new UsageError('--hard and --soft exclude each other: give one');
  const hardness = flags.size > 0;
  if (limit === 'none') {
    if (window !== undefined || overshoot !== undefined || hardness)
      throw new UsageError('--limit none takes the budget away: give nothing else with it');
    return null;
  }
  if (limit === undefined && window === undefined && overshoot === undefined && !hardness)
    throw new UsageError('nothing is given to change: add --limit, such as --limit 250');
  for (const [option, amount] of [
    ['limit', limit],
    ['overshoot', overshoot],
  ] as const) {
    const read = amount === undefined ? 0 : nanoUsdIn(amount);
    if (typeof read !== 'number') throw new UsageError(`--${option} ${read.fault}`);
  }
  const span = budgetSpans.find((one) => one === window);
  if (window !== undefined && span === undefined)
    throw new UsageError(`--window ${JSON.stringify(window)} is none of ${budgetSpans.join(', ')}`);
  return {
    ...(limit !== undefined && { limitUsd: limit }),
    ...(span !== undefined && { window: span }),
    ...(overshoot !== undefined && { overshootUsd: overshoot }),
    ...(hardness && { hard: flags.has('hard') }),
  };
}

/** What it takes from whoever has it, in words; null: nothing at once. */
function takenBy(changed: BudgetChange | null, scope: BudgetScope): string | null {
  if (changed === null) return `takes the budget for ${scopeText(scope)} away, with its grants`;
  const { limitUsd, hard = true } = changed;
  return limitUsd !== undefined && Number(limitUsd) === 0 && hard
    ? `refuses every call of ${scopeText(scope)} that costs anything`
    : null;
}
