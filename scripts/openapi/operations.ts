// What callers can ask for, by document: the words and shapes of each path. Which paths and methods there are stands in
// the functions' function.json; documents.ts holds this table to them.

/** Whose clients a document is for. */
export type DocumentName = 'cody' | 'openai' | 'anthropic' | 'google';

/** One method of one path. */
export interface Operation {
  readonly document: DocumentName;
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Names of shapes; `text` is plain text, `lines` are JSON objects, one a line; null: an empty body. */
  readonly request?: string;
  readonly answer: string | null;
  /** Also as server-sent events. */
  readonly streams?: true;
  /** Of instances: the feature that they must name. */
  readonly features?: readonly string[];
  /** Who may: absent, callers with their token; `nobody` asks for none. */
  readonly access?: 'nobody' | 'operator' | 'reader';
  /** Whose clients ask at the same path in a shape of their own, told apart by the body: both answers may come. */
  readonly sharedWith?: DocumentName;
  /** A body that is served. */
  readonly example?: unknown;
  /** What may stand behind the `?`: names, what each does, and its values. */
  readonly query?: Readonly<Record<string, { readonly description: string; readonly values: readonly string[] }>>;
  /** What stands for the names in the path. */
  readonly named?: Readonly<Record<string, string>>;
}

/** Routes below which everything is refused, or which take none of these methods for a caller. */
export const undocumented: Readonly<Record<string, string>> = {
  '/v1/responses/*': 'refused with what there is instead: the gateway keeps no responses',
  '/console': 'pages for people, behind Identity-Aware Proxy',
  '/console/*': 'pages for people, behind Identity-Aware Proxy',
};

const said = [{ role: 'user', content: 'Hello' }];
const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }];
const completion = ['chat_completions', 'code_completions'] as const;
const gemini = 'gemini-2.5-flash';

const cody: readonly Omit<Operation, 'document'>[] = [
  {
    method: 'POST',
    path: '/v1/completions/anthropic',
    id: 'completeAnthropic',
    summary: 'Anthropic’s text completions',
    request: 'AnthropicTextRequest',
    answer: 'Completion',
    streams: true,
    features: completion,
    example: { model: 'claude-2', prompt: '\n\nHuman: Hello\n\nAssistant:', max_tokens_to_sample: 5 },
  },
  {
    method: 'POST',
    path: '/v1/completions/anthropic-messages',
    id: 'completeAnthropicMessages',
    summary: 'Anthropic’s messages',
    request: 'CompletionRequest',
    answer: 'Completion',
    streams: true,
    features: completion,
    example: { model: 'anthropic/claude-haiku-4-5', messages: said, max_tokens: 5 },
  },
  {
    method: 'POST',
    path: '/v1/completions/openai',
    id: 'completeOpenAi',
    summary: 'OpenAI’s chat and text completions',
    request: 'CompletionRequest',
    answer: 'Completion',
    streams: true,
    features: completion,
    example: { model: 'gpt-4o', messages: said },
  },
  {
    method: 'POST',
    path: '/v1/completions/fireworks',
    id: 'completeFireworks',
    summary: 'Fireworks’ chat and text completions',
    request: 'CompletionRequest',
    answer: 'Completion',
    streams: true,
    features: completion,
    example: { model: 'starcoder', prompt: 'const x = ', max_tokens: 5 },
  },
  {
    method: 'POST',
    path: '/v1/completions/google',
    id: 'completeGoogle',
    summary: 'Gemini’s content, the model and `stream` in the body',
    request: 'CodyContentRequest',
    answer: 'Completion',
    streams: true,
    features: completion,
    example: { model: gemini, contents },
  },
  {
    method: 'POST',
    path: '/v1/embeddings',
    id: 'embed',
    summary: 'Vectors of texts',
    request: 'EmbeddingsRequest',
    answer: 'Embeddings',
    sharedWith: 'openai',
    example: { model: 'openai/text-embedding-3-small', input: ['Hello'] },
  },
  {
    method: 'GET',
    path: '/v1/embeddings/models',
    id: 'listEmbeddingsModels',
    summary: 'Embedding models that there are',
    answer: 'EmbeddingsModels',
  },
  {
    method: 'GET',
    path: '/v1/limits',
    id: 'readLimits',
    summary: 'What may be used and is used, by feature',
    query: {
      include: { description: 'Adds what may be spent in dollars, under `budgets`.', values: ['budgets'] },
    },
    answer: 'Limits',
  },
  { method: 'POST', path: '/v1/limits/refresh', id: 'refreshLimits', summary: 'Asks the source anew', answer: null },
  {
    method: 'POST',
    path: '/v1/attribution',
    id: 'attribute',
    summary: 'Where a piece of code comes from; subscriptions alone',
    request: 'AttributionRequest',
    answer: 'Attribution',
    example: { snippet: 'function a() {}', limit: 1 },
  },
  {
    method: 'GET',
    path: '/-/__version',
    id: 'readVersion',
    summary: 'The version that runs',
    answer: 'text',
    access: 'nobody',
  },
  {
    method: 'GET',
    path: '/-/openapi/{name}',
    id: 'readOpenApi',
    summary: 'These documents: cody.json, openai.json, anthropic.json, google.json',
    answer: 'OpenApi',
    access: 'nobody',
    named: { name: 'cody.json' },
  },
  {
    method: 'GET',
    path: '/-/healthz',
    id: 'readHealth',
    summary: 'Whether requests are served',
    answer: 'text',
    access: 'operator',
  },
  {
    method: 'POST',
    path: '/-/actor/sync-all-sources',
    id: 'syncAllSources',
    summary: 'Brings the subscriptions of all sources into the directory',
    answer: 'lines',
    access: 'operator',
  },
  {
    method: 'GET',
    path: '/maintenance/flagged-requests',
    id: 'listFlaggedRequests',
    summary: 'Prompts that were flagged, where recording is on',
    answer: 'FlaggedPrompts',
    access: 'reader',
  },
  {
    method: 'GET',
    path: '/maintenance/flagged-requests/{key}',
    id: 'readFlaggedRequest',
    summary: 'One of them',
    answer: 'text',
    access: 'reader',
  },
];

const openai: readonly Omit<Operation, 'document'>[] = [
  {
    method: 'POST',
    path: '/v1/chat/completions',
    id: 'createChatCompletion',
    summary: 'A conversation goes on',
    request: 'ChatRequest',
    answer: 'ChatAnswer',
    streams: true,
    example: { model: 'gpt-4o', messages: said },
  },
  {
    method: 'POST',
    path: '/v1/completions',
    id: 'createCompletion',
    summary: 'A text goes on, or a gap in it is filled',
    request: 'TextRequest',
    answer: 'ChatAnswer',
    streams: true,
    example: { model: 'gpt-3.5-turbo-instruct', prompt: 'Once' },
  },
  {
    method: 'POST',
    path: '/v1/responses',
    id: 'createResponse',
    summary: 'A conversation goes on, of which nothing is kept',
    request: 'ResponseRequest',
    answer: 'ResponseAnswer',
    streams: true,
    example: { model: 'gpt-4o', input: 'Hello' },
  },
  {
    method: 'POST',
    path: '/v1/embeddings',
    id: 'createEmbedding',
    summary: 'Vectors of texts or tokens',
    request: 'OpenAiEmbeddingsRequest',
    answer: 'OpenAiEmbeddings',
    sharedWith: 'cody',
    example: { model: 'text-embedding-3-small', input: 'Hello' },
  },
  { method: 'GET', path: '/v1/models', id: 'listModels', summary: 'Models that may be used', answer: 'OpenAiModels' },
  {
    method: 'GET',
    path: '/v1/models/{model}',
    id: 'retrieveModel',
    summary: 'One of them',
    answer: 'OpenAiModel',
    named: { model: 'gpt-4o' },
  },
];

const anthropic: readonly Omit<Operation, 'document'>[] = [
  {
    method: 'POST',
    path: '/v1/messages',
    id: 'createMessage',
    summary: 'A conversation goes on',
    request: 'MessagesRequest',
    answer: 'MessagesAnswer',
    streams: true,
    example: { model: 'claude-haiku-4-5', messages: said, max_tokens: 5 },
  },
  {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    id: 'countMessageTokens',
    summary: 'How many tokens a request would have',
    request: 'CountRequest',
    answer: 'Count',
    example: { model: 'claude-haiku-4-5', messages: said },
  },
  {
    method: 'GET',
    path: '/v1/models',
    id: 'listModels',
    summary: 'Models that may be used',
    answer: 'AnthropicModels',
  },
  {
    method: 'GET',
    path: '/v1/models/{model}',
    id: 'retrieveModel',
    summary: 'One of them',
    answer: 'AnthropicModel',
    named: { model: 'claude-haiku-4-5' },
  },
];

const verbs = [
  {
    verb: 'generateContent',
    summary: 'A conversation goes on',
    request: 'ContentRequest',
    answer: 'ContentAnswer',
    example: { contents },
  },
  {
    verb: 'countTokens',
    summary: 'How many tokens a request would have',
    request: 'ContentRequest',
    answer: 'TokenCount',
    example: { contents },
  },
  {
    verb: 'embedContent',
    summary: 'The vector of a text',
    request: 'EmbedRequest',
    answer: 'EmbedAnswer',
    example: { content: contents[0] },
  },
  {
    verb: 'batchEmbedContents',
    summary: 'Vectors of texts',
    request: 'BatchEmbedRequest',
    answer: 'BatchEmbedAnswer',
    example: { requests: [{ content: contents[0] }] },
  },
  {
    verb: 'streamGenerateContent',
    summary: 'The same as a list, or with `alt=sse` as events',
    request: 'ContentRequest',
    answer: 'ContentParts',
    example: { contents },
  },
] as const;
const google: readonly Omit<Operation, 'document'>[] = ['/v1beta', '/v1'].flatMap((below) => [
  {
    method: 'GET',
    path: `${below}/models`,
    id: `listModels${below.slice(2)}`,
    summary: 'Models that may be used',
    answer: 'GoogleModels',
  } as const,
  {
    method: 'GET',
    path: `${below}/models/{model}`,
    id: `getModel${below.slice(2)}`,
    summary: 'One of them',
    answer: 'GoogleModel',
    named: { model: gemini },
  } as const,
  ...verbs.map(
    ({ verb, ...rest }) =>
      ({
        ...rest,
        method: 'POST',
        path: `${below}/models/{model}:${verb}`,
        id: `${verb}${below.slice(2)}`,
        named: { model: verb.toLowerCase().includes('embed') ? 'gemini-embedding-001' : gemini },
        ...(verb === 'streamGenerateContent' && { streams: true as const }),
      }) as const,
  ),
]);

/** All of them. */
export const operations: readonly Operation[] = Object.entries({ cody, openai, anthropic, google }).flatMap(
  ([document, of]) => of.map((one) => ({ document: document as DocumentName, ...one })),
);
