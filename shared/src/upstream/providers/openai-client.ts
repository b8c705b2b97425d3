// The client of those that speak OpenAI's API.

import type OpenAI from 'openai';

/** @param baseURL with `/v1` */
export async function createOpenAiClient(
  apiKey: string,
  baseURL: string,
  organization: string | null,
): Promise<OpenAI> {
  const { OpenAI: Client } = await import('openai');
  return new Client({ apiKey, organization, project: null, baseURL, maxRetries: 0, logLevel: 'off' });
}
