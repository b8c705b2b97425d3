// `subscriptions set-limits | enable | disable | archive`: what an operator says of a subscription, against its source
// or without one.

import {
  setAccess,
  setLimits,
  type AccountCopies,
  type Changed,
  type LimitChange,
  type LimitChanges,
} from '@cody-gateway/shared/directory';
import type { Documents } from '@cody-gateway/shared/documents';
import { notesOnModels, readModels } from './allowed-models.ts';
import { readArguments, UsageError, type Command, type Output } from './command.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { parseLimit } from './limit-text.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { withCopies } from './redis.ts';
import { existing, subscriptionHelp } from './subscription-handle.ts';
import { describe, flat, limitOptions } from './subscription-text.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';

/** Nothing, a day. */
const nothing: LimitChange = { limit: 0, intervalSeconds: 86_400 };

type Access = Parameters<typeof setAccess>[3];

/** Both refuse every call; what differs is what people read in it, and what outlasts the source. */
const meaning: Readonly<Record<Access, string>> = {
  enabled:
    'It takes back what disable and archive said. A subscription that is archived at its source is brought back there.',
  disabled:
    'A pause: it shows as "off", and holds against what the source says until subscriptions enable. For the end of a contract there is archive, for removal delete.',
  archived:
    'The end of a contract: it shows as "archived", its data and tokens are kept, and it holds against what the source says until subscriptions enable. For a pause there is disable, for removal delete.',
};

/** The commands that change subscriptions. */
export const subscriptionChangeCommands: readonly Command[] = [
  {
    name: 'subscriptions set-limits',
    summary: 'other limits or models, field by field',
    help: `usage: npm run gateway -- subscriptions set-limits <subscription> [--chat <limit>] [--code <limit>] [--embeddings <limit>] [--models <models>]
                                                   --reason <text> [--yes] [--project <id>] [--json]

${subscriptionHelp}  --chat, --code, --embeddings
                   500/24h: units per window; 500: units alone, the window stays; none: the feature is taken away (with --yes);
                   default: what the source or the plan says, whatever operators said before
  --models         for the features that are named, or for all where none is: * or names with commas between
${reasonHelp}${whereHelp}
Another window of a subscription moves the end of the one that runs; what was used stays used (limits reset).

examples:
  npm run gateway -- subscriptions set-limits acme --chat 800 --reason "contract of May"
  npm run gateway -- subscriptions set-limits acme --models openai/gpt-4o --reason "asked by the customer"
  npm run gateway -- subscriptions set-limits 6452a8fc-e650-45a7-a0a2-357f776b3b46 --chat default --reason "trial is over" --project my-project
`,
    run: async (args) => {
      const names = ['chat', 'code', 'embeddings', 'models', 'reason', 'project'] as const;
      const { options, words, yes } = readArguments(args, names, ['<subscription>']);
      const [handle = ''] = words;
      const changes = readChanges(options);
      const taken = Object.values(changes).includes(nothing);
      const what = 'takes a feature away from whoever uses it';
      if (taken) requireConsent({ yes, reason: options.reason }, what);
      const deployment = await deploymentOf(options.project);
      const { id, record } = await existing(deployment, handle);
      if (taken) await askConsent(yes, what, record.name);
      const named = options.models === undefined ? [] : readModels(options.models);
      const { notes } = await notesOnModels(deployment, named);
      const author = await readAuthor(options.reason, deployment);
      const { text, json } = await writeSubscription(deployment, (directory, copies) =>
        setLimits(directory, copies, id, changes, author),
      );
      return { text: [text, ...notes].join('\n'), json: { ...(json as object), notes } };
    },
  },
  access('enable', 'enabled', 'gives access back, after a disable or an archive', null),
  access('disable', 'disabled', 'takes access away for a time: a pause', 'refuses every call of that subscription'),
  access(
    'archive',
    'archived',
    'takes access away at the end of a contract',
    'refuses every call of that subscription',
  ),
];

function access(verb: string, state: Access, summary: string, warning: string | null): Command {
  return {
    name: `subscriptions ${verb}`,
    summary,
    help: `usage: npm run gateway -- subscriptions ${verb} <subscription> --reason <text>${warning === null ? '' : ' --yes'} [--project <id>] [--json]

${subscriptionHelp}${reasonHelp}${warning === null ? '' : `${yesHelp} it ${warning}\n`}${whereHelp}
${meaning[state]}

example:
  npm run gateway -- subscriptions ${verb} acme --reason "ticket 4711"${warning === null ? '' : ' --yes'}
`,
    run: async (args) => {
      const { options, words, yes } = readArguments(args, ['reason', 'project'], ['<subscription>']);
      const [handle = ''] = words;
      if (warning !== null) requireConsent({ yes, reason: options.reason }, warning);
      const deployment = await deploymentOf(options.project);
      const { id, record } = await existing(deployment, handle);
      if (warning !== null) await askConsent(yes, warning, record.name);
      const author = await readAuthor(options.reason, deployment);
      return writeSubscription(deployment, (directory, copies) => setAccess(directory, copies, id, state, author));
    },
  };
}

/** Changes a subscription and its copies. */
export async function writeSubscription(
  deployment: Deployment,
  work: (directory: Documents, copies: AccountCopies | null) => Promise<Changed>,
): Promise<Output> {
  const changed = await withCopies(deployment, (copies) =>
    withDirectory(deployment, (directory) => work(directory, copies)),
  );
  return changedOutput(changed, deployment);
}

/** A changed subscription, and how soon it is in force. */
export function changedOutput({ id, record, published }: Changed, deployment: Deployment): Output {
  return {
    text: `changed in ${deployment.name}:\n\n${describe(id, record)}\n${inForce(published)}`,
    json: { place: deployment.name, published, ...flat({ id, record }) },
  };
}

/** How soon the gateway goes by a change. */
export function inForce(published: boolean): string {
  return published ? 'In force everywhere within 10 s.' : 'In force within a minute: Redis could not be told.';
}

/** @throws UsageError */
function readChanges(options: Readonly<Partial<Record<keyof typeof limitOptions | 'models', string>>>): LimitChanges {
  const models = options.models === undefined ? {} : { allowedModels: readModels(options.models) };
  const named = Object.entries(limitOptions).flatMap(([option, feature]) => {
    const text = options[option as keyof typeof limitOptions];
    return text === undefined ? [] : [{ option, feature, text }];
  });
  if (named.length === 0 && options.models === undefined)
    throw new UsageError('nothing is given to change: add --chat, --code, --embeddings or --models');
  if (named.length === 0) return Object.fromEntries(Object.values(limitOptions).map((feature) => [feature, models]));
  return Object.fromEntries(
    named.map(({ option, feature, text }) => {
      if (text === 'default' && options.models !== undefined)
        throw new UsageError(`--${option} default takes the models back too: give --models alone afterwards`);
      if (text === 'default') return [feature, null];
      if (text === 'none') return [feature, nothing];
      // The window of the plan stays where the units alone are given.
      const { limit, intervalSeconds } = parseLimit(
        /^-?\d+$/.test(text) ? `${text}/24h` : text,
        `--${option}`,
        `--${option} none --yes takes the feature away`,
      );
      return [feature, { limit, ...(text.includes('/') && { intervalSeconds }), ...models }];
    }),
  );
}
