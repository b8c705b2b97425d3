// A model: what is known of it, whoever serves it.

import * as v from 'valibot';
import { mostTokens } from './most-tokens.ts';
import { dialectNames } from './provider-row.ts';
import { modelId, moment, name, provenance, providerOfModel, text, type RowKind } from './row-kind.ts';

/** What a model is made for; completions of both features may use any model that is allowed. */
export const modelFeatures = ['chat', 'code', 'embeddings'] as const;
export type ModelFeature = (typeof modelFeatures)[number];

const tokens = v.nullable(
  v.pipe(
    v.number('is not a number'),
    v.integer('is not whole'),
    v.minValue(1, 'is below 1'),
    v.maxValue(1e9, 'is above 1e9'),
  ),
);
const day = v.nullable(moment);

const entries = {
  /** `provider/model`, written as answers and lists write it. */
  id: modelId,
  /** Other names of the same model, without prefix. What a provider moves from model to model is a row of its own. */
  aliases: v.pipe(
    v.array(v.pipe(v.string(), v.regex(/^[\w.:@+-][\w.:@/+-]{0,199}$/, 'is not the name of a model'))),
    v.maxLength(50),
  ),
  title: v.nullable(text(100)),
  features: v.pipe(
    v.array(v.picklist(modelFeatures, `is none of ${modelFeatures.join(', ')}`)),
    v.minLength(1, 'is empty'),
  ),
  contextTokens: tokens,
  outputTokens: tokens,
  /** Where it differs from its provider's. */
  mostTokens,
  /** Numbers of a vector; null for what is no embedding, or not known. */
  dimensions: tokens,
  /** Whether it gives shorter vectors to who asks for them. */
  shortens: v.boolean(),
  /** Whether it may think for minutes before it says a word; null: not known. */
  reasons: v.nullable(v.boolean()),
  /** The provider moves this name from model to model: it is priced by what the answer names. */
  moving: v.boolean(),
  /** Searches or runs tools of its own accord, which is billed beside its tokens: no request bounds what that costs. */
  searches: v.boolean(),
  /** Stands for another model, chosen for each request. */
  virtual: v.boolean(),
  released: day,
  /** The provider has retired it or said that it will. */
  deprecated: v.boolean(),
  retires: day,
  replacedBy: v.nullable(modelId),
  /** Models of its provider that are allowed wherever it is, without prefix. */
  covers: v.pipe(
    v.array(v.pipe(v.string(), v.regex(/^[\w.:@+-][\w.:@/+-]{0,199}$/, 'is not the name of a model'))),
    v.maxLength(50),
  ),
  /** Where it answers; null: on every dialect of its home that its features are asked on. */
  dialects: v.nullable(v.array(v.picklist(dialectNames, 'is no dialect'))),
  /** Homes that may be used; null: every one of the provider that serves it. */
  homes: v.nullable(v.array(name)),
  /** Other products that may answer where an operator or a subscription says so. */
  fallbacks: v.pipe(v.array(modelId), v.maxLength(10)),
  /** Whether it is served, whatever the provider's allow-list says; null: as that says. */
  allowed: v.nullable(v.boolean()),
  /** Why it is not served, in words for the caller. */
  disabled: v.nullable(text(300)),
  ...provenance,
};
const schema = v.strictObject(entries);

/** A model, complete. */
export type ModelRow = v.InferOutput<typeof schema>;

export const modelKind: RowKind<ModelRow> = {
  name: 'models',
  key: ['id'],
  entries,
  unstated: {
    aliases: [],
    title: null,
    features: ['chat', 'code'],
    contextTokens: null,
    outputTokens: null,
    mostTokens: null,
    dimensions: null,
    shortens: false,
    reasons: null,
    moving: false,
    searches: false,
    virtual: false,
    released: null,
    deprecated: false,
    retires: null,
    replacedBy: null,
    covers: [],
    dialects: null,
    homes: null,
    fallbacks: [],
    allowed: null,
    disabled: null,
  },
  providerOf: ({ id }) => providerOfModel(id),
};
