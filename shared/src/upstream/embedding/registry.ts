// The embedding models of a snapshot that some home can be asked for, as what turns texts into vectors. Not who may
// use them (auth).

import type { Catalogue, DialectName, Model } from '../../catalogue/catalogue.ts';
import type { Config } from '../../config/config.ts';
import { describeWith, describingModel } from './describe.ts';
import type { Embedder } from './embedder.ts';
import { createJsonCall, type CallJson, type Sender } from './json-call.ts';
import { describedEmbedder, kserveEmbedder } from './kserve-embedder.ts';
import { openAiEmbedder } from './openai-embedder.ts';

/** Embeds what is written about a text, with the model underneath. */
const described = 'sourcegraph/st-multi-qa-mpnet-metadata';
const underneath = { provider: 'sourcegraph', name: 'st-multi-qa-mpnet-base-dot-v1' } as const;

const known = new WeakMap<Catalogue, readonly Embedder[]>();

/**
 * In the order of the list that allows them (shared/COMPATIBILITY.md#embeddings-models), others after them. Made once
 * for a snapshot.
 */
export function embeddersOf(
  { config, upstream }: { readonly config: Pick<Config, 'allowedEmbeddingModels'>; readonly upstream: Sender },
  catalogue: Catalogue,
): readonly Embedder[] {
  const before = known.get(catalogue);
  if (before !== undefined) return before;
  const order = new Map(config.allowedEmbeddingModels.map((name, at) => [name.toLowerCase(), at]));
  const placeOf = ({ name }: Embedder): number => order.get(name.toLowerCase()) ?? order.size;
  const callJson = createJsonCall(upstream, catalogue);
  const embedders = catalogue
    .served({ features: ['embeddings'], dialects: ['openai-embeddings', 'kserve-embeddings'] })
    .flatMap((model) => embedderOf(model, catalogue, callJson) ?? [])
    .toSorted((a, b) => placeOf(a) - placeOf(b));
  known.set(catalogue, embedders);
  return embedders;
}

/**
 * Null: the model can't be asked here, since its row has no length of vectors, or a model that it needs has no open
 * home.
 */
function embedderOf(model: Model, catalogue: Catalogue, callJson: CallJson): Embedder | null {
  const { dimensions } = model.row;
  // A vector's length tells whether an answer is complete, so it has to be known.
  if (dimensions === null) return null;
  if (model.id === described) {
    const base = catalogue.named(underneath.provider, underneath.name);
    const writer = catalogue.named(describingModel.provider, describingModel.name);
    if (base === null || writer === null || !isOpen(base, 'kserve-embeddings') || !isOpen(writer, 'openai-chat'))
      return null;
    return describedEmbedder(model.id, kserveEmbedder(base, dimensions, callJson), describeWith(writer, callJson));
  }
  return isOpen(model, 'kserve-embeddings')
    ? kserveEmbedder(model, dimensions, callJson)
    : openAiEmbedder(model, dimensions, callJson);

  function isOpen(one: Model, dialect: DialectName): boolean {
    return catalogue.homesOf(one).some((home) => home.status === 'open' && home.dialects[dialect] !== undefined);
  }
}
