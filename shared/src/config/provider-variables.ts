// Where the providers of completions are, their keys, and what of theirs is served. Embeddings have rows of their own.

import { row } from './variable-row.ts';

/** Rows of all providers of completions. */
export const providerVariables = {
  anthropicAccessToken: row(
    'CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN',
    'secret',
    null,
    'Anthropic API key; without it Anthropic is not routed.',
  ),
  anthropicBaseUrl: row('CODY_GATEWAY_ANTHROPIC_BASE_URL', 'url', 'https://api.anthropic.com', 'Where Anthropic is.'),
  anthropicAllowedModels: row(
    'CODY_GATEWAY_ANTHROPIC_ALLOWED_MODELS',
    'list',
    null,
    'Anthropic models that are served, without provider prefix; not set: all that the gateway knows.',
  ),
  anthropicMaxTokensToSample: row(
    'CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE',
    'integer',
    null,
    'Largest `max_tokens` that may be asked of Anthropic’s models; not set: the model’s own limit, which the provider knows.',
    [1, 1e9],
  ),
  openaiAccessToken: row(
    'CODY_GATEWAY_OPENAI_ACCESS_TOKEN',
    'secret',
    null,
    'OpenAI API key; without it OpenAI is not routed.',
  ),
  openaiOrgId: row('CODY_GATEWAY_OPENAI_ORG_ID', 'text', null, 'Sent as `OpenAI-Organization`.'),
  openaiBaseUrl: row(
    'CODY_GATEWAY_OPENAI_BASE_URL',
    'url',
    'https://api.openai.com',
    'Where OpenAI is, without `/v1`.',
  ),
  openaiAllowedModels: row(
    'CODY_GATEWAY_OPENAI_ALLOWED_MODELS',
    'list',
    null,
    'OpenAI models that are served, without provider prefix; not set: all that the gateway knows.',
  ),
  responsesServerTools: row(
    'CODY_GATEWAY_RESPONSES_SERVER_TOOLS',
    'list',
    null,
    'Tools of `/v1/responses` that the provider runs and bills by the call, such as `web_search`, which callers may use; all others are left out of requests.',
  ),
  fireworksAccessToken: row(
    'CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN',
    'secret',
    null,
    'Fireworks API key; without it Fireworks is not routed.',
  ),
  fireworksBaseUrl: row(
    'CODY_GATEWAY_FIREWORKS_BASE_URL',
    'url',
    'https://api.fireworks.ai',
    'Where Fireworks is, without `/inference/v1`.',
  ),
  fireworksAllowedModels: row(
    'CODY_GATEWAY_FIREWORKS_ALLOWED_MODELS',
    'list',
    null,
    'Fireworks models that are served, without provider prefix; not set: all that the gateway knows.',
  ),
  starcoderCommunityPercent: row(
    'CODY_GATEWAY_FIREWORKS_STARCODER_COMMUNITY_SINGLE_TENANT_PERCENT',
    'integer',
    '0',
    'Percent of the requests for `starcoder-16b` and `starcoder-7b` that go to the single-tenant deployment.',
    [0, 100],
  ),
  starcoderEnterprisePercent: row(
    'CODY_GATEWAY_FIREWORKS_STARCODER_ENTERPRISE_SINGLE_TENANT_PERCENT',
    'integer',
    '100',
    'Percent of the requests for `starcoder` that go to the single-tenant deployment.',
    [0, 100],
  ),
  googleAccessToken: row(
    'CODY_GATEWAY_GOOGLE_ACCESS_TOKEN',
    'secret',
    null,
    'Gemini API key; without it Google is not routed.',
  ),
  googleBaseUrl: row(
    'CODY_GATEWAY_GOOGLE_BASE_URL',
    'url',
    'https://generativelanguage.googleapis.com',
    'Where the Gemini API is.',
  ),
  googleKeyInUrl: row(
    'CODY_GATEWAY_GOOGLE_KEY_IN_URL',
    'boolean',
    'false',
    'Whether callers of Gemini’s dialect may send their token as `?key=`, where the platform’s request logs have it.',
  ),
  googleAllowedModels: row(
    'CODY_GATEWAY_GOOGLE_ALLOWED_MODELS',
    'list',
    null,
    'Google models that are served, without provider prefix; not set: all that the gateway knows.',
  ),
} as const;
