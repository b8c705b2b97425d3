// The Anthropic client that both of its APIs are called with.

import type Anthropic from '@anthropic-ai/sdk';

/** @param baseURL without `/v1` */
export async function createAnthropicClient(apiKey: string, baseURL: string): Promise<Anthropic> {
  const { Anthropic: Client } = await import('@anthropic-ai/sdk');
  return new Client({
    apiKey,
    authToken: null,
    baseURL,
    maxRetries: 0,
    logLevel: 'off',
    // Its spans and trace headers would tell the provider of ours.
    openTelemetry: false,
  });
}
