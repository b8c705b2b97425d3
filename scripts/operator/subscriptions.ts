// `subscriptions create | list | show | delete`: the directory by an operator's hand.

import {
  createSubscription,
  deleteSubscription,
  findSubscriptionsNamed,
  listSubscriptions,
  type SubscriptionEntry,
  type SubscriptionRecord,
} from '@cody-gateway/shared/directory';
import { notesOnModels, readModels } from './allowed-models.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { askConsent, requireConsent, requireYes, yesHelp } from './consent.ts';
import { firstCall } from './first-call.ts';
import { parseLimit } from './limit-text.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { findDeployment, withDirectory, type Deployment } from './deployment.ts';
import { entryOf, existing, subscriptionHelp, wordOf } from './subscription-handle.ts';
import { describe, flat, limitOptions, table } from './subscription-text.ts';

const listedByDefault = 100;
const listedMost = 1_000;
const nameLengthMax = 200;

/** The options that every command about the directory has. */
export const whereHelp = `  --project <id>   the directory of that Google Cloud project, by application default credentials;
                   without it, the local cloud of npm start
  --json           for programs: one JSON document (with npm run --silent, or npm's own lines stand above it)
`;

/** The commands about subscriptions. */
export const subscriptionCommands: readonly Command[] = [
  {
    name: 'subscriptions create',
    summary: 'a new subscription with limits; prints its token, once',
    help: `usage: npm run gateway -- subscriptions create --name <name> [--chat <limit>] [--code <limit>] [--embeddings <limit>]
                                               [--models <models>] [--id <uuid>] [--url <address>] [--yes] [--reason <text>] [--project <id>] [--json]

  --name           whom it is for
  --chat, --code, --embeddings
                   units per window, such as 500/24h, 100000/30d, 60/90m: requests, for embeddings tokens.
                   A feature without a limit is not granted; at least one is needed
  --models         * for all (the default), or names with commas between: anthropic/claude-2.1,openai/gpt-4o
  --id             its UUID; a fresh one where absent
  --url            the gateway's address, for the line to try it with
${yesHelp} a second one of the same name
${reasonHelp}${whereHelp}
examples:
  npm run gateway -- subscriptions create --name acme --chat 500/24h --code 10000/24h
  npm run gateway -- subscriptions create --name acme --chat 500/24h --models openai/gpt-4o --project my-project
  npm run --silent gateway -- subscriptions create --name acme --chat 500/24h --json
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, [
        'name',
        'chat',
        'code',
        'embeddings',
        'models',
        'id',
        'reason',
        'project',
        'url',
      ]);
      const name = (options.name ?? '').trim();
      if (name === '') throw new UsageError('--name is missing: say whom the subscription is for');
      if (name.length > nameLengthMax || /\p{Cc}/u.test(name))
        throw new UsageError(`--name is not one line of at most ${nameLengthMax} characters`);
      const models = readModels(options.models ?? '*');
      const limits = readLimits(options, models);
      const givenUrl = readUrl(options.url);
      const deployment = await deploymentOf(options.project);
      const url = givenUrl ?? deployment.url;
      if (!yes) await askForNamesake(deployment, name);
      const { notes, unknown } = await notesOnModels(deployment, models);
      const author = await readAuthor(options.reason ?? `a new subscription for ${name}`, deployment);
      const { id, token, record } = await withDirectory(deployment, (directory) =>
        createSubscription(directory, {
          name,
          limits,
          author,
          ...(options.id !== undefined && { id: options.id }),
        }),
      );
      return {
        text: `created in ${deployment.name}:

${describe(id, record)}
token       ${token}
${notes.map((note) => `\n${note}`).join('')}
The token is shown this once: only its hash is stored. Try it:

  ${firstCall(url, token, limits, unknown)}`,
        json: { ...flat({ id, record }), token, place: deployment.name, notes },
      };
    },
  },
  {
    name: 'subscriptions list',
    summary: 'the subscriptions of the directory',
    help: `usage: npm run gateway -- subscriptions list [--most <number>] [--project <id>] [--json]

  --most           how many at the most, up to ${listedMost}; ${listedByDefault} where absent
${whereHelp}
examples:
  npm run gateway -- subscriptions list
  npm run gateway -- subscriptions list --most 1000 --project my-project
`,
    run: async (args) => {
      const { options } = readArguments(args, ['most', 'project']);
      const most = readMost(options.most);
      const deployment = await deploymentOf(options.project);
      // One more than asked for tells whether there are more.
      const found = await withDirectory(deployment, (directory) => listSubscriptions(directory, most + 1));
      const entries = found.slice(0, most);
      const more = found.length > most;
      return {
        text: listText(entries, more, deployment),
        json: { place: deployment.name, more, subscriptions: entries.map(flat) },
      };
    },
  },
  {
    name: 'subscriptions show',
    summary: 'one subscription: its access and the limits in force',
    help: `usage: npm run gateway -- subscriptions show <subscription> [--project <id>] [--json]

${subscriptionHelp}${whereHelp}
Limits are those in force; what an operator said against the source stands below them. With --json, "stated" is what the source says and "overrides" what operators said.

examples:
  npm run gateway -- subscriptions show acme
  npm run gateway -- subscriptions show 6452a8fc-e650-45a7-a0a2-357f776b3b46 --project my-project
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['project'], ['<subscription>']);
      const [handle = ''] = words;
      const deployment = await deploymentOf(options.project);
      const entry = await existing(deployment, handle);
      return { text: describe(entry.id, entry.record).trimEnd(), json: { place: deployment.name, ...flat(entry) } };
    },
  },
  {
    name: 'subscriptions delete',
    summary: 'removes one, with its tokens, for good',
    help: `usage: npm run gateway -- subscriptions delete <subscription> --reason <text> --yes [--project <id>] [--json]

${subscriptionHelp}${yesHelp} there is no way back
${reasonHelp}${whereHelp}
Archive it at its source first, or the next sync brings it back. Running instances know its tokens for a minute more. What else names a customer, and how it is deleted: terraform/README.md.

example:
  npm run gateway -- subscriptions delete acme --reason "left us, ticket 4711" --yes
`,
    run: async (args) => {
      const { options, words, yes } = readArguments(args, ['reason', 'project'], ['<subscription>']);
      const [handle = ''] = words;
      const what = 'removes the subscription and its tokens, for good';
      requireConsent({ yes, reason: options.reason }, what);
      const deployment = await deploymentOf(options.project);
      const entry = await entryOf(deployment, handle);
      await askConsent(yes, what, wordOf(entry));
      const author = await readAuthor(options.reason, deployment);
      const { id } = entry;
      const tokens = await withDirectory(deployment, (directory) => deleteSubscription(directory, id, author));
      if (tokens === null) throw new Error(`subscription ${id} is gone already from ${deployment.name}`);
      return {
        text: `deleted from ${deployment.name}: the subscription, tokens: ${tokens}`,
        json: { place: deployment.name, id, tokens },
      };
    },
  },
];

/**
 * Nobody wants two of a name by accident: names are how operators tell them apart.
 * @throws UsageError where nobody can be asked
 */
async function askForNamesake(deployment: Deployment, name: string): Promise<void> {
  const [entry] = await withDirectory(deployment, (directory) => findSubscriptionsNamed(directory, name, 1));
  if (entry === undefined) return;
  const what = `makes a second subscription called ${JSON.stringify(name)}, beside ${entry.id}: commands then need ids`;
  requireYes(false, what);
  await askConsent(false, what, name);
}

/** The deployment that `--project` names. */
export function deploymentOf(project: string | undefined): Promise<Deployment> {
  const emulatorHost = process.env['FIRESTORE_EMULATOR_HOST'];
  // Firestore's client puts it above what it is told, the local cloud's address too.
  delete process.env['FIRESTORE_EMULATOR_HOST'];
  // Not an option: it holds a password, and command lines are seen by others.
  return findDeployment(project, emulatorHost, undefined, process.env['REDIS_ENDPOINT'] || null);
}

/** @throws UsageError when no feature is given */
function readLimits(
  options: Readonly<Partial<Record<keyof typeof limitOptions, string>>>,
  allowedModels: string[],
): SubscriptionRecord['limits'] {
  const limits: SubscriptionRecord['limits'] = {};
  for (const [option, feature] of Object.entries(limitOptions)) {
    const text = options[option as keyof typeof limitOptions];
    // A feature that is not granted is left out.
    if (text === 'none') continue;
    if (text !== undefined) limits[feature] = { ...parseLimit(text, `--${option}`), allowedModels };
  }
  if (Object.keys(limits).length === 0)
    throw new UsageError(
      'no limit is given, so nothing would be granted: add --chat, --code or --embeddings, such as --chat 500/24h',
    );
  return limits;
}

/** @throws UsageError */
export function readMost(text: string | undefined, byDefault = listedByDefault, max = listedMost): number {
  if (text === undefined) return byDefault;
  const most = /^\d+$/.test(text) ? Number(text) : 0;
  if (most < 1 || most > max)
    throw new UsageError(`--most ${JSON.stringify(text)} is not a whole number from 1 to ${max}`);
  return most;
}

/** @throws UsageError */
function readUrl(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!/^https?:\/\/[^\s']+$/.test(text) || !URL.canParse(text))
    throw new UsageError(`--url ${JSON.stringify(text)} is no http:// or https:// address`);
  return text.replace(/\/+$/, '');
}

function listText(entries: readonly SubscriptionEntry[], more: boolean, deployment: Deployment): string {
  if (entries.length === 0) return `there are no subscriptions in ${deployment.name}: subscriptions create makes one`;
  return more ? `${table(entries)}\n\nThere are more: give --most <number>.` : table(entries);
}
