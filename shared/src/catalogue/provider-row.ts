// A provider: who makes or sells the models of one prefix, which dialects are spoken there, and what is different
// about it.

import * as v from 'valibot';
import { allowEntry } from './allow-list.ts';
import { mostTokens } from './most-tokens.ts';
import { name, provenance, text, type RowKind } from './row-kind.ts';

/** How an API is spoken. Each is a file of code; where it is found at a provider is data. */
export const dialectNames = [
  'anthropic-messages',
  'anthropic-text',
  'anthropic-count-tokens',
  'openai-chat',
  'openai-text',
  'openai-responses',
  'openai-embeddings',
  'gemini-generate',
  'gemini-embeddings',
  'kserve-embeddings',
] as const;
export type DialectName = (typeof dialectNames)[number];

/**
 * What a dialect does differently for a provider that names the rule. What is only left out of a request is `drops`.
 */
export const ruleNames = [
  // The caller's name stands in `user` (OpenAI's dialect) or `metadata.user_id` (Anthropic's).
  'user-is-actor',
  // Direct clients send -1 for "not set".
  'negative-sampling-dropped',
  // A stream reports its usage only when it is asked to.
  'stream-usage-asked',
  // `max_completion_tokens` is called `max_tokens` there.
  'max-tokens-renamed',
  // `X-Fireworks-Genie: true` of the caller is sent on.
  'genie-header',
  // Virtual names stand for deployments that are drawn, or chosen by the language of the file.
  'fireworks-virtual-models',
  // Thinking is counted beside `completion_tokens`: output is what the total says.
  'reasoning-beside-output',
] as const;
export type RuleName = (typeof ruleNames)[number];

const path = v.pipe(
  v.string(),
  v.regex(/^\/[\w./:{}?=&@-]{0,199}$/, (issue) => `${issue.received} is not a path such as /v1/chat/completions`),
);

/**
 * Behind the base URL; `{model}` stands for the name that the home knows. Two where a stream is asked for elsewhere.
 */
export const dialectPath = v.union(
  [path, v.strictObject({ whole: path, stream: path })],
  'is neither a path such as /v1/chat/completions nor {"whole": …, "stream": …}',
);
export type DialectPath = v.InferOutput<typeof dialectPath>;

/** Paths by dialect. */
export const dialectPaths = v.record(
  v.picklist(dialectNames, (issue) => `${issue.received} is no dialect; there are ${dialectNames.join(', ')}`),
  dialectPath,
);

const entries = {
  id: name,
  title: text(80),
  /** Whose product a model of this prefix is: prompts go to no other company unless somebody said so. */
  company: name,
  /** `gen_ai.provider.name` of OpenTelemetry's conventions. */
  semanticName: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'is not a name such as mistral_ai')),
  dialects: dialectPaths,
  /** Members that are left out of every request. */
  drops: v.pipe(v.array(v.pipe(v.string(), v.regex(/^\w{1,64}$/, 'is no member'))), v.maxLength(50)),
  rules: v.array(v.picklist(ruleNames, (issue) => `${issue.received} is no rule; there are ${ruleNames.join(', ')}`)),
  /** What instances are told to wait when the provider refuses without saying how long. */
  retryAfterSeconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3600)),
  /** Which of its models are served (allow-list.ts); null: all that the catalogue knows. */
  allow: v.nullable(v.pipe(v.array(allowEntry), v.maxLength(2000))),
  /** The most tokens that it counts for what only it can count, for the upper bound of a call's cost. */
  mostTokens,
  /** The model, bare, that one of its own tools calls where the request names none; by the tool's type. */
  toolModels: v.record(v.pipe(v.string(), v.regex(/^\w{1,64}$/, 'is no type of a tool')), name),
  /** Why none of its models is served, in words for the caller. */
  disabled: v.nullable(text(300)),
  ...provenance,
};
const schema = v.strictObject(entries);

/** A provider, complete. */
export type ProviderRow = v.InferOutput<typeof schema>;

export const providerKind: RowKind<ProviderRow> = {
  name: 'providers',
  key: ['id'],
  entries,
  unstated: {
    drops: [],
    rules: [],
    retryAfterSeconds: 30,
    allow: null,
    mostTokens: null,
    toolModels: {},
    disabled: null,
  },
  providerOf: ({ id }) => id ?? null,
};
