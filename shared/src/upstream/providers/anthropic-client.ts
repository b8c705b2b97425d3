// The Anthropic client that both of its APIs are called with.

import Anthropic from '@anthropic-ai/sdk';

/** @param baseURL without `/v1` */
export function createAnthropicClient(apiKey: string, baseURL: string): Anthropic {
  return new Anthropic({
    apiKey,
    authToken: null,
    baseURL,
    maxRetries: 0,
    logLevel: 'off',
    // Its spans and trace headers would tell the provider of ours.
    openTelemetry: false,
  });
}
