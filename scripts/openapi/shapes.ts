// What requests and answers hold, as JSON Schema: the members that the gateway itself reads or writes. All others are
// the provider's, and pass.

/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const flag = { type: ['boolean', 'null'] } as const;
const whole = { type: 'integer' } as const;
const object = (properties: Schema, required: readonly string[] = [], more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
  ...more,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const model = { ...text, minLength: 1, description: 'A model, with its provider in front or without.' } as const;
const message = object({ role: text, content: { type: ['string', 'array', 'null'] } }, ['role']);
const messages = { type: 'array', minItems: 1, items: message } as const;
/** What every program reads as the same number. */
const wholeMax = Number.MAX_SAFE_INTEGER;
const length = {
  type: ['integer', 'null'],
  maximum: wholeMax,
  description: 'At most what the model can write, or the operator allows.',
};
const prompt = { type: ['string', 'array'], items: text };
const content = object({ role: text, parts: list(object({ text })) });

/** By name, in each document: all that its operations refer to. */
export const shapes: Readonly<Record<string, Schema>> = {
  CodyError: object(
    { error: { type: ['string', 'object'], description: 'Why, in words; what a provider refused, in its own shape.' } },
    ['error'],
  ),
  OpenAiError: object(
    {
      error: object(
        { message: text, type: text, param: { type: ['string', 'null'] }, code: { type: ['string', 'null'] } },
        ['message', 'type'],
      ),
    },
    ['error'],
  ),
  AnthropicError: object(
    { type: { const: 'error' }, error: object({ type: text, message: text }, ['type', 'message']), request_id: text },
    ['type', 'error'],
  ),
  GoogleError: object(
    {
      error: object({ code: whole, message: text, status: text, details: list(object({})) }, [
        'code',
        'message',
        'status',
      ]),
    },
    ['error'],
  ),
  ChatRequest: object({ model, messages, stream: flag, max_tokens: length, max_completion_tokens: length }, [
    'model',
    'messages',
  ]),
  ChatAnswer: object({ object: text, choices: list(object({})), usage: { type: ['object', 'null'] } }, ['choices']),
  TextRequest: object(
    {
      model,
      prompt,
      suffix: { type: ['string', 'null'] },
      stream: flag,
      max_tokens: length,
    },
    ['model', 'prompt'],
  ),
  ResponseRequest: object(
    {
      model,
      input: { type: ['string', 'array'] },
      instructions: { type: ['string', 'null'] },
      stream: flag,
      store: flag,
    },
    ['model', 'input'],
  ),
  ResponseAnswer: object({ object: text, output: list(object({})), status: text }, ['output']),
  MessagesRequest: object(
    {
      model,
      messages,
      system: { type: ['string', 'array'] },
      max_tokens: { ...whole, maximum: wholeMax },
      stream: flag,
    },
    ['model', 'messages', 'max_tokens'],
  ),
  MessagesAnswer: object({ type: text, content: list(object({})), usage: object({}) }, ['type', 'content']),
  CountRequest: object({ model, messages, system: { type: ['string', 'array'] } }, ['model', 'messages']),
  Count: object({ input_tokens: whole }, ['input_tokens']),
  OpenAiEmbeddingsRequest: object(
    {
      model,
      input: { type: ['string', 'array'], description: 'A text, a list of them, or lists of token numbers.' },
      dimensions: { type: ['integer', 'null'], minimum: 1 },
      encoding_format: { enum: ['float', 'base64', null] },
    },
    ['model', 'input'],
  ),
  OpenAiEmbeddings: object(
    { object: { const: 'list' }, data: list(object({ index: whole })), model: text, usage: object({}) },
    ['data', 'model'],
  ),
  OpenAiModel: object({ id: text, object: { const: 'model' }, created: whole, owned_by: text }, ['id', 'object']),
  OpenAiModels: object({ object: { const: 'list' }, data: list(ref('OpenAiModel')) }, ['object', 'data']),
  AnthropicModel: object({ type: { const: 'model' }, id: text, display_name: text, created_at: text }, ['type', 'id']),
  AnthropicModels: object({ data: list(ref('AnthropicModel')), has_more: { type: 'boolean' } }, ['data', 'has_more']),
  ContentRequest: object(
    { contents: list(content), systemInstruction: { type: ['object', 'string'] }, generationConfig: object({}) },
    ['contents'],
  ),
  ContentAnswer: object({ candidates: list(object({})), usageMetadata: object({}) }),
  ContentParts: list(ref('ContentAnswer')),
  TokenCount: object({ totalTokens: whole }, ['totalTokens']),
  EmbedRequest: object({ content }, ['content']),
  EmbedAnswer: object({ embedding: object({ values: list({ type: 'number' }) }) }, ['embedding']),
  BatchEmbedRequest: object({ requests: list(object({ model: text, content }, ['content'])) }, ['requests']),
  BatchEmbedAnswer: object({ embeddings: list(object({ values: list({ type: 'number' }) })) }, ['embeddings']),
  GoogleModel: object({ name: text, displayName: text, supportedGenerationMethods: list(text) }, ['name']),
  GoogleModels: object({ models: list(ref('GoogleModel')), nextPageToken: text }, ['models']),
  AnthropicTextRequest: object({ model, prompt: text, stream: flag, max_tokens_to_sample: length }, [
    'model',
    'prompt',
  ]),
  CompletionRequest: object({ model, messages, prompt, stream: flag, max_tokens: length }, ['model']),
  CodyContentRequest: object({ model, contents: list(content), stream: flag }, ['model', 'contents']),
  Completion: object({}),
  EmbeddingsRequest: object({ model, input: list(text) }, ['model', 'input']),
  Embeddings: object(
    {
      embeddings: list(object({ index: whole, data: list({ type: 'number' }) }, ['index', 'data'])),
      model: text,
      dimensions: whole,
    },
    ['embeddings', 'model', 'dimensions'],
  ),
  EmbeddingsModels: list(
    object({ name: text, dimensions: whole, enabled: { type: 'boolean' }, deprecated: { type: 'boolean' } }, ['name']),
  ),
  Limit: object({ limit: whole, interval: text, usage: whole, expiry: text, allowedModels: list(text) }, [
    'limit',
    'interval',
    'usage',
    'allowedModels',
  ]),
  Budget: object(
    {
      scope: { type: 'string', description: '`subscription` for all features together, or one feature.' },
      window: { type: 'string', description: '`2026-11`, `2026-11-28` or `life`; after a reset `2026-11.2`.' },
      limitUsd: { type: 'string', description: 'Dollars, as decimal text.' },
      usedUsd: text,
      heldUsd: { type: 'string', description: 'Set aside for calls in flight.' },
      leftUsd: text,
      hard: { type: 'boolean', description: 'Whether calls are refused where it would be passed.' },
      resetsAt: { type: 'string', description: 'Left out where it never starts anew.' },
    },
    ['scope', 'window', 'limitUsd', 'usedUsd', 'heldUsd', 'leftUsd', 'hard'],
  ),
  Limits: { type: 'object', properties: { budgets: list(ref('Budget')) }, additionalProperties: ref('Limit') },
  AttributionRequest: object({ snippet: text, limit: { ...whole, maximum: wholeMax } }, ['snippet']),
  Attribution: object(
    { Repositories: { type: ['array', 'null'], items: object({}) }, TotalCount: whole, LimitHit: { type: 'boolean' } },
    ['Repositories'],
  ),
  OpenApi: object({ openapi: text }, ['openapi']),
  FlaggedPrompts: object({ prompts: { type: ['array', 'null'], items: object({}) } }, ['prompts']),
};
