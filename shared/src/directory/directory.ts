// Door of the directory room: whose a token is, and what was stated of its owner; by which sources it is filled, and
// how operators change it. Not who may do what (auth).

export { effectiveLimit, hasAccess, promptPlaces, type Account, type PromptPlaces } from './account.ts';
export { createAccountCopies, type AccountCopies, type Copy } from './account-copies.ts';
export {
  budgetScopes,
  budgetSpans,
  grantedAt,
  type BudgetGrant,
  type BudgetScope,
  type BudgetSpan,
  type StatedBudget,
  type StatedBudgets,
} from './budget.ts';
export { budgetWindows, calendarWindows, type BudgetWindow } from './budget-windows.ts';
export { features, type StatedLimit, type SubscribedFeature } from './limits.ts';
export { openDirectory, type Directory, type RevokedToken } from './open-directory.ts';
export { recordOf, type SubscriptionRecord } from './records.ts';
export { SourceUnavailable, type AccessSource, type Statement } from './sources/access-source.ts';
export { clientCredentials, NoAccessToken, type ClientCredentials } from './sources/client-credentials.ts';
export { accessSources } from './sources/configured.ts';
export type { SavedStatement } from './statements.ts';
export { markLookedUp } from './sync/stated-digests.ts';
export { createSync, type SubscriptionSync, type SyncReport } from './sync/sync.ts';
export type { SyncTrace } from './sync/sync-trace.ts';
export { classifyToken, hashToken, type KnownToken, type TokenSource } from './token.ts';

// For operators' commands, the local cloud and tests.
export {
  createSubscription,
  deleteSubscription,
  findSubscription,
  findSubscriptionsNamed,
  findUser,
  listSubscriptions,
  subscriptionId,
  type NewSubscription,
  type SubscriptionEntry,
} from './operator/subscriptions.ts';
export {
  issueToken,
  revokeToken,
  setAccess,
  setLimits,
  setPrompts,
  type LimitChange,
  type LimitChanges,
  type PromptChange,
} from './operator/subscription-changes.ts';
export { OperatorRefused, type Changed } from './operator/change-record.ts';
export { grantBudget, resetBudget, setBudget, statedBudget, type BudgetChange } from './operator/budget-changes.ts';
export { planLimits } from './plan.ts';
export { deriveFromAccessToken, deriveFromLicenceKey } from './token.ts';
