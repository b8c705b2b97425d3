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

/** What the catalogue says of names. */
export interface NotesOnModels {
  /** One sentence for each name that this gateway does not know, and what could not be known here; none for `*`. */
  readonly notes: readonly string[];
  readonly unknown: ReadonlySet<string>;
}

export async function notesOnModels(deployment: Deployment, models: readonly string[]): Promise<NotesOnModels> {
  if (models.every((model) => model === '*')) return { notes: [], unknown: new Set() };
  const { catalogue, notes } = await readCatalogue(deployment);
  const refused = models.flatMap((model) => {
    const resolution = catalogue.resolve(model);
    return resolution.kind === 'refused' ? [{ model, nearest: resolution.nearest.slice(0, 3) }] : [];
  });
  const told = refused.map(
    ({ model, nearest }) =>
      `No model that this gateway serves is called ${model}.${nearest.length === 0 ? '' : ` Did you mean ${nearest.join(' or ')}?`} models list shows them.`,
  );
  return {
    notes: told.length === 0 ? [] : [...told, ...notes],
    unknown: new Set(refused.map(({ model }) => model)),
  };
}
