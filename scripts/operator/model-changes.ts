// `models add | disable | enable | alias`: what operators say of models, in force ten seconds later.

import type { Catalogue, PriceBook, RowEdit } from '@cody-gateway/shared/catalogue';
import { readAuthor, reasonHelp } from './author.ts';
import { changeCatalogue, inForceHelp } from './catalogue-place.ts';
import { given, modelNamed, providerNamed, readCount, readList, readPairs, withdrawn } from './catalogue-rows.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { dayText, priceLike, readAmounts } from './price-text.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';

const modelHelp = `  <model>          such as openai/gpt-5; an alias stands for its model
`;
const switchedOff = 'this model is switched off by the operators of this gateway for now';

/** The commands that change models. */
export const modelChangeCommands: readonly Command[] = [
  {
    name: 'models add',
    summary: 'a new model, with limits and price, or more facts of a known one; it is served ten seconds later',
    help: `usage: npm run gateway -- models add <model> [--like <model>] [--price <amounts>] [--context <tokens>] [--output <tokens>] [--reasons yes|no]
                                       [--features <names>] [--dialects <names>] [--homes <ids>] [--spelling <home=name>] [--aliases <names>]
                                       [--dimensions <n>] [--title <text>] [--from <day>] [--source <text>] --reason <text> [--project <id>] [--json]

  <model>          provider/name, as the provider calls it
  --like           what of this model is known holds for the new one too, its price too, but for what is given here
  --price          dollars per million tokens: input=1.25,output=10,cache_read=0.125
  --from           the day that the price begins at; today where absent
  --context, --output
                   tokens at most in a prompt with its answer, and in an answer
  --reasons        whether it may think for minutes before it answers
  --features       chat, code, embeddings; chat,code where nothing is said
  --dialects       where it answers, such as openai-chat,openai-responses; all of its home where nothing is said
  --homes          the homes that may be used; every one of its provider that serves it where nothing is said
  --spelling       what a home calls it, where that is another name: azure-openai=my-deployment
  --source         where the facts are from; else it is the reason
${reasonHelp}${whereHelp}${inForceHelp}
examples:
  npm run gateway -- models add openai/gpt-7 --like openai/gpt-6.1-sol --reason "released today"
  npm run gateway -- models add openai/gpt-7 --like openai/gpt-6.1-sol --price input=2,output=16 --context 1000000 --reason "released today"
`,
    run: async (args) => {
      const { options, words } = readArguments(
        args,
        [
          'like',
          'price',
          'from',
          'context',
          'output',
          'reasons',
          'features',
          'dialects',
          'homes',
          'spelling',
          'aliases',
          'dimensions',
          'title',
          'source',
          'reason',
          'project',
        ],
        ['<model>'],
      );
      const [id = ''] = words;
      if (!/^[^/]+\/.+/.test(id))
        throw new UsageError(
          `${JSON.stringify(id)} is not a qualified model: write provider/name, such as openai/gpt-7`,
        );
      const facts = given({
        title: options.title,
        contextTokens: readCount(options.context, '--context'),
        outputTokens: readCount(options.output, '--output'),
        dimensions: readCount(options.dimensions, '--dimensions'),
        reasons: readAnswer(options.reasons),
        features: readList(options.features),
        dialects: readList(options.dialects),
        homes: readList(options.homes),
        aliases: readList(options.aliases),
        source: options.source,
      });
      const amounts = options.price === undefined ? null : readAmounts(options.price, '--price');
      const spellings = options.spelling === undefined ? {} : readPairs(options.spelling, '--spelling');
      const from = dayText(options.from);
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason, deployment);
      const { output, catalogue, prices } = await changeCatalogue(deployment, {
        what: 'models add',
        author,
        decide: (standing, standingPrices) => {
          const provider = providerNamed(standing, id.slice(0, id.indexOf('/'))).row.id;
          const known = standing.models.get(id.toLowerCase());
          const like = options.like === undefined ? null : factsLike(standing, id, options.like);
          const edits: RowEdit[] = [
            { kind: 'models', provider, key: { id: known?.row.id ?? id }, set: { ...like, ...facts, allowed: true } },
          ];
          const price =
            options.like === undefined ? null : priceLike(standingPrices, modelNamed(standing, options.like).id);
          if (amounts !== null || price !== null)
            edits.push({
              kind: 'prices',
              provider,
              key: { model: known?.row.id ?? id, from },
              set: {
                ...price,
                // Amounts of one's own come without another model's tiers.
                ...(amounts === null ? {} : { dimensions: amounts, tiers: [], hours: [], basis: 'decision' }),
                ...(options.source !== undefined && { source: options.source }),
              },
            });
          for (const [home, name] of Object.entries(spellings)) {
            const row = standing.homes.find((one) => one.row.id === home)?.row;
            if (row === undefined) throw new Error(`there is no home ${JSON.stringify(home)}: homes list shows them`);
            edits.push({
              kind: 'homes',
              provider,
              key: { id: home },
              set: { spellings: { ...row.spellings, [known?.row.id ?? id]: name } },
            });
          }
          return { edits, text: `${id}${options.like === undefined ? '' : ` like ${options.like}`}${told(facts)}` };
        },
      });
      const hints = hintsOf(catalogue, prices, id);
      return { text: [output.text, ...hints].join('\n'), json: { ...(output.json as object), hints } };
    },
  },
  {
    name: 'models disable',
    summary: 'the kill switch of a model: callers are refused with your words, running answers end whole',
    help: `usage: npm run gateway -- models disable <model> [--text <text>] --reason <text> [--project <id>] [--json]

${modelHelp}  --text           what callers are told, in one line; where absent: "${switchedOff}"
${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- models disable openai/gpt-5 --text "gpt-5 is off until 14:00 UTC, use gpt-5-mini" --reason "incident 12"
`,
    run: (args) => switchModel(args, 'disable'),
  },
  {
    name: 'models enable',
    summary: 'takes models disable back',
    help: `usage: npm run gateway -- models enable <model> --reason <text> [--project <id>] [--json]

${modelHelp}${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- models enable openai/gpt-5 --reason "incident 12 is over"
`,
    run: (args) => switchModel(args, 'enable'),
  },
  {
    name: 'models alias',
    summary: 'one more name of a model, or one less',
    help: `usage: npm run gateway -- models alias <model> <alias> [--remove] --reason <text> [--project <id>] [--json]

${modelHelp}  <alias>          of the same provider; a name that is a model's own is refused
  --remove         the alias is a name no longer
${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- models alias openai/gpt-5 gpt-best --reason "asked by the editors' team"
`,
    run: async (args) => {
      const { options, words, flags } = readArguments(args, ['reason', 'project'], ['<model>', '<alias>'], ['remove']);
      const [typed = '', name = ''] = words;
      const remove = flags.has('remove');
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason, deployment);
      const { output } = await changeCatalogue(deployment, {
        what: 'models alias',
        author,
        decide: (catalogue) => {
          const { id, provider, row } = modelNamed(catalogue, typed);
          // Callers write it with its provider's prefix, and so do operators.
          const prefix = `${provider.id}/`;
          const alias = name.toLowerCase().startsWith(prefix.toLowerCase()) ? name.slice(prefix.length) : name;
          const others = row.aliases.filter((one) => one.toLowerCase() !== alias.toLowerCase());
          if (remove && others.length === row.aliases.length)
            throw new Error(`${id} has no alias ${JSON.stringify(alias)}; it has ${row.aliases.join(', ') || 'none'}`);
          const aliases = remove ? others : [...others, alias];
          return {
            edits: [{ kind: 'models', provider: provider.id, key: { id }, set: { aliases } }],
            text: `${id} ${remove ? 'is no longer' : 'is also'} ${prefix}${alias}`,
          };
        },
      });
      return output;
    },
  },
];

async function switchModel(args: readonly string[], verb: 'disable' | 'enable'): ReturnType<Command['run']> {
  const names = verb === 'disable' ? (['text', 'reason', 'project'] as const) : (['reason', 'project'] as const);
  const { options, words } = readArguments<'text' | 'reason' | 'project'>(args, names, ['<model>']);
  const deployment = await deploymentOf(options.project);
  const author = await readAuthor(options.reason, deployment);
  const text = options.text ?? switchedOff;
  const { output } = await changeCatalogue(deployment, {
    what: `models ${verb}`,
    author,
    decide: (catalogue) => {
      const { id, provider, row } = modelNamed(catalogue, words[0] ?? '');
      const merged = catalogue.models.get(id.toLowerCase());
      const key = { id };
      if (verb === 'disable')
        return {
          edits: [{ kind: 'models', provider: provider.id, key, set: { disabled: text } }],
          text: `${id}: ${text}`,
        };
      if (row.disabled === null)
        throw new Error(
          provider.disabled === null
            ? `${id} is not disabled`
            : `${id} is not disabled, its provider is: providers enable ${provider.id}`,
        );
      return { edits: [{ kind: 'models', provider: provider.id, key, ...withdrawn(merged, 'disabled') }], text: id };
    },
  });
  return output;
}

/** What is known of a model, for another one; its own names and dates stay its own. */
function factsLike(catalogue: Catalogue, id: string, like: string): Record<string, unknown> {
  if (catalogue.models.has(id.toLowerCase()))
    throw new Error(`${id} is known already, and has its own facts: leave --like out, or see models show ${id}`);
  const model = modelNamed(catalogue, like);
  if (!model.known)
    throw new Error(`of ${model.id} the catalogue knows nothing: a pattern of the allow-list serves it`);
  const { features, contextTokens, outputTokens, dimensions, reasons, dialects, homes } = model.row;
  // Another provider has other homes, and may speak otherwise.
  const sameProvider = model.provider.id === id.slice(0, id.indexOf('/')).toLowerCase();
  return { features, contextTokens, outputTokens, dimensions, reasons, ...(sameProvider && { dialects, homes }) };
}

/** What an operator who added a model would ask next. */
function hintsOf(catalogue: Catalogue, prices: PriceBook, id: string): string[] {
  const model = modelNamed(catalogue, id);
  const open = catalogue.homesOf(model).filter(({ status }) => status === 'open');
  return [
    ...(open.length > 0 ? [] : [`No home serves ${model.id} at present: homes list shows why`]),
    ...(prices.priceOf(model.id, Date.now()) !== null
      ? []
      : [`No price of ${model.id} is known yet: prices set ${model.id} --price input=…,output=…`]),
  ];
}

function readAnswer(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== 'yes' && text !== 'no') throw new UsageError(`--reasons ${JSON.stringify(text)} is neither yes nor no`);
  return text === 'yes';
}

function told(facts: Readonly<Record<string, unknown>>): string {
  return Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
}
