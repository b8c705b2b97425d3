// Descriptions of code by a model at Fireworks, for the embedding model that embeds them instead.

import { isObject } from '../request-body.ts';
import { memberOf, tokenCount } from '../answer-json.ts';
import { embeddingRefusal, roughTokens } from './embedder.ts';
import { callJson } from './json-call.ts';
import type { Describer } from './kserve-embedder.ts';

const provider = 'Fireworks';
const model = 'accounts/fireworks/models/llama-v3-70b-instruct';
const maxTokens = 2_000;
const task =
  'Describe for a search index what the following piece of code does: its purpose, its inputs and results, the names that matter. Answer with the description alone.';

/** @param baseUrl of Fireworks, without `/inference/v1` */
export function describeWith(baseUrl: string, apiKey: string): Describer {
  return {
    tokensMax: roughTokens(task.length) + maxTokens,
    describe: async (text, signal) => {
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
      const billed = tokenCount(memberOf(answer, 'usage')['total_tokens']);
      return { text: content, tokens: billed ?? roughTokens(task.length + text.length + content.length) };
    },
  };
}
