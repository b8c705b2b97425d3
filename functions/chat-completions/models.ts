// `GET /v1/models`: the models that the caller may use for chat, in the shape of the SDK that asks, out of the
// catalogue.

import type { Model } from '@cody-gateway/shared/catalogue';
import { allowedFor, identify, surfaces, type Route } from '@cody-gateway/shared/serve';

/** SDKs want a date; unknown to us. */
const unknownDay = '1970-01-01';

/**
 * Anthropic's SDK says who it is with `anthropic-version`; everybody else gets OpenAI's list. Each list holds what its
 * own route serves, under the name that it takes there: another provider's with its name in front.
 */
export const listModels: Route = {
  method: 'GET',
  path: '/v1/models',
  dialect: (headers) => (headers['anthropic-version'] === undefined ? 'openai' : 'anthropic'),
  handle: async (exchange) => {
    const { context, dialect, json } = exchange;
    const [actor, catalogue] = await Promise.all([identify(exchange), context.catalogue.current(Date.now())]);
    const surface = dialect === 'anthropic' ? surfaces.messages : surfaces.openAiModels;
    const models = allowedFor(catalogue, actor, 'chat_completions', surface)
      .filter(({ row }) => row.features.includes('chat'))
      .map((model) => ({
        id: model.provider.id === surface.provider ? model.name : model.id,
        model,
        created: new Date(model.row.released ?? unknownDay),
      }));
    if (dialect === 'anthropic') {
      const data = models.map(({ id, model, created }) => ({
        type: 'model',
        id,
        display_name: model.row.title ?? id,
        created_at: `${created.toISOString().slice(0, 19)}Z`,
        ...limitsOf(model),
      }));
      json(200, { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null });
    } else {
      const data = models.map(({ id, model, created }) => ({
        id,
        object: 'model',
        created: created.getTime() / 1000,
        owned_by: model.provider.id,
        ...limitsOf(model),
      }));
      json(200, { object: 'list', data });
    }
  },
};

/** What clients may plan by; what is unknown is left out. */
function limitsOf({ row: { contextTokens, outputTokens, deprecated } }: Model): Record<string, number | boolean> {
  return {
    ...(contextTokens !== null && { context_window: contextTokens }),
    ...(outputTokens !== null && { max_output_tokens: outputTokens }),
    ...(deprecated && { deprecated }),
  };
}
