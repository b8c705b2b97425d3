// The list of providers, one line each.

import type { Config } from '../config/config.ts';
import type { Provider } from './provider.ts';
import { anthropic } from './providers/anthropic.ts';
import { anthropicText } from './providers/anthropic-text.ts';
import { fireworks } from './providers/fireworks.ts';
import { google } from './providers/google.ts';
import { openai } from './providers/openai.ts';

/** Makes a provider, or null where the configuration has no key for it. */
export type ProviderFactory = (config: Config) => Provider | null;

/** Every provider that the gateway knows. */
export const registry: readonly ProviderFactory[] = [anthropic, anthropicText, openai, fireworks, google];

/** Those that have a key. */
export function providersWithKeys(config: Config): Provider[] {
  return registry.map((make) => make(config)).filter((provider) => provider !== null);
}
