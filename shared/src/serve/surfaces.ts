// The completion paths by what they take: whose models, in which dialect. The one place of code where a path names a
// provider.

import type { Feature } from '../auth/auth.ts';
import type { Surface } from '../upstream/upstream.ts';
import type { CompletionRoute } from './completion.ts';

/** OpenAI's two APIs under one path, as instances send them: conversations, or prompts without messages. */
const chatOrText = ['openai-chat', 'openai-text'] as const;

/** Paths of instances and Cody clients, by their last part. */
const codySurfaces: Readonly<Record<string, Surface>> = {
  anthropic: { provider: 'anthropic', dialects: ['anthropic-text'] },
  'anthropic-messages': { provider: 'anthropic', dialects: ['anthropic-messages'] },
  openai: { provider: 'openai', dialects: chatOrText },
  fireworks: { provider: 'fireworks', dialects: chatOrText },
  google: { provider: 'google', dialects: ['gemini-generate'] },
};

/** Paths of the SDKs: models of every provider that speaks their dialect, those of its maker without prefix. */
export const surfaces = {
  messages: { provider: 'anthropic', dialects: ['anthropic-messages'] },
  countTokens: { provider: 'anthropic', dialects: ['anthropic-count-tokens'] },
  chat: { provider: 'openai', dialects: ['openai-chat'] },
  text: { provider: 'openai', dialects: ['openai-text'] },
  gemini: { provider: 'google', dialects: ['gemini-generate'] },
  geminiEmbeddings: { provider: 'google', dialects: ['gemini-embeddings'], features: ['embeddings'] },
  responses: { provider: 'openai', dialects: ['openai-responses'] },
  /** Both of them: what a list of models is for. */
  openAiModels: { provider: 'openai', dialects: ['openai-chat', 'openai-responses'] },
} as const satisfies Readonly<Record<string, Surface>>;

/**
 * The paths of instances, the same for both features, which a header tells apart: as a function serves them for one.
 */
export function codyRoutes(feature: Feature): CompletionRoute[] {
  return Object.entries(codySurfaces).map(([name, surface]) => ({
    path: `/v1/completions/${name}`,
    surface,
    dialect: 'cody',
    feature,
    units: 1,
  }));
}
