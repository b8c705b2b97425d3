// `subscriptions prompts`: where a subscription's prompts may go, as its customer agreed: companies, regions, how long
// they are kept.

import { defaultsLayer } from '@cody-gateway/shared/catalogue';
import { setPrompts, type PromptChange } from '@cody-gateway/shared/directory';
import { readAuthor, reasonHelp } from './author.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { writeSubscription } from './subscription-changes.ts';
import { existing, subscriptionHelp } from './subscription-handle.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';

const retentions = ['none', '30-days', 'longer'] as const;
const namesMax = 50;

/** The command about prompts. */
export const subscriptionPromptCommands: readonly Command[] = [
  {
    name: 'subscriptions prompts',
    summary: 'where its prompts may go: companies, regions, retention',
    help: `usage: npm run gateway -- subscriptions prompts <subscription> [--companies <names>] [--regions <names>] [--retention <how long>]
                                              --reason <text> [--project <id>] [--json]

${subscriptionHelp}  --companies      who may read them, with commas between: anthropic,google;
                   default: the company alone whose model is asked for
  --regions        where they may be processed: us,eu; default: anywhere
  --retention      how long they may be kept at the most: ${retentions.join(', ')}; default: as long as each company does
${reasonHelp}${whereHelp}
What is not named stays. Homes that do not say where they are, or how long they keep prompts, are none that a statement allows: homes list shows what each says.
default for all three takes the statement back.

examples:
  npm run gateway -- subscriptions prompts acme --companies anthropic,google --regions eu --reason "contract of May, annex 2"
  npm run gateway -- subscriptions prompts acme --companies default --regions default --retention default --reason "annex 2 is void"
`,
    run: async (args) => {
      const names = ['companies', 'regions', 'retention', 'reason', 'project'] as const;
      const { options, words } = readArguments(args, names, ['<subscription>']);
      const [handle = ''] = words;
      const change = readChange(options);
      const deployment = await deploymentOf(options.project);
      const { id } = await existing(deployment, handle);
      const author = await readAuthor(options.reason, deployment);
      const notes = notesOn(change);
      const { text, json } = await writeSubscription(deployment, (directory, copies) =>
        setPrompts(directory, copies, id, change, author),
      );
      return { text: [text, ...notes].join('\n'), json: { ...(json as object), notes } };
    },
  },
];

/** @throws UsageError */
function readChange({ companies, regions, retention }: Readonly<Record<string, string | undefined>>): PromptChange {
  const change = {
    ...(companies !== undefined && { companies: readNames(companies, '--companies') }),
    ...(regions !== undefined && { regions: readNames(regions, '--regions') }),
    ...(retention !== undefined && { retention: readRetention(retention) }),
  };
  if (Object.keys(change).length > 0) return change;
  throw new UsageError('nothing is given to change: add --companies, --regions or --retention');
}

function readNames(text: string, option: string): string[] | null {
  if (text === 'default') return null;
  const names = [...new Set(text.split(',').map((name) => name.trim().toLowerCase()))];
  const wrong = names.find((name) => !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name));
  if (wrong !== undefined)
    throw new UsageError(`${option}: ${JSON.stringify(wrong)} is not a name such as those that homes list shows`);
  if (names.length > namesMax) throw new UsageError(`${option}: ${names.length} names are more than ${namesMax}`);
  return names;
}

function readRetention(text: string): (typeof retentions)[number] | null {
  if (text === 'default') return null;
  const found = retentions.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`--retention ${JSON.stringify(text)} is none of ${retentions.join(', ')}, default`);
}

/**
 * A mistyped name makes every call refused, but it can't be an error: Terraform may know more companies than a release.
 */
function notesOn({ companies }: PromptChange): string[] {
  const known = new Set((defaultsLayer().rows.homes ?? []).map(({ company }) => String(company)));
  const unknown = (companies ?? []).filter((name) => !known.has(name));
  return unknown.length === 0
    ? []
    : [
        `No home of this release is run by ${unknown.join(', ')}; there are ${[...known].toSorted().join(', ')}. homes list shows yours.`,
      ];
}
