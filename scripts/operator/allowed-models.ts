// Names of models in an option, and what the catalogue says of them: a name that nothing serves grants nothing.

import { readCatalogue } from './catalogue-place.ts';
import { UsageError } from './command.ts';
import type { Deployment } from './deployment.ts';

/** @throws UsageError */
export function readModels(text: string): string[] {
  const models = text.split(',').map((model) => model.trim());
  if (models.length > 1 && models.includes('*'))
    throw new UsageError('--models: * among names means nothing to the gateway: give * alone, or names alone');
  const odd = models.find((model) => model !== '*' && !/^[\w.:@/-]+$/.test(model));
  if (odd !== undefined) throw new UsageError(`--models: ${JSON.stringify(odd)} is no name of a model`);
  return models;
}

/** One sentence for each name that this gateway does not know, and what could not be known here; none for `*`. */
export async function notesOnModels(deployment: Deployment, models: readonly string[]): Promise<readonly string[]> {
  if (models.every((model) => model === '*')) return [];
  const { catalogue, notes } = await readCatalogue(deployment);
  const unknown = models.flatMap((model) => {
    const resolution = catalogue.resolve(model);
    if (resolution.kind !== 'refused') return [];
    const near = resolution.nearest.length === 0 ? '' : ` Did you mean ${resolution.nearest.slice(0, 3).join(' or ')}?`;
    return [`No model that this gateway serves is called ${model}.${near} models list shows them.`];
  });
  return unknown.length === 0 ? [] : [...unknown, ...notes];
}
