// `prices set | list`: what models cost from a day on, and what was negotiated. What a call costs is the gateway's to
// compute.

import { hash } from 'node:crypto';
import type { FactorRow, MergedRow, PriceRow, RowEdit } from '@cody-gateway/shared/catalogue';
import { readAuthor, reasonHelp } from './author.ts';
import { changeCatalogue, inForceHelp, readCatalogue } from './catalogue-place.ts';
import { given, homeNamed, modelNamed, providerNamed, readPairs, valueText } from './catalogue-rows.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { withNotes } from './models.ts';
import { amountsText, dayText, priceLike, readAmounts, readHours, readTiers } from './price-text.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

/** Of the id of a row. */
const idLettersMax = 63;

/** The commands about prices. */
export const priceCommands: readonly Command[] = [
  {
    name: 'prices list',
    summary: 'what models cost today, or one model on every day, and negotiated factors',
    help: `usage: npm run gateway -- prices list [--model <model>] [--provider <id>] [--at <day>] [--project <id>] [--json]

  --model          all prices of this model, past and coming ones
  --provider       of this provider alone
  --at             what held on another day, such as 2026-05-01
${whereHelp}
Dollars per million tokens, or per use of a tool. BASIS memory: nobody looked it up, and what it prices is marked.

examples:
  npm run gateway -- prices list --provider openai
  npm run gateway -- prices list --model openai/gpt-5
`,
    run: async (args) => {
      const { options } = readArguments(args, ['model', 'provider', 'at', 'project']);
      const atMs = readMoment(options.at);
      const deployment = await deploymentOf(options.project);
      const { catalogue, prices, notes } = await readCatalogue(deployment);
      const provider = options.provider === undefined ? null : providerNamed(catalogue, options.provider).row.id;
      const model = options.model === undefined ? null : modelNamed(catalogue, options.model).id;
      const rows =
        model !== null
          ? prices.pricesOf(model)
          : [...catalogue.models.values()]
              .filter(({ row }) => provider === null || row.id.startsWith(`${provider}/`))
              .flatMap(({ row }) => prices.pricesOf(row.id).find((price) => holds(price.row, atMs)) ?? []);
      const factors = prices.factors.filter(
        ({ row }) =>
          (provider === null || row.provider === provider) &&
          (model === null || row.model === null || row.model.toLowerCase() === model.toLowerCase()) &&
          (model === null || model.startsWith(`${row.provider}/`)),
      );
      const tables = [rows.length === 0 ? 'no price is known' : pricesTable(rows)];
      if (factors.length > 0) tables.push(factorsTable(factors));
      return {
        text: withNotes(tables.join('\n\n'), notes),
        json: {
          place: deployment.name,
          prices: rows.map(({ row, layer }) => ({ ...row, layer })),
          factors: factors.map(({ row, layer }) => ({ ...row, layer })),
          notes,
        },
      };
    },
  },
  {
    name: 'prices set',
    summary: 'a price of a model from a day on, or a factor that was negotiated',
    help: `usage: npm run gateway -- prices set <model> (--price <amounts> | --like <model>) [--from <day>] [--until <day>] [--tiers <tiers>] [--hours <hours>]
                                        [--multipliers <factors>] [--basis <basis>] [--source <text>] --reason <text> [--project <id>] [--json]
       npm run gateway -- prices set <provider or model> --factor <factor> [--home <id>] [--from <day>] [--until <day>] --reason <text> …

  --price          dollars per million tokens, or per use: input=1.25,output=10,cache_read=0.125,web_search=0.01
  --like           the price of that model that holds now; what is given beside it replaces its own
  --factor         on the whole list price of a call: 0.9 is a tenth less; of a provider, of a model, or of what one --home served
  --from, --until  the first day (or second, UTC) at which it holds, and the first at which it does not; today, and as long as no later price
  --tiers          other prices for calls of more input tokens: 200000:input=2.5,output=15;500000:…
  --hours          other prices in hours of every day, UTC: 16:30-00:30:input=0.14
  --multipliers    on prices of tokens by what an answer says of itself: service_tier:priority=2,batch:true=0.5
  --basis          table, page, contract, decision (where absent) or memory, whose calls are marked
  --source         where it is from, such as the address of a page; else it is the reason
${reasonHelp}${whereHelp}${inForceHelp}
A price of the same day is replaced; with --until before --from's day nothing is written. What is charged already is not charged again.

examples:
  npm run gateway -- prices set openai/gpt-7 --price input=2,output=16,cache_read=0.2 --source https://openai.com/pricing --basis page --reason "released"
  npm run gateway -- prices set google/gemini-4-pro --price input=1.25,output=10 --tiers 200000:input=2.5,output=15 --from 2027-01-01 --reason "new list"
  npm run gateway -- prices set anthropic --factor 0.88 --home claude-vertex --until 2027-12-31 --reason "contract 4711"
`,
    run: async (args) => {
      const { options, words } = readArguments(
        args,
        [
          'price',
          'like',
          'factor',
          'home',
          'from',
          'until',
          'tiers',
          'hours',
          'multipliers',
          'basis',
          'source',
          'reason',
          'project',
        ],
        ['<model>'],
      );
      const [about = ''] = words;
      const from = dayText(options.from);
      if (options.factor === undefined && options.price === undefined && options.like === undefined)
        throw new UsageError('nothing is given to set: add --price, --like or --factor');
      if (options.factor !== undefined) {
        const own = (['price', 'like', 'tiers', 'hours', 'multipliers', 'basis'] as const).find(
          (name) => options[name] !== undefined,
        );
        if (own !== undefined)
          throw new UsageError(`--${own} is of a price, and --factor of what was negotiated: set them one by one`);
      } else if (options.home !== undefined)
        throw new UsageError('--home goes with --factor: list prices are of models');
      const parts = given({
        dimensions: options.price === undefined ? undefined : readAmounts(options.price, '--price'),
        tiers: options.tiers === undefined ? undefined : readTiers(options.tiers),
        hours: options.hours === undefined ? undefined : readHours(options.hours),
        multipliers: options.multipliers === undefined ? undefined : readPairs(options.multipliers, '--multipliers'),
        basis: options.basis,
        until: options.until,
        source: options.source,
      });
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason, deployment);
      const { output } = await changeCatalogue(deployment, {
        what: 'prices set',
        author,
        decide: (catalogue, prices) => {
          if (options.factor !== undefined) {
            const model = about.includes('/') ? modelNamed(catalogue, about) : null;
            const provider = model?.provider.id ?? providerNamed(catalogue, about).row.id;
            const home = options.home === undefined ? null : homeNamed(catalogue, options.home).row;
            if (home !== null && home.provider !== provider)
              throw new Error(`${home.id} is a home of ${home.provider}, not of ${provider}`);
            const edit: RowEdit = {
              kind: 'factors',
              provider,
              key: { id: factorId(provider, home?.id ?? null, model?.id ?? null, from) },
              set: {
                provider,
                home: home?.id ?? null,
                model: model?.id ?? null,
                factor: options.factor,
                from,
                until: options.until ?? null,
                ...(options.source !== undefined && { source: options.source }),
              },
            };
            return { edits: [edit], text: `${model?.id ?? provider}: factor ${options.factor} from ${from}` };
          }
          const model = modelNamed(catalogue, about);
          const like = options.like === undefined ? null : priceLike(prices, modelNamed(catalogue, options.like).id);
          if (options.like !== undefined && like === null)
            throw new Error(`no price of ${options.like} is known yet: prices list shows those that are`);
          // A price is whole: what the row of that day said before is not mixed in.
          const set = { tiers: [], hours: [], multipliers: {}, until: null, basis: 'decision', ...like, ...parts };
          return {
            edits: [{ kind: 'prices', provider: model.provider.id, key: { model: model.id, from }, set }],
            text: `${model.id} from ${from}: ${JSON.stringify({ ...(options.like !== undefined && { like: options.like }), ...parts })}`,
          };
        },
      });
      return output;
    },
  },
];

/** Names a factor by what it is of, so that a second one of the same day replaces it. */
function factorId(provider: string, home: string | null, model: string | null, from: string): string {
  const id = [provider, home, model?.slice(provider.length + 1), from]
    .filter((part) => part !== null && part !== undefined)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-');
  return id.length <= idLettersMax ? id : `${id.slice(0, idLettersMax - 9)}-${hash('sha256', id).slice(0, 8)}`;
}

/** @throws UsageError */
function readMoment(text: string | undefined): number {
  if (text === undefined) return Date.now();
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw new UsageError(`--at ${JSON.stringify(text)} is no day such as 2026-05-01`);
  return ms;
}

function holds({ from, until }: PriceRow, atMs: number): boolean {
  return Date.parse(from) <= atMs && (until === null || atMs < Date.parse(until));
}

function pricesTable(rows: readonly MergedRow<PriceRow>[]): string {
  return formatTable(
    ['MODEL', 'FROM', 'UNTIL', 'DOLLARS', 'OTHERWISE', 'BASIS', 'LAYER', 'SOURCE'],
    rows.map(({ row, layer }) => [
      row.model,
      row.from,
      valueText(row.until),
      amountsText(row.dimensions),
      [
        ...row.tiers.map(({ above, dimensions }) => `above ${above}: ${amountsText(dimensions)}`),
        ...row.hours.map(({ from, until, dimensions }) => `${from}-${until}: ${amountsText(dimensions)}`),
        ...Object.entries(row.multipliers).map(([name, factor]) => `${name} x ${valueText(factor)}`),
      ].join('; ') || '-',
      row.basis,
      layer,
      row.source.length > 60 ? `${row.source.slice(0, 59)}…` : row.source,
    ]),
  );
}

function factorsTable(rows: readonly MergedRow<FactorRow>[]): string {
  return formatTable(
    ['FACTOR', 'PROVIDER', 'HOME', 'MODEL', 'FROM', 'UNTIL', 'LAYER', 'SOURCE'],
    rows.map(({ row, layer }) => [
      row.factor,
      row.provider,
      valueText(row.home),
      valueText(row.model),
      row.from,
      valueText(row.until),
      layer,
      row.source,
    ]),
  );
}
