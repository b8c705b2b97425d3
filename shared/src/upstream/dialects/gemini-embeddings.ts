// Google's embeddings in Gemini's dialect: one text or a batch of them, each request of which names the model again.

import { createJsonBody, memberOf, tokenCount } from '../answer-json.ts';
import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { JsonObject, Meter, Reading } from '../call.ts';
import { roughTokens } from '../embedding/embedder.ts';
import { bodyOf } from '../outgoing-body.ts';
import { charactersOf, isObject, malformed, modelOf, typeName, withoutMembers } from '../request-body.ts';
import { googleUsage } from '../usage/google-usage.ts';
import { partTexts } from './gemini-generate.ts';

export const geminiEmbeddings: ApiDialect = {
  api: 'google',
  sdk: null,
  read: readTexts,
  keyHeaders: (_reading, key) => ({ 'x-goog-api-key': key }),
  // The model stands in the address.
  body: ({ body }) => [body],
  meter: ({ promptCharacters }, _provider, model) => createMeter(roughTokens(promptCharacters), model),
};

function readTexts(body: JsonObject, { caller, model }: ReadingRules): Reading {
  const { verb } = caller;
  const name = `models/${model?.name ?? modelOf(body)}`;
  const members = withoutMembers(body, 'stream', 'model');
  const { requests } = body;
  if (verb !== 'embedContent') {
    if (!Array.isArray(requests)) throw malformed(`"requests" must be an array, got ${typeName(requests)}`);
    members['requests'] = requests.map((request: unknown, i) => {
      if (!isObject(request)) throw malformed(`"requests[${i}]" must be an object, got ${typeName(request)}`);
      return { ...request, model: name };
    });
  }
  const asked = verb === 'embedContent' ? [members] : (members['requests'] as JsonObject[]);
  const texts = asked.flatMap(({ content }) => partTexts(content));
  return {
    stream: false,
    // In bytes, as readers of the events table expect.
    eventExtras: {
      batch_size: asked.length,
      input_character_count: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    },
    promptCharacters: charactersOf(texts),
    ...bodyOf(members, 'google', caller.bodyBytes),
    headers: { 'content-type': 'application/json' },
    hidesUsage: false,
    ...(verb !== undefined && { verb }),
  };
}

/** Where the answer tells no usage, as that of the older models, the length of the texts does. */
function createMeter(estimate: number, model: string): Meter {
  const body = createJsonBody();
  const told = (): JsonObject => memberOf(body.value() ?? {}, 'usageMetadata');
  return {
    event: () => true,
    body: (chunk) => body.take(chunk),
    finished: () => true,
    failed: () => isObject(body.value()?.['error']),
    usage: () => ({
      inputTokens: tokenCount(told()['promptTokenCount']) ?? estimate,
      outputTokens: null,
      cacheReadTokens: null,
      cacheWriteTokens: null,
      reasoningTokens: null,
      completionCharacters: null,
    }),
    report: () => {
      const report = googleUsage(told(), { searches: 0, maps: false }, { model, modelVersion: null }, true);
      if (report.told !== 'nothing') return report;
      return { ...report, parts: [{ model: null, counts: { input: estimate }, estimated: true }], told: 'all' };
    },
    written: () => (body.value() === null ? 0 : 1),
  };
}
