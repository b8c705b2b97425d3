// Door of the auth room: who calls, and what they may use. Not how much of it is left (limiter), nor where that is
// stated (directory).

export { actorBudgets, dollarBudget, type ActorBudgets } from './actor-budgets.ts';
export { AccessRefusal, type AccessEvent } from './access-refusal.ts';
export type { Actor, ActorSource } from './actor.ts';
export type { BudgetWindow, PromptPlaces } from '../directory/directory.ts';
export { callerAddress, type ProxySettings } from './caller-address.ts';
export { callerToken, keyInUrl, featureFromHeader, type Caller } from './caller.ts';
export { createAuth, type Auth } from './create-auth.ts';
export type { DollarBudget } from './dollar-budget.ts';
export type { Entitlement, Feature } from './entitlement.ts';
export { allowedModels, choiceFrom, type ModelChoice, type Permit } from './permit.ts';
