// `GET /v1/models` and `GET /v1/models/{id}`: the models that the caller may use for chat, in the shape of the SDK
// that asks, out of the catalogue.

import type { Model } from '@cody-gateway/shared/catalogue';
import { Refusal } from '@cody-gateway/shared/http';
import {
  allowedFor,
  identify,
  listGeminiModels,
  sdkDialect,
  showGeminiModel,
  surfaces,
  type Exchange,
  type Route,
} from '@cody-gateway/shared/serve';

/** SDKs want a date of creation, which the catalogue does not have. */
const unknownDay = '1970-01-01';

/** The most of a name that an error text repeats. */
const charactersMax = 200;

/** A model, under the name that the route takes. */
interface Listed {
  readonly id: string;
  readonly model: Model;
}

export const listModels: Route = {
  method: 'GET',
  path: '/v1/models',
  dialect: sdkDialect,
  handle: async (exchange) => {
    if (exchange.dialect === 'google') return listGeminiModels(exchange);
    const models = await modelsFor(exchange);
    if (exchange.dialect === 'anthropic') {
      const data = models.map(anthropicModel);
      exchange.json(200, { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null });
    } else exchange.json(200, { object: 'list', data: models.map(openAiModel) });
  },
};

/**
 * A model is found by any name that its route takes, an alias or one with its provider in front; the answer has the
 * name that is listed.
 */
export const findModel: Route = {
  method: 'GET',
  path: '/v1/models/{+id}',
  dialect: sdkDialect,
  handle: async (exchange) => {
    const { context, named } = exchange;
    const asked = named['id'] ?? '';
    if (exchange.dialect === 'google') return showGeminiModel(exchange, asked);
    const models = await modelsFor(exchange);
    const catalogue = context.catalogue.latest();
    const resolution = catalogue.resolve(asked);
    const id = resolution.kind === 'refused' ? null : resolution.model.id;
    const found = models.find(({ model }) => model.id === id);
    if (found === undefined) {
      const listed = new Map(models.map((one) => [one.model.id, one.id]));
      const near = catalogue.nearest(asked).flatMap((name) => listed.get(name) ?? []);
      throw new Refusal(
        'model-unknown',
        `model ${JSON.stringify(asked.slice(0, charactersMax))} is not served here${near.length === 0 ? '' : `, nearest: ${near.join(', ')}`}; GET /v1/models lists all`,
      );
    }
    exchange.json(200, exchange.dialect === 'anthropic' ? anthropicModel(found) : openAiModel(found));
  },
};

/** Each shape lists what its own route serves; another provider's models have its name in front. */
async function modelsFor(exchange: Exchange): Promise<Listed[]> {
  const { context } = exchange;
  const [actor, catalogue] = await Promise.all([identify(exchange), context.catalogue.current(Date.now())]);
  const surface = exchange.dialect === 'anthropic' ? surfaces.messages : surfaces.openAiModels;
  return allowedFor(catalogue, actor, 'chat_completions', surface)
    .filter(({ row }) => row.features.includes('chat'))
    .map((model) => ({ id: model.provider.id === surface.provider ? model.name : model.id, model }));
}

/** Limits under the names of Anthropic's SDK, and under those that other clients look for. */
function anthropicModel({ id, model }: Listed) {
  const { title, contextTokens, outputTokens, deprecated, retires } = model.row;
  return {
    type: 'model',
    id,
    display_name: title ?? id,
    created_at: rfc3339(dayOf(model)),
    max_input_tokens: contextTokens,
    max_tokens: outputTokens,
    lifecycle: deprecated ? 'deprecated' : 'active',
    retires_at: retires === null ? null : rfc3339(retires),
    ...limitsOf(model),
  };
}

function openAiModel({ id, model }: Listed) {
  return {
    id,
    object: 'model',
    created: dayOf(model).getTime() / 1000,
    owned_by: model.provider.id,
    ...limitsOf(model),
  };
}

const rfc3339 = (day: Date | string): string => `${new Date(day).toISOString().slice(0, 19)}Z`;

const dayOf = ({ row }: Model): Date => new Date(row.released ?? unknownDay);

/** Limits by which clients plan; what is unknown is left out. */
function limitsOf({ row: { contextTokens, outputTokens, deprecated } }: Model): Record<string, number | boolean> {
  return {
    ...(contextTokens !== null && { context_window: contextTokens }),
    ...(outputTokens !== null && { max_output_tokens: outputTokens }),
    ...(deprecated && { deprecated }),
  };
}
