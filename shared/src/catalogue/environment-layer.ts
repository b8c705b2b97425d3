// What Terraform states: the original gateway's variables, and rows of `CODY_GATEWAY_CATALOGUE`. As layers, in the
// form of the defaults.

import { readFileSync } from 'node:fs';
import { ConfigError, variables, type Config } from '../config/config.ts';
import { layerFaults, type KindName, type Layer } from './layers.ts';
import type { PartialRow } from './row-kind.ts';

/** Of the configuration: what it says of providers. */
export type CatalogueConfig = Pick<
  Config,
  | (typeof referenceVariables)[number]['baseUrl' | 'allow']
  | 'allowedEmbeddingModels'
  | 'sourcegraphEmbeddingsUrl'
  | 'openaiOrgId'
  | 'embeddingEndpoints'
  | 'embeddingEndpointsToken'
>;

/** The variables of a provider, and the home that they are about. */
const referenceVariables = [
  { provider: 'anthropic', home: 'anthropic-api', baseUrl: 'anthropicBaseUrl', allow: 'anthropicAllowedModels' },
  { provider: 'openai', home: 'openai-api', baseUrl: 'openaiBaseUrl', allow: 'openaiAllowedModels' },
  { provider: 'fireworks', home: 'fireworks-api', baseUrl: 'fireworksBaseUrl', allow: 'fireworksAllowedModels' },
  { provider: 'google', home: 'gemini-api', baseUrl: 'googleBaseUrl', allow: 'googleAllowedModels' },
] as const;

/**
 * What the variables say, the defaults' own values left out.
 * @param day when the process started: what is configured now is as of now
 */
export function variablesLayer(config: CatalogueConfig, defaults: Layer, day: string): Layer {
  const stated = (variable: keyof typeof variables) => ({ source: variables[variable].name, asOf: day });
  const usual = new Map((defaults.rows.homes ?? []).map((row) => [row['id'], row['baseUrl']]));
  const providers: PartialRow[] = [];
  const homes: PartialRow[] = [];
  for (const { provider, home, baseUrl, allow } of referenceVariables) {
    if (config[allow] !== null) providers.push({ id: provider, allow: config[allow], ...stated(allow) });
    const address = config[baseUrl] === usual.get(home) ? {} : { baseUrl: config[baseUrl], ...stated(baseUrl) };
    const organization =
      provider === 'openai' && config.openaiOrgId !== null
        ? { organization: config.openaiOrgId, ...stated('openaiOrgId') }
        : {};
    const row = { ...organization, ...address };
    if (Object.keys(row).length > 0) homes.push({ id: home, ...row });
  }
  const { origin, pathname } = new URL(config.sourcegraphEmbeddingsUrl);
  if (origin !== usual.get('sourcegraph-embeddings') || pathname !== kservePath(defaults))
    homes.push({
      id: 'sourcegraph-embeddings',
      baseUrl: origin,
      dialects: { 'kserve-embeddings': pathname },
      ...stated('sourcegraphEmbeddingsUrl'),
    });
  // The list of embedding models is one for all providers.
  const embeddings = new Set(config.allowedEmbeddingModels.map((id) => id.toLowerCase()));
  const models = (defaults.rows.models ?? [])
    .filter(({ features }) => Array.isArray(features) && features.includes('embeddings'))
    .map(({ id }): PartialRow => ({
      id,
      allowed: embeddings.has(String(id).toLowerCase()),
      ...stated('allowedEmbeddingModels'),
    }));
  for (const { provider, home, model } of endpointRows(config, defaults)) {
    const from = stated('embeddingEndpoints');
    if (provider !== null && !providers.some(({ id }) => id === provider['id']))
      providers.push({ ...provider, ...from });
    homes.push({ ...home, ...from });
    models.push({ ...model, ...from });
  }
  return checked({ name: 'environment', rows: { providers, homes, models } }, 'the variables of providers');
}

/**
 * @param setting rows, or the path of a file that has them
 * @throws ConfigError
 */
export function catalogueText(setting: string): string {
  if (/^\s*[{[]/.test(setting)) return setting;
  try {
    return readFileSync(setting, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `CODY_GATEWAY_CATALOGUE is neither JSON nor a file that can be read: ${(error as Error).message}`,
    ]);
  }
}

/**
 * Rows of a JSON text such as `{"homes": [{"id": "ollama", "baseUrl": "http://10.0.0.7:11434"}]}`; what a row does not
 * say of its source is filled in.
 * @throws ConfigError with every fault
 */
export function catalogueLayer(text: string, day: string): Layer {
  const where = 'CODY_GATEWAY_CATALOGUE';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${where} is not JSON: ${(error as Error).message}`]);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError([`${where} is not an object of lists such as {"homes": [{"id": "ollama", …}]}`]);
  const rows = Object.fromEntries(
    Object.entries(json).map(([kind, list]: [string, unknown]) => [
      kind,
      Array.isArray(list)
        ? list.map((row: unknown) => (isObject(row) ? { source: where, asOf: day, ...row } : row))
        : list,
    ]),
  ) as Record<KindName, readonly PartialRow[]>;
  return checked({ name: 'environment', rows }, where);
}

/**
 * `provider/model:dimensions=https://host/v1`: servers of the operator's own that speak OpenAI's API, each with the
 * one model that it names. `provider` is null where a release knows it.
 * @throws ConfigError that names the entry
 */
function endpointRows(
  { embeddingEndpoints, embeddingEndpointsToken }: CatalogueConfig,
  defaults: Layer,
): { provider: PartialRow | null; home: PartialRow; model: PartialRow }[] {
  return (embeddingEndpoints ?? []).map((entry, i) => {
    const match = /^(([^/:=]+)\/([^:=]+)):([1-9]\d{0,4})=(https?:\/\/\S+)$/.exec(entry);
    const [, id = '', name = '', model = '', dimensions = '', baseUrl = ''] = match ?? [];
    if (match === null)
      throw new ConfigError([
        `CODY_GATEWAY_EMBEDDINGS_ENDPOINTS: ${JSON.stringify(entry)} is not of the form provider/model:dimensions=https://host/v1`,
      ]);
    const known = (defaults.rows.providers ?? []).find((row) => row['id'] === name);
    const dialects = { 'openai-embeddings': '/embeddings' };
    const home = `embeddings-endpoint-${i + 1}`;
    const secrets = embeddingEndpointsToken === null ? [] : [variables.embeddingEndpointsToken.name];
    return {
      provider: known === undefined ? { id: name, title: name, company: name, semanticName: name, dialects } : null,
      home: {
        id: home,
        provider: name,
        kind: secrets.length === 0 ? 'none' : 'api-key',
        baseUrl: baseUrl.replace(/\/+$/, ''),
        company: known?.['company'] ?? name,
        secrets,
        state: home,
        dialects,
        serves: [],
        spellings: { [id]: model },
      },
      model: {
        id,
        features: ['embeddings'],
        dimensions: Number(dimensions),
        homes: [home],
        allowed: true,
      },
    };
  });
}

function checked(layer: Layer, where: string): Layer {
  const faults = layerFaults(layer);
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => `${where}: ${fault}`));
  return layer;
}

const isObject = (value: unknown): value is PartialRow =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function kservePath({ rows }: Layer): unknown {
  const provider = (rows.providers ?? []).find(({ id }) => id === 'sourcegraph');
  return (provider?.['dialects'] as Readonly<Record<string, unknown>> | undefined)?.['kserve-embeddings'];
}
