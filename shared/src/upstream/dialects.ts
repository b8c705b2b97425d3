// The dialects that providers are asked in, one line each.

import type { DialectName } from '../catalogue/catalogue.ts';
import type { ApiDialect } from './api-dialect.ts';
import { anthropicCountTokens } from './dialects/anthropic-count-tokens.ts';
import { anthropicMessages } from './dialects/anthropic-messages.ts';
import { anthropicText } from './dialects/anthropic-text.ts';
import { kserveEmbeddings, openAiEmbeddings } from './dialects/embeddings.ts';
import { geminiEmbeddings } from './dialects/gemini-embeddings.ts';
import { geminiGenerate } from './dialects/gemini-generate.ts';
import { openAiChat, openAiText } from './dialects/openai-completions.ts';
import { openAiResponses } from './dialects/openai-responses.ts';

export const dialects: Readonly<Partial<Record<DialectName, ApiDialect>>> = {
  'anthropic-messages': anthropicMessages,
  'anthropic-text': anthropicText,
  'anthropic-count-tokens': anthropicCountTokens,
  'openai-chat': openAiChat,
  'openai-text': openAiText,
  'openai-responses': openAiResponses,
  'gemini-generate': geminiGenerate,
  'gemini-embeddings': geminiEmbeddings,
  'openai-embeddings': openAiEmbeddings,
  'kserve-embeddings': kserveEmbeddings,
};

/** @throws Error for a dialect that is not there: a fault of ours */
export function dialectNamed(name: DialectName): ApiDialect {
  const dialect = dialects[name];
  if (dialect === undefined) throw new Error(`${name} is no dialect of ours`);
  return dialect;
}
