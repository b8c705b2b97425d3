// The operator's bound of an answer's length, which one provider's callers have had since the original gateway.

import type { Config } from '../config/config.ts';
import type { Api } from './guarded-members.ts';

/** Tokens that callers may ask for, by whatever API the provider is asked; null: the provider's own bound. */
export function lengthMaxOf(config: Config, provider: string, api: Api): number | null {
  return provider === 'anthropic' || api === 'anthropic' ? config.anthropicMaxTokensToSample : null;
}
