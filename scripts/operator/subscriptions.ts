// `subscriptions create | list | show | delete`: the directory by an operator's hand.

import {
  createSubscription,
  deleteSubscription,
  findSubscription,
  listSubscriptions,
  subscriptionId,
  type SubscriptionEntry,
  type SubscriptionRecord,
} from '@cody-gateway/shared/directory';
import { audited } from '@cody-gateway/shared/documents';
import { confirm, readArguments, UsageError, type Command } from './command.ts';
import { firstCall } from './first-call.ts';
import { parseLimit } from './limit-text.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { findDeployment, withDirectory, type Deployment } from './deployment.ts';
import { describe, limitOptions, table } from './subscription-text.ts';

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
                                               [--models <models>] [--id <uuid>] [--reason <text>] [--project <id>] [--url <address>] [--json]

  --name           whom it is for
  --chat, --code, --embeddings
                   units per window, such as 500/24h, 100000/30d, 60/90m: requests, for embeddings tokens.
                   A feature without a limit is not granted; at least one is needed
  --models         * for all (the default), or names with commas between: anthropic/claude-2.1,openai/gpt-4o
  --id             its UUID; a fresh one where absent
  --url            the gateway's address, for the line to try it with
${reasonHelp}${whereHelp}
examples:
  npm run gateway -- subscriptions create --name acme --chat 500/24h --code 10000/24h
  npm run gateway -- subscriptions create --name acme --chat 500/24h --models openai/gpt-4o --project my-project
  npm run --silent gateway -- subscriptions create --name acme --chat 500/24h --json
`,
    run: async (args) => {
      const { options } = readArguments(args, [
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
      const limits = readLimits(options, readModels(options.models ?? '*'));
      const deployment = await deploymentOf(options.project);
      const url = readUrl(options.url) ?? deployment.url;
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

The token is shown this once: only its hash is stored. Try it:

  ${firstCall(url, token, limits)}`,
        json: { id, token, ...record, place: deployment.name },
      };
    },
  },
  {
    name: 'subscriptions list',
    summary: 'the subscriptions of the directory',
    help: `usage: npm run gateway -- subscriptions list [--most <number>] [--project <id>] [--json]

  --most           how many at the most, up to ${listedMost}; ${listedByDefault} where absent
${whereHelp}`,
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
    summary: 'one subscription: its access and its limits',
    help: `usage: npm run gateway -- subscriptions show <id> [--project <id>] [--json]

  <id>             its UUID, with or without es_
${whereHelp}`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['project'], ['<id>']);
      const [id = ''] = words;
      const deployment = await deploymentOf(options.project);
      const entry = await existing(deployment, id);
      return { text: describe(entry.id, entry.record).trimEnd(), json: { place: deployment.name, ...flat(entry) } };
    },
  },
  {
    name: 'subscriptions delete',
    summary: 'removes one, with its tokens, for good',
    help: `usage: npm run gateway -- subscriptions delete <id> --yes [--reason <text>] [--project <id>] [--json]

  <id>             its UUID, with or without es_
  --yes            there is no way back
${reasonHelp}
Archive it at its source first, or the next sync brings it back. Running instances know its tokens for a minute more.
What else names a customer, and how it is deleted: terraform/README.md.
${whereHelp}`,
    run: async (args) => {
      const { options, words, yes } = readArguments(args, ['reason', 'project'], ['<id>']);
      const [id = ''] = words;
      confirm(yes, `deletes the subscription ${JSON.stringify(id)} with its tokens, for good`);
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason ?? 'a subscription is removed', deployment);
      const about = { what: 'subscriptions delete', subject: subscriptionId(id), change: 'removed with its tokens' };
      const tokens = await withDirectory(deployment, (directory) =>
        audited(directory, author, about, () => deleteSubscription(directory, id)),
      );
      if (tokens === null) throw new Error(`there is no subscription ${JSON.stringify(id)} in ${deployment.name}`);
      return {
        text: `deleted from ${deployment.name}: the subscription, tokens: ${tokens}`,
        json: { place: deployment.name, id, tokens },
      };
    },
  },
];

/** The subscription of that id. @throws Error when there is none, or a malformed one */
export async function existing(
  deployment: Deployment,
  id: string,
): Promise<{ id: string; record: SubscriptionRecord }> {
  const entry = await withDirectory(deployment, (directory) => findSubscription(directory, id));
  if (entry === null)
    throw new Error(
      `there is no subscription ${JSON.stringify(id)} in ${deployment.name}: subscriptions list shows those that are`,
    );
  if ('fault' in entry) throw new Error(`${entry.fault}. It grants nothing until it is mended`);
  return entry;
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
    if (text !== undefined) limits[feature] = { ...parseLimit(text, `--${option}`), allowedModels };
  }
  if (Object.keys(limits).length === 0)
    throw new UsageError(
      'no limit is given, so nothing would be granted: add --chat, --code or --embeddings, such as --chat 500/24h',
    );
  return limits;
}

/** @throws UsageError */
export function readModels(text: string): string[] {
  const models = text.split(',').map((model) => model.trim());
  if (models.length > 1 && models.includes('*'))
    throw new UsageError('--models: * among names means nothing to the gateway: give * alone, or names alone');
  const odd = models.find((model) => model !== '*' && !/^[\w.:@/-]+$/.test(model));
  if (odd !== undefined) throw new UsageError(`--models: ${JSON.stringify(odd)} is no name of a model`);
  return models;
}

/** @throws UsageError */
function readMost(text: string | undefined): number {
  if (text === undefined) return listedByDefault;
  const most = /^\d+$/.test(text) ? Number(text) : 0;
  if (most < 1 || most > listedMost)
    throw new UsageError(`--most ${JSON.stringify(text)} is not a whole number from 1 to ${listedMost}`);
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

/** An entry as a program reads it. */
export function flat(entry: SubscriptionEntry): object {
  return 'fault' in entry ? entry : { id: entry.id, ...entry.record };
}
