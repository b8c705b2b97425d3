// The models that the gateway knows, as data: what the allow-lists hold by default and what `GET /v1/models` tells. Not who may use them (auth).
//
// The reference's default lists (spec completions §2.9), what Cody's fast path asks for, and the names in the model types of the `openai` and
// `@anthropic-ai/sdk` packages that this project uses, but for those that answer on other APIs or bill more than tokens (catalogue.test.ts). Limits are the providers' published ones in tokens; null where none is known to us.

import type { ProviderName } from './call.ts';

/** What a model is made for; both features may use any model that is allowed. */
export type ModelFeature = 'chat' | 'code';

/** One model. */
export interface Model {
  readonly provider: ProviderName;
  /** As the provider calls it; a virtual name where `virtual` is true. */
  readonly id: string;
  readonly features: readonly ModelFeature[];
  readonly contextTokens: number | null;
  readonly outputTokens: number | null;
  /** The provider has retired it or said that it will. */
  readonly deprecated: boolean;
  /** Stands for another one, chosen for each request (providers/fireworks-models.ts). */
  readonly virtual: boolean;
}

interface Traits {
  readonly features?: readonly ModelFeature[];
  readonly limits?: readonly [contextTokens: number, outputTokens: number];
  readonly deprecated?: boolean;
  readonly virtual?: boolean;
}

const all = ['chat', 'code'] as const;
const code = ['code'] as const;
const retired = { deprecated: true } as const;

const F = 'accounts/fireworks/models/';
const S = 'accounts/sourcegraph/models/';

const families: readonly (readonly [provider: ProviderName, ids: string, traits?: Traits])[] = [
  [
    'anthropic',
    'claude-fable-5-2 claude-mythos-5-2 claude-haiku-5-5 claude-sonnet-5-5 claude-opus-5-5 claude-fable-5-1 claude-mythos-5-1 claude-sonnet-5 ' +
      'claude-fable-5 claude-mythos-5 claude-opus-5 claude-opus-4-8 claude-opus-4-7 claude-mythos-preview claude-opus-4-6 claude-sonnet-4-6',
  ],
  [
    'anthropic',
    'claude-haiku-4-5 claude-haiku-4-5-20251001 claude-opus-4-5 claude-opus-4-5-20251101',
    { limits: [200_000, 64_000] },
  ],
  ['anthropic', 'claude-sonnet-4-5 claude-sonnet-4-5-20250929', { limits: [200_000, 64_000], ...retired }],
  ['anthropic', 'claude-3-5-sonnet-20240620', { limits: [200_000, 8_192], ...retired }],
  [
    'anthropic',
    'claude-3-haiku-20240307 claude-3-sonnet-20240229 claude-3-opus-20240229',
    { limits: [200_000, 4_096], ...retired },
  ],
  ['anthropic', 'claude-2.1', { limits: [200_000, 4_096], ...retired }],
  [
    'anthropic',
    'claude-2 claude-2.0 claude-2-100k claude-v1-100k claude-v1.3-100k claude-instant-v1-100k claude-instant-v1.1-100k claude-instant-1 ' +
      'claude-instant-v1 claude-instant-v1.0 claude-instant-v1.1 claude-instant-v1.2 claude-instant-1.2 claude-instant-1.2-cyan',
    { limits: [100_000, 4_096], ...retired },
  ],
  ['anthropic', 'claude-v1 claude-v1.0 claude-v1.2 claude-v1.3', { limits: [9_000, 4_096], ...retired }],

  [
    'openai',
    'gpt-6-astra gpt-6.1-sol gpt-6.1-terra gpt-6-sol gpt-6-luna gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna gpt-5.5 gpt-5.4 gpt-5.4-mini gpt-5.4-nano ' +
      'gpt-5.3-chat-latest gpt-5.2 gpt-5.2-chat-latest gpt-5.1 gpt-5.1-chat-latest gpt-5-chat-latest',
  ],
  [
    'openai',
    'gpt-5.5-2026-04-23 gpt-5.4-mini-2026-03-17 gpt-5.4-nano-2026-03-17 gpt-5.2-2025-12-11 gpt-5.1-2025-11-13 gpt-5.1-mini',
  ],
  [
    'openai',
    'gpt-5 gpt-5-2025-08-07 gpt-5-mini gpt-5-mini-2025-08-07 gpt-5-nano gpt-5-nano-2025-08-07',
    { limits: [400_000, 128_000] },
  ],
  [
    'openai',
    'gpt-4.1 gpt-4.1-2025-04-14 gpt-4.1-mini gpt-4.1-mini-2025-04-14 gpt-4.1-nano gpt-4.1-nano-2025-04-14',
    { limits: [1_047_576, 32_768] },
  ],
  [
    'openai',
    'o4-mini o4-mini-2025-04-16 o3 o3-2025-04-16 o3-mini o3-mini-2025-01-31 o1 o1-2024-12-17',
    { limits: [200_000, 100_000] },
  ],
  [
    'openai',
    'gpt-4o gpt-4o-2024-11-20 gpt-4o-2024-08-06 gpt-4o-mini gpt-4o-mini-2024-07-18',
    { limits: [128_000, 16_384] },
  ],
  ['openai', 'gpt-4o-2024-05-13', { limits: [128_000, 4_096] }],
  ['openai', 'chatgpt-4o-latest', { limits: [128_000, 16_384], ...retired }],
  ['openai', 'gpt-4-turbo gpt-4-turbo-2024-04-09', { limits: [128_000, 4_096] }],
  [
    'openai',
    'gpt-4-turbo-preview gpt-4-0125-preview gpt-4-1106-preview gpt-4-vision-preview',
    { limits: [128_000, 4_096], ...retired },
  ],
  ['openai', 'gpt-4 gpt-4-0613', { limits: [8_192, 8_192] }],
  ['openai', 'gpt-4-0314', { limits: [8_192, 8_192], ...retired }],
  ['openai', 'gpt-4-32k gpt-4-32k-0314 gpt-4-32k-0613', { limits: [32_768, 32_768], ...retired }],
  ['openai', 'o1-preview o1-preview-2024-09-12', { limits: [128_000, 32_768], ...retired }],
  ['openai', 'o1-mini o1-mini-2024-09-12', { limits: [128_000, 65_536], ...retired }],
  ['openai', 'gpt-3.5-turbo gpt-3.5-turbo-0125', { limits: [16_385, 4_096] }],
  ['openai', 'gpt-3.5-turbo-1106 gpt-3.5-turbo-16k gpt-3.5-turbo-16k-0613', { limits: [16_385, 4_096], ...retired }],
  ['openai', 'gpt-3.5-turbo-0613 gpt-3.5-turbo-0301', { limits: [4_096, 4_096], ...retired }],
  ['openai', 'gpt-3.5-turbo-instruct', { limits: [4_096, 4_096], features: code }],

  ['fireworks', 'starcoder', { features: code, virtual: true }],
  ['fireworks', `${S}starcoder2-15b ${S}starcoder2-7b`, { features: code, limits: [16_384, 16_384] }],
  [
    'fireworks',
    `${F}starcoder-16b ${F}starcoder-7b ${F}starcoder-16b-w8a16 ${F}starcoder-7b-w8a16 ${S}starcoder-16b ${F}starcoder-3b-w8a16 ${F}starcoder-1b-w8a16`,
    { features: code, limits: [8_192, 8_192] },
  ],
  [
    'fireworks',
    `${F}llama-v2-7b-code ${F}llama-v2-13b-code ${F}llama-v2-13b-code-instruct ${F}llama-v2-34b-code-instruct`,
    { features: code, ...retired },
  ],
  // Cody's fast path has asked for these (spec clients §3.5).
  ['fireworks', `${F}code-llama-7b ${F}qwen-v2p5-7b`, { features: code }],
  ['fireworks', `${F}mistral-7b-instruct-4k`, { limits: [4_096, 4_096] }],
  ['fireworks', `${F}mixtral-8x7b-instruct`, { limits: [32_768, 32_768] }],
  ['fireworks', `${F}mixtral-8x22b-instruct`, { limits: [65_536, 65_536] }],
  [
    'fireworks',
    `${S}custom-deepseek-1p3b-base-hf-version ${S}deepseek-coder-7b-base ${S}deepseek-coder-v2-lite-base ${S}code-qwen-1p5-7b`,
    { features: code },
  ],
  [
    'fireworks',
    `${['typescript', 'javascript', 'php', 'python'].map((language) => `${S}lang-${language}-context-fim-meta-llama-3-8b-instruct-e-1`).join(' ')} ` +
      `${S}finetuned-fim-lang-all-model-meta-llama-3-8b`,
    { features: code },
  ],
  [
    'fireworks',
    ['typescript', 'javascript', 'php', 'python', 'jsx', 'all']
      .map((language) => `${S}finetuned-fim-lang-${language}-model-mixtral-8x7b`)
      .join(' '),
    { features: code },
  ],
  [
    'fireworks',
    ['ts', 'js', 'py', 'tsx-jsx']
      .map((language) => `${S}finetuned-fim-lang-${language}-model-deepseek-7b-logs-v2`)
      .join(' '),
    { features: code },
  ],
  [
    'fireworks',
    ['ts-like', 'py'].map((language) => `${S}finetuned-fim-lang-${language}-model-deepseek-7b-stack-v2`).join(' '),
    { features: code },
  ],
  [
    'fireworks',
    'fim-lang-specific-model-deepseek-stack-trained fim-lang-specific-model-deepseek-logs-trained fim-lang-specific-model-mixtral',
    { features: code, virtual: true },
  ],

  ['google', 'gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite', { limits: [1_048_576, 65_536] }],
  ['google', 'gemini-2.0-flash', { limits: [1_048_576, 8_192] }],
  [
    'google',
    'gemini-1.5-flash-latest gemini-1.5-flash-001 gemini-1.5-flash',
    { limits: [1_048_576, 8_192], ...retired },
  ],
  ['google', 'gemini-1.5-pro-latest gemini-1.5-pro-001 gemini-1.5-pro', { limits: [2_097_152, 8_192], ...retired }],
  ['google', 'gemini-pro-latest gemini-pro', { limits: [32_760, 8_192], ...retired }],
];

/** Every model, newest first within its provider. */
export const catalogue: readonly Model[] = families.flatMap(([provider, ids, traits = {}]) =>
  ids.split(' ').map((id) => ({
    provider,
    id,
    features: traits.features ?? all,
    contextTokens: traits.limits?.[0] ?? null,
    outputTokens: traits.limits?.[1] ?? null,
    deprecated: traits.deprecated ?? false,
    virtual: traits.virtual ?? false,
  })),
);

/** Bare names of a provider's models, as its allow-list holds them where the configuration names none. */
export function defaultModels(provider: ProviderName): readonly string[] {
  return catalogue.filter((model) => model.provider === provider).map(({ id }) => id);
}

const byName = new Map(catalogue.map((model) => [`${model.provider}/${model.id}`, model]));

/** What is known of a model by its qualified name; null for one that only the configuration knows. */
export function knownModel(name: string): Model | null {
  return byName.get(name) ?? null;
}
