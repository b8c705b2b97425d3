// `providers add | list | disable | enable`: whose models there are.

import type { RowEdit } from '@cody-gateway/shared/catalogue';
import { readAuthor, reasonHelp } from './author.ts';
import { changeCatalogue, inForceHelp, readCatalogue } from './catalogue-place.ts';
import { given, providerNamed, readList, readPairs, valueText, withdrawn } from './catalogue-rows.ts';
import { readArguments, UsageError, type Command, type Output } from './command.ts';
import { withNotes } from './models.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

const providerHelp = `  <provider>       its id, as providers list shows it
`;
const switchedOff = 'the models of this provider are switched off by the operators of this gateway for now';
/** What any server has that speaks OpenAI's API. */
const usualDialects = { 'openai-chat': '/v1/chat/completions' };

/** The commands about providers. */
export const providerCommands: readonly Command[] = [
  {
    name: 'providers list',
    summary: 'whose models there are, how they are called, and whether anything can be',
    help: `usage: npm run gateway -- providers list [--project <id>] [--json]

${whereHelp}
example:
  npm run gateway -- providers list
`,
    run: async (args) => {
      const { options } = readArguments(args, ['project']);
      const deployment = await deploymentOf(options.project);
      const { catalogue, notes } = await readCatalogue(deployment);
      const providers = [...catalogue.providers.values()].map(({ row, layer }) => {
        const homes = catalogue.homes.filter((home) => home.row.provider === row.id);
        const open = homes.some(({ status }) => status === 'open');
        return {
          ...row,
          layer,
          state: row.disabled !== null ? 'disabled' : open ? 'served' : 'no home',
          homes: homes.map((home) => ({ id: home.row.id, status: home.status })),
          servedModels: catalogue.served({ provider: row.id }).length,
        };
      });
      return {
        text: withNotes(
          formatTable(
            ['PROVIDER', 'TITLE', 'STATE', 'MODELS SERVED', 'ALLOWED', 'DIALECTS', 'HOMES', 'LAYER'],
            providers.map((one) => [
              one.id,
              one.title,
              one.disabled === null ? one.state : `${one.state}: ${one.disabled}`,
              String(one.servedModels),
              one.allow === null ? 'all that are known' : valueText(one.allow),
              Object.keys(one.dialects).join(', '),
              one.homes.map(({ id, status }) => (status === 'open' ? id : `${id} (${status})`)).join(', ') || '-',
              one.layer,
            ]),
          ),
          notes,
        ),
        json: { place: deployment.name, providers, notes },
      };
    },
  },
  {
    name: 'providers add',
    summary:
      'a provider and its home: any server that speaks a dialect; its key is mounted by Terraform, or it needs none',
    help: `usage: npm run gateway -- providers add <provider> --base-url <address> (--secret <NAME> | --no-key) [--like <provider>] [--title <text>]
                                          [--company <id>] [--dialects <name=path>] [--allow <entries>] [--region <name>] [--retention none|30-days|longer]
                                          --reason <text> [--project <id>] [--json]

  <provider>       a new id: what stands before the slash in its models' names
  --base-url       what the dialects' paths are put behind; https, and no private address: those are Terraform's
  --secret         the name of the secret that holds its key; where it is not mounted yet, the home is kept, and gets no calls
  --no-key         it asks for none
  --like           its dialects and rules are those of this provider
  --dialects       else ${Object.entries(usualDialects)
    .map(([name, path]) => `${name}=${path}`)
    .join(',')}
  --allow          which models are served: name, prefix*, +name, -name; * for any name. Else those that models add adds
  --company        who reads the prompts; the provider's id where absent
  --region, --retention
                   where prompts are processed, and how long they are kept; not known where absent
${reasonHelp}${whereHelp}${inForceHelp}
examples:
  npm run gateway -- providers add cerebras --base-url https://api.cerebras.ai --secret CEREBRAS_API_KEY --allow "*" --reason "trial of May"
  npm run gateway -- providers add nebius --like together --base-url https://api.studio.nebius.com --secret NEBIUS_API_KEY --reason "trial"
`,
    run: async (args) => {
      const { options, words, flags } = readArguments(
        args,
        [
          'base-url',
          'secret',
          'like',
          'title',
          'company',
          'dialects',
          'allow',
          'region',
          'retention',
          'source',
          'reason',
          'project',
        ],
        ['<provider>'],
        ['no-key'],
      );
      const [id = ''] = words;
      const noKey = flags.has('no-key');
      if (options['base-url'] === undefined) throw new UsageError('--base-url is missing: say where it is');
      if (noKey === (options.secret !== undefined)) throw new UsageError('give either --secret or --no-key');
      const dialects = options.dialects === undefined ? undefined : readPairs(options.dialects, '--dialects');
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason, deployment);
      const company = options.company ?? id;
      const home = `${id}-api`;
      const { output, catalogue } = await changeCatalogue(deployment, {
        what: 'providers add',
        author,
        decide: (standing) => {
          if (standing.providers.has(id.toLowerCase()))
            throw new Error(`there is a provider ${id} already: providers list shows it`);
          const like = options.like === undefined ? null : providerNamed(standing, options.like).row;
          const edits: RowEdit[] = [
            {
              kind: 'providers',
              provider: id,
              key: { id },
              set: given({
                title: options.title ?? id,
                company,
                semanticName: id,
                dialects: dialects ?? like?.dialects ?? usualDialects,
                drops: like?.drops,
                rules: like?.rules,
                retryAfterSeconds: like?.retryAfterSeconds,
                allow: readList(options.allow),
                source: options.source,
              }),
            },
            {
              kind: 'homes',
              provider: id,
              key: { id: home },
              set: given({
                provider: id,
                kind: noKey ? 'none' : 'api-key',
                baseUrl: options['base-url'],
                company,
                secrets: noKey ? [] : [options.secret],
                state: home,
                region: options.region,
                retention: options.retention,
                source: options.source,
              }),
            },
          ];
          return { edits, text: `${id} at ${options['base-url']}` };
        },
      });
      const status = catalogue.homes.find(({ row }) => row.id === home);
      const next =
        status === undefined || status.status === 'open'
          ? catalogue.served({ provider: id }).length > 0 || options.allow !== undefined
            ? []
            : [`No model of ${id} is known yet: models add ${id}/<name>`]
          : [`${home} gets no calls yet. ${status.why ?? status.status}`];
      return { text: [output.text, ...next].join('\n'), json: { ...(output.json as object), hints: next } };
    },
  },
  {
    name: 'providers disable',
    summary: 'the kill switch of all models of a provider',
    help: `usage: npm run gateway -- providers disable <provider> [--text <text>] --reason <text> [--project <id>] [--json]

${providerHelp}  --text           what callers are told, in one line; where absent: "${switchedOff}"
${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- providers disable groq --text "Groq's models are off, see status.example.com" --reason "incident 12"
`,
    run: (args) => switchProvider(args, 'disable'),
  },
  {
    name: 'providers enable',
    summary: 'takes providers disable back',
    help: `usage: npm run gateway -- providers enable <provider> --reason <text> [--project <id>] [--json]

${providerHelp}${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- providers enable groq --reason "incident 12 is over"
`,
    run: (args) => switchProvider(args, 'enable'),
  },
];

async function switchProvider(args: readonly string[], verb: 'disable' | 'enable'): Promise<Output> {
  const names = verb === 'disable' ? (['text', 'reason', 'project'] as const) : (['reason', 'project'] as const);
  const { options, words } = readArguments<'text' | 'reason' | 'project'>(args, names, ['<provider>']);
  const text = options.text ?? switchedOff;
  const deployment = await deploymentOf(options.project);
  const author = await readAuthor(options.reason, deployment);
  const { output } = await changeCatalogue(deployment, {
    what: `providers ${verb}`,
    author,
    decide: (catalogue) => {
      const merged = providerNamed(catalogue, words[0] ?? '');
      const { id, disabled } = merged.row;
      if (verb === 'disable')
        return {
          edits: [{ kind: 'providers', provider: id, key: { id }, set: { disabled: text } }],
          text: `${id}: ${text}`,
        };
      if (disabled === null) throw new Error(`${id} is not disabled`);
      return { edits: [{ kind: 'providers', provider: id, key: { id }, ...withdrawn(merged, 'disabled') }], text: id };
    },
  });
  return output;
}
