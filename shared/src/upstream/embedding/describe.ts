// Descriptions of code by a model at Fireworks, for the embedding model that embeds them instead.

import type { Model } from '../../catalogue/catalogue.ts';
import { isObject } from '../request-body.ts';
import { memberOf, tokenCount } from '../answer-json.ts';
import { embeddingRefusal, roughTokens } from './embedder.ts';
import type { CallJson } from './json-call.ts';
import type { Describer } from './kserve-embedder.ts';

/** Of the model that writes them, whether callers may use it or not. */
export const describingModel = {
  provider: 'fireworks',
  name: 'accounts/fireworks/models/llama-v3-70b-instruct',
} as const;
const maxTokens = 2_000;
const task =
  'Describe for a search index what the following piece of code does: its purpose, its inputs and results, the names that matter. Answer with the description alone.';

export function describeWith(model: Model, callJson: CallJson): Describer {
  return {
    tokensMax: roughTokens(task.length) + maxTokens,
    describe: async (text, ask) => {
      const members = {
        max_tokens: maxTokens,
        temperature: 0,
        messages: [
          { role: 'system', content: task },
          { role: 'user', content: text },
        ],
      };
      const answer = await callJson({ model, dialect: 'openai-chat', members, numbers: 0 }, ask);
      const choice: unknown = Array.isArray(answer['choices']) ? answer['choices'][0] : null;
      const content = isObject(choice) ? memberOf(choice, 'message')['content'] : null;
      if (typeof content !== 'string' || content === '')
        throw embeddingRefusal.failed(model.provider.title, 'no description');
      const billed = tokenCount(memberOf(answer, 'usage')['total_tokens']);
      return { text: content, tokens: billed ?? roughTokens(task.length + text.length + content.length) };
    },
  };
}
