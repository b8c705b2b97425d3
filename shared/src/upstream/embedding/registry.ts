// The embedding models, one by one: each exists when what it needs is configured. Not who may use them (auth).

import type { Config } from '../../config/config.ts';
import { describeWith } from './describe.ts';
import type { Embedder } from './embedder.ts';
import { describedEmbedder, kserveEmbedder } from './kserve-embedder.ts';
import { openAiEmbedder } from './openai-embedder.ts';

const mpnet = 'sourcegraph/st-multi-qa-mpnet-base-dot-v1';

/**
 * Those that the configuration allows and that have what they need, in the order of the original's list
 * (shared/COMPATIBILITY.md#embeddings-models), others after them.
 */
export function embeddersOf(config: Config): readonly Embedder[] {
  const { openaiAccessToken, openaiBaseUrl, sourcegraphEmbeddingsToken: secret, fireworksAccessToken } = config;
  const openAi = (model: string, dimensions: number, shortens: boolean): Embedder[] =>
    openaiAccessToken === null
      ? []
      : [
          openAiEmbedder({
            name: `openai/${model}`,
            dimensions,
            shortens,
            provider: 'OpenAI',
            baseUrl: `${openaiBaseUrl}/v1`,
            headers: {
              authorization: `Bearer ${openaiAccessToken}`,
              ...(config.openaiOrgId !== null && { 'openai-organization': config.openaiOrgId }),
            },
            model,
          }),
        ];
  const hosted =
    secret === null
      ? null
      : kserveEmbedder({ name: mpnet, dimensions: 768, url: config.sourcegraphEmbeddingsUrl, secret });
  const all = [
    ...openAi('text-embedding-ada-002', 1_536, false),
    ...(hosted === null ? [] : [hosted]),
    ...(hosted === null || fireworksAccessToken === null
      ? []
      : [
          describedEmbedder(
            'sourcegraph/st-multi-qa-mpnet-metadata',
            hosted,
            describeWith(config.fireworksBaseUrl, fireworksAccessToken),
          ),
        ]),
    ...openAi('text-embedding-3-small', 1_536, true),
    ...openAi('text-embedding-3-large', 3_072, true),
  ];
  const allowed = new Set(config.allowedEmbeddingModels.map((name) => name.toLowerCase()));
  return [
    ...all.filter(({ name }) => allowed.has(name.toLowerCase())),
    ...(config.embeddingEndpoints ?? []).flatMap((entry) => configured(entry, config.embeddingEndpointsToken)),
  ];
}

/**
 * `provider/model:dimensions=https://host/v1`: a server of the operator's own that speaks OpenAI's API.
 * @throws Error that names the entry
 */
function configured(entry: string, token: string | null): Embedder[] {
  const match = /^([^/:=]+\/[^:=]+):([1-9]\d{0,4})=(https?:\/\/\S+)$/.exec(entry);
  const [, name = '', dimensions = '', url = ''] = match ?? [];
  if (match === null)
    throw new Error(
      `CODY_GATEWAY_EMBEDDINGS_ENDPOINTS: ${JSON.stringify(entry)} is not of the form provider/model:dimensions=https://host/v1`,
    );
  const [provider = ''] = name.split('/');
  const model = name.slice(provider.length + 1);
  const baseUrl = url.replace(/\/+$/, '');
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  return [openAiEmbedder({ name, dimensions: Number(dimensions), shortens: false, provider, baseUrl, headers, model })];
}
