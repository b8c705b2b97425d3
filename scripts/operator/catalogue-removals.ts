// `models remove`, `providers remove`: takes back what operators said in the catalogue. What a release or Terraform
// says stays; the kill switches are for that.

import { layerOf, type Catalogue, type LayerName, type MergedRow, type RowEdit } from '@cody-gateway/shared/catalogue';
import { readAuthor, reasonHelp } from './author.ts';
import { changeCatalogue, inForceHelp } from './catalogue-place.ts';
import { modelNamed, providerNamed } from './catalogue-rows.ts';
import { readArguments, type Command, type Output } from './command.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';

/** The commands that take rows away. */
export const removalCommands: readonly Command[] = [
  {
    name: 'models remove',
    summary: 'takes back what operators said of a model: one that they added is known no longer',
    help: `usage: npm run gateway -- models remove <model> --reason <text> --yes [--project <id>] [--json]

  <model>          such as openai/gpt-7; an alias stands for its model
${yesHelp} callers may lose the model
${reasonHelp}${whereHelp}${inForceHelp}
A model of the release or of Terraform is again as it says; models disable keeps callers from it. Prices stay: what was charged is priced again by them.

example:
  npm run gateway -- models remove openai/gtp-7 --reason "misspelt" --yes
`,
    run: (args) =>
      remove(args, 'model', 'takes back what operators said of the model', (catalogue, typed) => {
        const { id, provider } = modelNamed(catalogue, typed);
        const model = catalogue.models.get(id.toLowerCase());
        const below = placeBelow(model);
        if (!isOverlaid(model))
          throw new Error(
            below === null
              ? `of ${id} nothing was said: a pattern of ${provider.id}'s allow-list serves it, and models disable keeps callers from it`
              : `${id} is as ${below} has it: models disable keeps callers from it`,
          );
        return {
          edits: [removalOf('models', provider.id, id), ...withoutSpelling(catalogue, id)],
          text: below === null ? `${id} is known no longer` : `${id} is again as ${below} has it`,
        };
      }),
  },
  {
    name: 'providers remove',
    summary: 'takes away a provider that operators added, with its homes and models',
    help: `usage: npm run gateway -- providers remove <provider> --reason <text> --yes [--project <id>] [--json]

  <provider>       its id, as providers list shows it
${yesHelp} callers lose its models
${reasonHelp}${whereHelp}${inForceHelp}
A provider of the release or of Terraform stays: providers disable keeps callers from it. Prices stay: what was charged is priced again by them.

example:
  npm run gateway -- providers remove cerebras --reason "the trial is over" --yes
`,
    run: (args) =>
      remove(args, 'provider', 'takes away the provider, its homes and its models', (catalogue, typed) => {
        const provider = providerNamed(catalogue, typed);
        const { id } = provider;
        const homes = catalogue.homes.filter(({ row }) => row.provider === id).map(({ merged }) => merged);
        const models = [...catalogue.models.values()].filter((model) => providerOf(model) === id.toLowerCase());
        for (const row of [provider, ...homes, ...models]) {
          const below = placeBelow(row);
          if (below === null) continue;
          const what = row === provider ? id : `${row.id} of ${id}`;
          throw new Error(`${what} is from ${below}, and stays: providers disable ${id} keeps callers from it`);
        }
        return {
          edits: [
            removalOf('providers', id, id),
            ...homes.map((home) => removalOf('homes', id, home.id)),
            ...models.map((model) => removalOf('models', id, model.id)),
          ],
          text: [id, ...homes.map((home) => home.id), ...models.map((model) => model.id)].join(', '),
        };
      }),
  },
];

async function remove(
  args: readonly string[],
  noun: 'model' | 'provider',
  what: string,
  decide: (catalogue: Catalogue, typed: string) => { readonly edits: readonly RowEdit[]; readonly text: string },
): Promise<Output> {
  const { options, words, yes } = readArguments(args, ['reason', 'project'], [`<${noun}>`]);
  const [typed = ''] = words;
  requireConsent({ yes, reason: options.reason }, what);
  const deployment = await deploymentOf(options.project);
  await askConsent(yes, what, typed);
  const author = await readAuthor(options.reason, deployment);
  const { output } = await changeCatalogue(deployment, {
    what: `${noun}s remove`,
    author,
    decide: (catalogue) => decide(catalogue, typed),
  });
  return output;
}

const removalOf = (kind: RowEdit['kind'], provider: string, id: string): RowEdit => ({
  kind,
  provider,
  key: { id },
  remove: true,
});

/** What operators said that homes call this model. */
function withoutSpelling(catalogue: Catalogue, id: string): RowEdit[] {
  return catalogue.homes.flatMap(({ row, merged }): RowEdit[] => {
    const { [id]: spelling, ...spellings } = row.spellings;
    if (spelling === undefined || layerOf(merged, 'spellings') !== 'overlay') return [];
    return [{ kind: 'homes', provider: row.provider, key: { id: row.id }, set: { spellings } }];
  });
}

const places: Readonly<Record<LayerName, string>> = {
  defaults: 'the release',
  environment: 'Terraform',
  overlay: 'operators',
};

/** Who below the operators states a row; null: nobody. */
function placeBelow(merged: MergedRow<unknown> | undefined): string | null {
  const below = merged?.parts.findLast(({ layer }) => layer !== 'overlay');
  return below === undefined ? null : places[below.layer];
}

const isOverlaid = (merged: MergedRow<unknown> | undefined): boolean =>
  merged !== undefined && merged.parts.some(({ layer }) => layer === 'overlay');

const providerOf = ({ id }: MergedRow<unknown>): string => id.slice(0, id.indexOf('/')).toLowerCase();
