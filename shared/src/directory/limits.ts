// Limits as they are stated, and the features that have them. Not what they entitle to (auth).

/** Features that a subscription has limits for. */
export type SubscribedFeature = 'chat_completions' | 'code_completions' | 'embeddings';

/** In the order in which the original gateway lists them. */
export const features: readonly SubscribedFeature[] = ['code_completions', 'chat_completions', 'embeddings'];

/** A limit as a source states it. */
export interface StatedLimit {
  readonly limit: number;
  readonly intervalSeconds: number;
  readonly allowedModels: readonly string[];
}
