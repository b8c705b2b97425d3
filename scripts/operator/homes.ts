// `homes list | drain | undrain | weight`: where a provider's models are called, and how much goes where.

import { layerOf, type Home, type RowEdit } from '@cody-gateway/shared/catalogue';
import { readAuthor, reasonHelp } from './author.ts';
import { changeCatalogue, inForceHelp, readCatalogue } from './catalogue-place.ts';
import { homeNamed, providerNamed, readCount, valueText, withdrawn } from './catalogue-rows.ts';
import { readArguments, UsageError, type Command, type Output } from './command.ts';
import { statusText, withNotes } from './models.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

const homeHelp = `  <home>           its id, as homes list shows it
`;
const takenOut = 'the place that serves this model is taken out of service for now, please retry later';

/** The commands about homes. */
export const homeCommands: readonly Command[] = [
  {
    name: 'homes list',
    summary: 'where models are called: address, key, priority, weight, and whether calls go there',
    help: `usage: npm run gateway -- homes list [--provider <id>] [--project <id>] [--json]

  --provider       of this provider alone
${whereHelp}
STATUS: open; draining; no key: Terraform has to mount it; no address: somebody has to state it; refused: its key may not be sent there.

example:
  npm run gateway -- homes list --provider anthropic
`,
    run: async (args) => {
      const { options } = readArguments(args, ['provider', 'project']);
      const deployment = await deploymentOf(options.project);
      const { catalogue, notes } = await readCatalogue(deployment);
      const provider = options.provider === undefined ? null : providerNamed(catalogue, options.provider).row.id;
      const homes = catalogue.homes.filter(({ row }) => provider === null || row.provider === provider);
      return {
        text: withNotes(
          formatTable(
            ['HOME', 'PROVIDER', 'STATUS', 'PRIORITY', 'WEIGHT', 'COMPANY', 'REGION', 'ADDRESS', 'KEYS', 'LAYER'],
            homes.map(({ row, merged, ...home }) => [
              row.id,
              row.provider,
              statusText(home),
              String(row.priority),
              String(row.weight),
              row.company,
              valueText(row.region),
              valueText(row.baseUrl),
              row.kind === 'google' ? "the function's account" : valueText(row.secrets),
              merged.layer,
            ]),
          ),
          notes,
        ),
        json: {
          place: deployment.name,
          homes: homes.map(({ row, status, why, merged }) => ({
            ...row,
            status,
            why,
            layers: Object.fromEntries(Object.keys(row).map((member) => [member, layerOf(merged, member)])),
          })),
          notes,
        },
      };
    },
  },
  {
    name: 'homes drain',
    summary: 'no new calls go to a home; running ones end there',
    help: `usage: npm run gateway -- homes drain <home> [--text <text>] --reason <text> [--project <id>] [--json]

${homeHelp}  --text           what callers are told whom no other home serves; where absent: "${takenOut}"
${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- homes drain azure-openai --reason "maintenance of the deployment"
`,
    run: (args) => changeHome(args, 'drain', [], (_home, _words, text) => ({ set: { draining: text } }), takenOut),
  },
  {
    name: 'homes undrain',
    summary: 'takes homes drain back',
    help: `usage: npm run gateway -- homes undrain <home> --reason <text> [--project <id>] [--json]

${homeHelp}${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- homes undrain azure-openai --reason "maintenance is over"
`,
    run: (args) =>
      changeHome(args, 'undrain', [], ({ row, merged }) => {
        if (row.draining === null) throw new Error(`${row.id} is not draining`);
        return withdrawn(merged, 'draining');
      }),
  },
  {
    name: 'homes weight',
    summary: "a home's share among those of its priority: how a new one is rolled in",
    help: `usage: npm run gateway -- homes weight <home> <weight> [--priority <n>] --reason <text> [--project <id>] [--json]

${homeHelp}  <weight>         0 to 1000: 10 beside another home's 90 is a tenth of the conversations; 0 is none
  --priority       0 to 1000: homes of a lower one are tried first
${reasonHelp}${whereHelp}${inForceHelp}
example:
  npm run gateway -- homes weight azure-openai 10 --priority 0 --reason "a tenth for a day"
`,
    run: (args) =>
      changeHome(args, 'weight', ['<weight>'], (_home, [weight], _text, priority) => ({
        set: {
          weight: readCount(weight, '<weight>'),
          ...(priority !== undefined && { priority: readCount(priority, '--priority') }),
        },
      })),
  },
];

async function changeHome(
  args: readonly string[],
  verb: 'drain' | 'undrain' | 'weight',
  more: readonly string[],
  change: (
    home: Home,
    words: readonly string[],
    text: string,
    priority: string | undefined,
  ) => Pick<RowEdit, 'set' | 'unset'>,
  usualText = '',
): Promise<Output> {
  const own = { drain: ['text'], undrain: [], weight: ['priority'] } as const;
  const { options, words } = readArguments<'text' | 'priority' | 'reason' | 'project'>(
    args,
    [...own[verb], 'reason', 'project'],
    ['<home>', ...more],
  );
  const [id = '', ...rest] = words;
  // Checked before the operator is asked for a reason.
  if (verb === 'weight') readCount(rest[0], '<weight>');
  if (options.text?.trim() === '') throw new UsageError('--text is empty: say what callers are told');
  const deployment = await deploymentOf(options.project);
  const author = await readAuthor(options.reason, deployment);
  const { output } = await changeCatalogue(deployment, {
    what: `homes ${verb}`,
    author,
    decide: (catalogue) => {
      const home = homeNamed(catalogue, id);
      const edit = change(home, rest, options.text ?? usualText, options.priority);
      return {
        edits: [{ kind: 'homes', provider: home.row.provider, key: { id: home.row.id }, ...edit }],
        text: `${home.row.id}${edit.set === undefined ? '' : ` ${JSON.stringify(edit.set)}`}`,
      };
    },
  });
  return output;
}
