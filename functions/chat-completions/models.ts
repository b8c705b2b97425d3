// `GET /v1/models`: the models that the caller may use for chat, in the shape of the SDK that asks.

import { allowedFor, identify, type Route } from '@cody-gateway/shared/serve';

/** Unknown to us; SDKs want a date. */
const createdUnknown = { seconds: 0, rfc3339: '1970-01-01T00:00:00Z' } as const;

/** Anthropic's SDK says who it is with `anthropic-version`; everybody else gets OpenAI's list. Each list holds what its own route serves. */
export const listModels: Route = {
  method: 'GET',
  path: '/v1/models',
  dialect: (headers) => (headers['anthropic-version'] === undefined ? 'openai' : 'anthropic'),
  handle: async (exchange) => {
    const { context, dialect, json } = exchange;
    const actor = await identify(exchange);
    const provider = dialect === 'anthropic' ? 'anthropic' : 'openai';
    const ids = allowedFor(context, actor, 'chat_completions', provider).map((name) => name.slice(provider.length + 1));
    if (dialect === 'anthropic') {
      const data = ids.map((id) => ({ type: 'model', id, display_name: id, created_at: createdUnknown.rfc3339 }));
      json(200, { data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null });
    } else {
      json(200, {
        object: 'list',
        data: ids.map((id) => ({ id, object: 'model', created: createdUnknown.seconds, owned_by: provider })),
      });
    }
  },
};
