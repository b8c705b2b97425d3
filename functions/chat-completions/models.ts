// `GET /v1/models`: the models that the caller may use for chat, in the shape of the SDK that asks, out of the catalogue.

import { allowedFor, identify, type Route } from '@cody-gateway/shared/serve';
import { knownModel, type Model } from '@cody-gateway/shared/upstream';

/** Unknown to us; SDKs want a date. */
const createdUnknown = { seconds: 0, rfc3339: '1970-01-01T00:00:00Z' } as const;

/**
 * Anthropic's SDK says who it is with `anthropic-version`; everybody else gets OpenAI's list. Each list holds what its own route serves, under the
 * name that it takes there: another provider's with its name in front.
 */
export const listModels: Route = {
  method: 'GET',
  path: '/v1/models',
  dialect: (headers) => (headers['anthropic-version'] === undefined ? 'openai' : 'anthropic'),
  handle: async (exchange) => {
    const { context, dialect, json } = exchange;
    const actor = await identify(exchange);
    const own = dialect === 'anthropic' ? 'anthropic' : 'openai';
    const providers = dialect === 'anthropic' ? (['anthropic'] as const) : (['openai', 'fireworks'] as const);
    const models = providers
      .flatMap((provider) => allowedFor(context, actor, 'chat_completions', provider))
      .map((name) => ({ name, known: knownModel(name) }))
      .filter(({ known }) => known?.features.includes('chat') ?? true)
      .map(({ name, known }) => ({
        id: name.startsWith(`${own}/`) ? name.slice(own.length + 1) : name,
        provider: name.slice(0, name.indexOf('/')),
        limits: limitsOf(known),
      }));
    if (dialect === 'anthropic') {
      const data = models.map(({ id, limits }) => ({
        type: 'model',
        id,
        display_name: id,
        created_at: createdUnknown.rfc3339,
        ...limits,
      }));
      json(200, { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null });
    } else {
      const data = models.map(({ id, provider, limits }) => ({
        id,
        object: 'model',
        created: createdUnknown.seconds,
        owned_by: provider,
        ...limits,
      }));
      json(200, { object: 'list', data });
    }
  },
};

/** What clients may plan by; what is unknown is left out. */
function limitsOf(model: Model | null): Record<string, number | boolean> {
  if (model === null) return {};
  const { contextTokens, outputTokens, deprecated } = model;
  return {
    ...(contextTokens !== null && { context_window: contextTokens }),
    ...(outputTokens !== null && { max_output_tokens: outputTokens }),
    ...(deprecated && { deprecated }),
  };
}
