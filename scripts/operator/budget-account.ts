// Whose budgets are meant, which of them, and by which clock their windows go: what all commands about budgets ask.

import { dollarBudget } from '@cody-gateway/shared/auth';
import { dollarText, readReviewed } from '@cody-gateway/shared/catalogue';
import { loadTimeZone } from '@cody-gateway/shared/config';
import {
  budgetScopes,
  findUser,
  type BudgetScope,
  type StatedBudget,
  type SubscriptionRecord,
} from '@cody-gateway/shared/directory';
import { readBudgets, type BudgetReading } from '@cody-gateway/shared/limiter';
import type { Store } from '@cody-gateway/shared/store';
import { UsageError, type Output } from './command.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { patience, withKnownStore } from './redis.ts';
import { existing } from './subscription-handle.ts';
import { limitOptions } from './subscription-text.ts';

/** For the help of commands that take one. */
export const accountHelp = `  <subscription>   its UUID, with or without es_, or its name where unique; users/<number> for a user
                   of Sourcegraph.com
`;

/** For the help of commands about one budget. */
export const scopeHelp = `  --feature        chat, code, embeddings: the budget of that feature; without it that of all features together
`;

/** For the help of commands that depend on the calendar. */
export const zoneHelp = `
Windows go by the calendar of the gateway's billing time zone, as its processes tell it in Redis. Where they have not yet, or Redis is not
known here, by CODY_GATEWAY_BILLING_TIME_ZONE of this shell (UTC where it is not set), and the answer says so.
`;

/** An account with budgets. */
export interface BudgetAccount {
  /** As the directory's changes take it. */
  readonly id: string;
  readonly owner: { readonly source: 'dotcom-product-subscriptions' | 'dotcom-user'; readonly id: string };
  readonly record: SubscriptionRecord;
}

/** @throws Error when there is none, several of that name, or a malformed one */
export async function accountOf(deployment: Deployment, handle: string): Promise<BudgetAccount> {
  const user = /^users\/(\d{1,20})$/.exec(handle)?.[1];
  if (user === undefined) {
    const { id, record } = await existing(deployment, handle);
    return { id, owner: { source: 'dotcom-product-subscriptions', id }, record };
  }
  const entry = await withDirectory(deployment, (directory) => findUser(directory, user));
  if (entry === null)
    throw new Error(`there is no user ${user} in ${deployment.name}: one is known from its first call on`);
  if ('fault' in entry) throw new Error(`${entry.fault}. It grants nothing until it is mended`);
  return { id: handle, owner: { source: 'dotcom-user', id: user }, record: entry.record };
}

/** @throws UsageError */
export function readScope(feature: string | undefined): BudgetScope {
  if (feature === undefined) return 'subscription';
  const scope = Object.entries(limitOptions).find(([option]) => option === feature)?.[1];
  if (scope === undefined)
    throw new UsageError(
      `--feature ${JSON.stringify(feature)} is none of ${Object.keys(limitOptions).join(', ')}; leave it out for the budget of all features`,
    );
  return scope;
}

/** For people: `all features`, `chat`. */
export function scopeText(scope: BudgetScope): string {
  return Object.entries(limitOptions).find(([, feature]) => feature === scope)?.[0] ?? 'all features';
}

/** By which calendar windows go, and how sure that is. */
export interface BillingZone {
  readonly timeZone: string;
  /** What somebody should know of it; null: it is the gateway's own. */
  readonly note: string | null;
}

/**
 * The gateway's, as it tells it in Redis; else this shell's.
 * @throws UsageError where the shell names none that exists
 */
export async function billingZone(deployment: Deployment): Promise<BillingZone> {
  const own = shellZone();
  const state = await withKnownStore(deployment, async (store) =>
    store === null ? null : readReviewed(store, patience()).catch(() => null),
  );
  const variable = process.env['CODY_GATEWAY_BILLING_TIME_ZONE'] ?? '';
  if (state === null || state.timeZone === null)
    return {
      timeZone: own,
      note: `windows by ${own}, ${variable === '' ? 'since CODY_GATEWAY_BILLING_TIME_ZONE is not set' : 'as this shell says'}: the gateway has not told its billing time zone here`,
    };
  const { timeZone } = state;
  const note =
    variable === '' || variable === timeZone
      ? null
      : `windows by ${timeZone}, the gateway's billing time zone: CODY_GATEWAY_BILLING_TIME_ZONE=${variable} of this shell is another one`;
  return { timeZone, note };
}

function shellZone(): string {
  try {
    return loadTimeZone();
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** What a command says, with what should be known of the calendar. */
export function withZone({ text, json }: { readonly text: string; readonly json: object }, zone: BillingZone): Output {
  return {
    text: zone.note === null ? text : `${text}\n(${zone.note})`,
    json: { ...json, time_zone: zone.timeZone, time_zone_note: zone.note },
  };
}

/** Budgets that are stated, with what their windows have used. @throws StoreUnavailable */
export async function readAll(
  store: Store,
  { owner, record }: BudgetAccount,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string },
): Promise<readonly (BudgetReading & { readonly scope: BudgetScope; readonly stated: StatedBudget })[]> {
  const stated = budgetScopes.flatMap((scope) => {
    const budget = record.overrides.budgets?.[scope] ?? null;
    return budget === null ? [] : [{ scope, stated: budget }];
  });
  const budgets = stated.map(({ scope, stated: budget }) => dollarBudget(scope, budget, nowMs, timeZone));
  const readings = await readBudgets(store, owner, budgets, patience());
  return readings.flatMap((reading) => {
    const own = stated.find(({ scope }) => scope === reading.budget.scope);
    return own === undefined ? [] : [{ ...reading, ...own }];
  });
}

/** `$12.50`, `-$0.25`; parts of a cent where they are less than one. */
export function usd(nanoUsd: number): string {
  const cents = Math.abs(nanoUsd) >= 1e7 || nanoUsd === 0 ? (Math.abs(nanoUsd) / 1e9).toFixed(2) : null;
  return `${nanoUsd < 0 ? '-' : ''}$${cents ?? dollarText(Math.abs(nanoUsd))}`;
}

/** `2026-11-28 10:00`, in UTC. */
export function timeText(ms: number | null): string {
  return ms === null ? 'never' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
