// `models list | show`: which models are served, and which layer each fact is from. Changing them is model-changes.ts.

import type { Catalogue, MergedRow, Model, ModelRow, PriceBook, Shadowed } from '@cody-gateway/shared/catalogue';
import { homeNamed, membersOf, modelNamed, providerNamed, valueText } from './catalogue-rows.ts';
import { readCatalogue } from './catalogue-place.ts';
import { readArguments, type Command } from './command.ts';
import { amountsText } from './price-text.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

/** The commands that look at models. */
export const modelCommands: readonly Command[] = [
  {
    name: 'models list',
    summary: 'the models that the catalogue knows, and whether they are served',
    help: `usage: npm run gateway -- models list [--provider <id>] [--home <id>] [--shadowed] [--project <id>] [--json]

  --provider       of this provider alone
  --home           those that this home serves
  --shadowed       instead: values that a later layer hides; first those that are newer than what hides them
${whereHelp}
examples:
  npm run gateway -- models list --provider openai
  npm run gateway -- models list --shadowed
`,
    run: async (args) => {
      const { options, flags } = readArguments(args, ['provider', 'home', 'project'], [], ['shadowed']);
      const deployment = await deploymentOf(options.project);
      const { catalogue, prices, notes } = await readCatalogue(deployment);
      if (flags.has('shadowed')) {
        const shadowed = [...catalogue.shadowed, ...prices.shadowed].sort((a, b) => Number(b.older) - Number(a.older));
        return {
          text: withNotes(shadowed.length === 0 ? 'no value hides another' : shadowedTable(shadowed), notes),
          json: { place: deployment.name, shadowed, notes },
        };
      }
      const provider = options.provider === undefined ? null : providerNamed(catalogue, options.provider).row.id;
      const home = options.home === undefined ? null : homeNamed(catalogue, options.home).row.id;
      const models = [...catalogue.models.values()]
        .map((merged) => stateOf(catalogue, prices, merged))
        .filter((one) => provider === null || one.id.startsWith(`${provider}/`))
        .filter((one) => home === null || one.homes.some(({ id }) => id === home));
      return {
        text: withNotes(modelsTable(models), notes),
        json: { place: deployment.name, models, notes },
      };
    },
  },
  {
    name: 'models show',
    summary: 'one model: every fact with the layer it is from, its homes and its prices',
    help: `usage: npm run gateway -- models show <model> [--project <id>] [--json]

  <model>          such as openai/gpt-5; an alias, or a name without provider, stands for what a caller would get
${whereHelp}
Layers: defaults (a release), environment (Terraform), overlay (these commands); - where nobody says anything.

example:
  npm run gateway -- models show openai/gpt-5
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['project'], ['<model>']);
      const deployment = await deploymentOf(options.project);
      const { catalogue, prices, notes } = await readCatalogue(deployment);
      const model = modelNamed(catalogue, words[0] ?? '');
      const merged = catalogue.models.get(model.id.toLowerCase());
      const members = merged === undefined ? [] : membersOf(merged);
      const state = stateOf(
        catalogue,
        prices,
        merged ?? { id: model.id, row: model.row, layer: 'defaults', parts: [] },
      );
      const rows = prices.pricesOf(model.id);
      const about = [
        `${model.id}: ${state.state}${state.why === null ? '' : ` (${state.why})`}`,
        merged === undefined
          ? 'The catalogue knows nothing of it: a pattern of the allow-list serves it.'
          : formatTable(
              ['MEMBER', 'VALUE', 'LAYER'],
              members.map(({ member, value, layer }) => [member, valueText(value), layer]),
            ),
        formatTable(
          ['HOME', 'STATUS', 'PRIORITY', 'WEIGHT', 'NAME THERE'],
          catalogue
            .homesOf(model)
            .map((home) => [
              home.row.id,
              statusText(home),
              String(home.row.priority),
              String(home.row.weight),
              home.spelling(model.name, model.id),
            ]),
        ),
        rows.length === 0
          ? 'no price is known'
          : formatTable(
              ['PRICE FROM', 'UNTIL', 'DOLLARS', 'LAYER'],
              rows.map(({ row, layer }) => [row.from, row.until ?? '-', amountsText(row.dimensions), layer]),
            ),
      ];
      return {
        text: withNotes(about.join('\n\n'), notes),
        json: {
          place: deployment.name,
          ...state,
          members,
          prices: rows.map(({ row, layer }) => ({ ...row, layer })),
          notes,
        },
      };
    },
  },
];

interface ModelState {
  readonly id: string;
  readonly state: 'served' | 'disabled' | 'no home' | 'not allowed';
  /** Why it is not served; null: it is. */
  readonly why: string | null;
  readonly homes: readonly { readonly id: string; readonly status: string }[];
  readonly contextTokens: number | null;
  readonly outputTokens: number | null;
  readonly aliases: readonly string[];
  /** Dollars that hold now. */
  readonly price: Readonly<Record<string, string>> | null;
  /** The last layer that says anything of it. */
  readonly layer: string;
}

function stateOf(catalogue: Catalogue, prices: PriceBook, merged: MergedRow<ModelRow>): ModelState {
  const { row, layer } = merged;
  const provider = row.id.slice(0, row.id.indexOf('/'));
  const resolution = catalogue.resolve(row.id.slice(provider.length + 1), provider);
  const known: Pick<ModelState, 'state' | 'why'> =
    resolution.kind === 'refused'
      ? { state: 'not allowed', why: "the provider's allow-list leaves it out" }
      : resolution.kind === 'served'
        ? { state: 'served', why: null }
        : { state: resolution.kind === 'disabled' ? 'disabled' : 'no home', why: resolution.text };
  const model: Model | null = resolution.kind === 'refused' ? null : resolution.model;
  return {
    id: row.id,
    ...known,
    homes: model === null ? [] : catalogue.homesOf(model).map((home) => ({ id: home.row.id, status: home.status })),
    contextTokens: row.contextTokens,
    outputTokens: row.outputTokens,
    aliases: row.aliases,
    price: prices.priceOf(row.id, Date.now())?.dimensions ?? null,
    layer,
  };
}

function modelsTable(models: readonly ModelState[]): string {
  return formatTable(
    ['MODEL', 'STATE', 'HOMES', 'CONTEXT', 'OUTPUT', '$ IN / OUT', 'LAYER', 'ALIASES'],
    models.map((one) => [
      one.id,
      one.state,
      one.homes.map(({ id, status }) => (status === 'open' ? id : `${id} (${status})`)).join(', ') || '-',
      valueText(one.contextTokens?.toString()),
      valueText(one.outputTokens?.toString()),
      one.price === null ? '-' : `${one.price['input'] ?? '-'} / ${one.price['output'] ?? '-'}`,
      one.layer,
      one.aliases.join(', ') || '-',
    ]),
  );
}

function shadowedTable(shadowed: readonly Shadowed[]): string {
  return formatTable(
    ['KIND', 'ROW', 'MEMBER', 'VALUE', 'LAYER', 'HIDES', 'OF', 'NEWER THAN WHAT HIDES IT'],
    shadowed.map((one) => [
      one.kind,
      one.id,
      one.member,
      valueText(one.value),
      one.layer,
      valueText(one.hidden),
      one.hiddenLayer,
      one.older ? 'yes' : '-',
    ]),
  );
}

/** Status of a home, with its reason. */
export function statusText({ status, why }: { readonly status: string; readonly why: string | null }): string {
  return why === null ? status : why.startsWith(`${status}:`) ? why : `${status}: ${why}`;
}

/** What is wrong, or not known here, below what was asked for. */
export function withNotes(text: string, notes: readonly string[]): string {
  return notes.length === 0 ? text : `${text}\n\n${notes.join('\n')}`;
}
