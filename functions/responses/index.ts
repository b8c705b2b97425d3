// The function `responses`: OpenAI's Responses API, of which nothing is kept. A conversation goes on when its client
// sends it whole: Codex does, and every other client does with `store` set to false. What is done with the requests of
// clients that leave it unset is decided in upstream/dialects/responses-items.ts.

import { Refusal } from '@cody-gateway/shared/http';
import { completionRoute, defineFunction, surfaces, type Route } from '@cody-gateway/shared/serve';
import { createUpstream } from '@cody-gateway/shared/upstream';

const path = '/v1/responses';
const dialect = 'openai-responses';

/** OpenAI has these beside the one path that is served; they keep nothing, so what is kept is no reason. */
const others: readonly string[] = [`${path}/input_tokens`, `${path}/compact`];

/** Kept responses would stand under the gateway's key, where every caller could read them. */
const kept: Route = {
  method: '*',
  path: `${path}/{+rest}`,
  dialect,
  handle: ({ received }) => {
    const asked = `${received.method} ${received.path.slice(0, 100)} is not served`;
    const why = others.includes(received.path)
      ? 'of this API the gateway serves'
      : 'the gateway keeps no responses (store is sent as false). It serves';
    throw new Refusal('not-found', `${asked}: ${why} POST ${path}, with the whole conversation as input`);
  },
};

export const handler = await defineFunction(
  'responses',
  () => [completionRoute({ path, surface: surfaces.responses, dialect, feature: 'chat_completions', units: 1 }), kept],
  { upstream: createUpstream },
);
