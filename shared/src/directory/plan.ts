// Quotas that come with a plan, by the number of licensed users. Arithmetic only; the numbers are the original
// gateway's.

import type { StatedLimit, SubscribedFeature } from './limits.ts';

const daySeconds = 86_400;
/** Embedding tokens of one user a month, before the factor of the plan; a day has a thirtieth. */
const embeddingsMonth = 10_000_000;

/** A licence as far as quotas go. */
export interface Plan {
  readonly name: string;
  readonly users: number;
  /** ISO 8601; null where it never ends. */
  readonly expiresAt?: string | null | undefined;
}

/** What the plan grants a day, all models; nothing without an active licence. */
export function planLimits(
  plan: Plan | null | undefined,
  nowMs: number,
): Readonly<Partial<Record<SubscribedFeature, StatedLimit>>> {
  if (plan === null || plan === undefined) return {};
  if (typeof plan.expiresAt === 'string' && Date.parse(plan.expiresAt) <= nowMs) return {};
  const users = Math.max(1, plan.users);
  const large = plan.name === 'enterprise-0' || plan.name === 'enterprise-1';
  const perDay = (limit: number): StatedLimit => ({ limit, intervalSeconds: daySeconds, allowedModels: ['*'] });
  return {
    chat_completions: perDay((large ? 50 : 10) * users),
    code_completions: perDay(1_000 * users),
    embeddings: perDay(Math.trunc(((large ? 20 : 10) * users * embeddingsMonth) / 30)),
  };
}
