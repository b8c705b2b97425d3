// Descriptions of code by a model at Fireworks, for the embedding model that embeds them instead (spec actors §7).

import { isObject } from '../request-body.ts';
import { memberOf } from '../answer-json.ts';
import { embeddingRefusal } from './embedder.ts';
import { callJson } from './json-call.ts';
import type { Describe } from './kserve-embedder.ts';

const provider = 'Fireworks';
const model = 'accounts/fireworks/models/llama-v3-70b-instruct';
const maxTokens = 2_000;
const task =
  'Describe for a search index what the following piece of code does: its purpose, its inputs and results, the names that matter. Answer with the description alone.';

/** @param baseUrl of Fireworks, without `/inference/v1` */
export function describeWith(baseUrl: string, apiKey: string): Describe {
  return async (text, signal) => {
    const answer = await callJson({
      provider,
      url: `${baseUrl}/inference/v1/chat/completions`,
      headers: { authorization: `Bearer ${apiKey}` },
      body: {
        model,
        max_tokens: maxTokens,
        temperature: 0,
        messages: [
          { role: 'system', content: task },
          { role: 'user', content: text },
        ],
      },
      numbers: 0,
      signal,
    });
    const choice: unknown = Array.isArray(answer['choices']) ? answer['choices'][0] : null;
    const content = isObject(choice) ? memberOf(choice, 'message')['content'] : null;
    if (typeof content !== 'string' || content === '') throw embeddingRefusal.failed(provider, 'no description');
    return content;
  };
}
