// The Anthropic client that both of its APIs are called with.

import Anthropic from '@anthropic-ai/sdk';
import { rawFetch } from '../transport.ts';

/** @param baseURL without `/v1` */
export function createAnthropicClient(apiKey: string, baseURL: string): Anthropic {
  return new Anthropic({
    apiKey,
    authToken: null,
    baseURL,
    maxRetries: 0,
    fetch: rawFetch,
    logLevel: 'off',
    // Its spans and trace headers would tell the provider of ours.
    openTelemetry: false,
  });
}
