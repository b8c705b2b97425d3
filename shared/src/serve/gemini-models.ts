// The models that a caller may use in Gemini's dialect, as Google's own clients list them: below `/v1beta`, and below
// `/v1`, where the newest of them look.

import type { Model } from '../catalogue/catalogue.ts';
import { Refusal } from '../http/http.ts';
import { allowedFor } from './allowed-models.ts';
import type { Exchange } from './exchange.ts';
import { identify } from './identify.ts';
import { surfaces } from './surfaces.ts';

/** As Google's own list has it. */
const pageSizeDefault = 50;
const pageSizeMax = 1_000;

async function usable(exchange: Exchange): Promise<readonly object[]> {
  const { context } = exchange;
  const [actor, catalogue] = await Promise.all([identify(exchange), context.catalogue.current(Date.now())]);
  return [
    ...allowedFor(catalogue, actor, 'chat_completions', surfaces.gemini).map((model) =>
      shown(model, ['generateContent', 'countTokens']),
    ),
    ...allowedFor(catalogue, actor, 'embeddings', surfaces.geminiEmbeddings).map((model) =>
      shown(model, ['embedContent', 'batchEmbedContents']),
    ),
  ];
}

/** A model of another provider has that provider's prefix in front; facts that are unknown are left out. */
function nameOf({ id, name, provider }: Model): string {
  return `models/${provider.id === surfaces.gemini.provider ? name : id}`;
}

function shown(model: Model, supportedGenerationMethods: readonly string[]): object {
  const { contextTokens, outputTokens, reasons, title } = model.row;
  return {
    name: nameOf(model),
    // Google gives each model a version, which our catalogue does not have.
    version: model.name,
    displayName: title ?? model.name,
    ...(contextTokens !== null && { inputTokenLimit: contextTokens }),
    ...(outputTokens !== null && { outputTokenLimit: outputTokens }),
    ...(reasons !== null && { thinking: reasons }),
    supportedGenerationMethods,
  };
}

/** @throws Refusal */
export async function listGeminiModels(exchange: Exchange): Promise<void> {
  const all = await usable(exchange);
  const query = new URLSearchParams(exchange.received.query);
  const size = numberOf(query, 'pageSize') || pageSizeDefault;
  const from = numberOf(query, 'pageToken');
  const end = from + Math.min(size, pageSizeMax);
  exchange.json(200, { models: all.slice(from, end), ...(end < all.length && { nextPageToken: String(end) }) });
}

/** A page's token is where it begins. @throws Refusal `bad-request` */
function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (/^\d{0,6}$/.test(text)) return Number(text);
  throw new Refusal('bad-request', `"${name}" must be a whole number of at most six digits`);
}

/** @param asked without `models/`. @throws Refusal */
export async function showGeminiModel(exchange: Exchange, asked: string): Promise<void> {
  const all = (await usable(exchange)) as { name: string }[];
  const found = all.find(({ name }) => name.toLowerCase() === `models/${asked}`.toLowerCase());
  if (found === undefined)
    throw new Refusal(
      'model-unknown',
      `models/${asked.slice(0, 200)} is not found, or may not be used with this token; GET /v1beta/models lists what may`,
    );
  exchange.json(200, found);
}
