// `dead-letters list | replay | delete` and `events replay`: what could not be delivered goes through the queue once
// more, or goes for good.

import { readFile } from 'node:fs/promises';
import { subscriptionId } from '@cody-gateway/shared/directory';
import { audited, type Author, type Documents, type Tell } from '@cody-gateway/shared/documents';
import {
  createDeadLetters,
  createEventQueue,
  eventTaskBodies,
  lateTaskBody,
  tasksClient,
  type DeadLetter,
  type LateEvent,
  type TaskQueue,
} from '@cody-gateway/shared/events';
import * as v from 'valibot';
import { readArguments, UsageError, type Command } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { loggedEvents } from './logged-events.ts';
import { readCloudFile } from '../local/cloud-file.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { deploymentOf } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';
import { typedPath } from '../terminal/typed-path.ts';

/** In one go; the command says when there are more. */
const lettersMost = 1_000;
const reasonLengthMax = 100;

const whereHelp = `  --project <id>   that Google Cloud project, by application default credentials; without it, the local cloud of npm start
  --json           for programs: one JSON document (with npm run --silent, or npm's own lines stand above it)
`;
const queueHelp = `${reasonHelp}  --target <url>   the address of deliver-events, on a real project
  --location, --queue, --service-account
                   of the queue that the tasks go through; us-central1, events, none where absent
${whereHelp}`;
const queueUsage = '[--target <url>] [--location <region>] [--queue <name>] [--service-account <address>]';
const queueOptions = ['project', 'target', 'location', 'queue', 'service-account'] as const;
type QueueOptions = Readonly<Partial<Record<(typeof queueOptions)[number], string>>>;

/** The commands about what could not be delivered. */
export const deadLetterCommands: readonly Command[] = [
  {
    name: 'dead-letters list',
    summary: 'events that could not be delivered, and why',
    help: `usage: npm run gateway -- dead-letters list [--project <id>] [--json]

${whereHelp}
The oldest ${lettersMost}. Mend the reason (a column, a deployment), then replay them.

example:
  npm run gateway -- dead-letters list --project my-project
`,
    run: async (args) => {
      const { options } = readArguments(args, ['project']);
      const letters = await withDirectory(await deploymentOf(options.project), lettersOf);
      const rows = letters.map(({ id, at, kind, reason }) => [
        id.slice(0, 12),
        at,
        kind,
        reason.slice(0, reasonLengthMax),
      ]);
      return {
        text: letters.length === 0 ? 'no dead letters' : formatTable(['ID', 'LAST CAME AT', 'WHAT', 'REASON'], rows),
        json: letters.map(({ id, at, kind, reason, body }) => ({ id, at, kind, reason, body })),
      };
    },
  },
  {
    name: 'dead-letters replay',
    summary: 'sends them through the queue once more',
    help: `usage: npm run gateway -- dead-letters replay --reason <text> ${queueUsage} [--project <id>] [--json]

${queueHelp}
A letter is removed when the queue has taken it; what can't be delivered this time either comes back as a letter. An event that was delivered meanwhile counts once all the same.

example:
  npm run gateway -- dead-letters replay --reason "the column is there now"
`,
    run: async (args) => {
      const { options } = readArguments(args, ['reason', ...queueOptions]);
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason, deployment);
      const replayed = await withDirectory(deployment, async (directory) => {
        const letters = await lettersOf(directory);
        if (letters.length === 0) return 0;
        const about = { what: 'dead-letters replay', subject: null, change: `${letters.length} dead letters` };
        await audited(directory, author, about, (tell) =>
          withQueue(deployment, options, (queue) => replay(letters, queue, directory, tell)),
        );
        return letters.length;
      });
      const more = replayed === lettersMost ? ', and there may be more: run it again' : '';
      return { text: `${replayed} dead letters replayed${more}`, json: { replayed } };
    },
  },
  {
    name: 'dead-letters delete',
    summary: 'removes those that name one customer, for good',
    help: `usage: npm run gateway -- dead-letters delete --identifier <id> --reason <text> --yes [--project <id>] [--json]

  --identifier     of whom: the subscription's UUID, as it stands in events
${yesHelp} there is no way back
${reasonHelp}${whereHelp}
A whole task that also holds events of others is kept, and said: replay it first.

example:
  npm run gateway -- dead-letters delete --identifier 6452a8fc-e650-45a7-a0a2-357f776b3b46 --reason "left us, ticket 4711" --yes
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, ['identifier', 'reason', 'project']);
      const { identifier = '' } = options;
      if (identifier === '') throw new UsageError('--identifier is missing: say whose dead letters');
      const what = `deletes the dead letters of ${JSON.stringify(identifier)}, for good`;
      requireConsent({ yes, reason: options.reason }, what);
      const deployment = await deploymentOf(options.project);
      await askConsent(yes, what, identifier);
      const author = await readAuthor(options.reason, deployment);
      return withDirectory(deployment, async (directory) => {
        const letters = await lettersOf(directory);
        const found = letters
          .map((letter) => ({ letter, named: identifiersIn(letter.body) }))
          .filter(({ named }) => named.has(identifier));
        const own = found.filter(({ named }) => named.size === 1);
        if (own.length > 0)
          await remove(
            directory,
            author,
            own.map(({ letter }) => letter),
            identifier,
          );
        const kept = found.length - own.length;
        const complete = letters.length < lettersMost;
        const more = [
          ...(kept === 0 ? [] : [`${kept} also hold events of others and are kept: replay them first`]),
          ...(complete ? [] : [`only the oldest ${lettersMost} were looked at: replay them, then run this again`]),
        ];
        return {
          text: [`${own.length} dead letters deleted`, ...more].join('; '),
          json: { deleted: own.length, kept, complete },
        };
      });
    },
  },
  {
    name: 'events replay',
    summary: 'sends events that ended in the log',
    help: `usage: npm run gateway -- events replay --log <file> --reason <text> ${queueUsage} [--project <id>] [--json]

  --log            what "gcloud logging read 'jsonPayload.usage_event:*' --format=json" gave, or the functions' own lines
${queueHelp}
An event that was delivered after all, or is replayed twice, counts once.

example:
  npm run gateway -- events replay --log left.json --reason "the queue was away on Monday"
`,
    run: async (args) => {
      const { options } = readArguments(args, ['log', 'reason', ...queueOptions]);
      if (options.log === undefined) throw new UsageError('--log is missing: name the file with the log lines');
      const text = await readFile(typedPath(options.log), 'utf8').catch(() => {
        throw new UsageError(`--log: ${options.log ?? ''} can't be read`);
      });
      const { events, late, unreadable } = loggedEvents(text);
      const deployment = await deploymentOf(options.project);
      const bodies = [
        ...eventTaskBodies(events.map((event) => JSON.stringify(event))),
        // Not checked here: deliver-events trusts nothing that it reads.
        ...late.map((one) => lateTaskBody(one as unknown as LateEvent)),
      ];
      const replayed = events.length + late.length;
      const author = await readAuthor(options.reason, deployment);
      if (bodies.length > 0) {
        const about = { what: 'events replay', subject: null, change: `${replayed} events of a log` };
        await withDirectory(deployment, (directory) =>
          audited(directory, author, about, (tell) =>
            withQueue(deployment, options, async (queue) => {
              for (const [at, body] of bodies.entries()) {
                tell(`${replayed} events of a log, in ${bodies.length} tasks, of which ${at} were taken`);
                await queue.create(body);
              }
              tell(about.change);
            }),
          ),
        );
      }
      const broken = unreadable === 0 ? '' : `; ${unreadable} lines are no JSON and were passed over`;
      return { text: `${replayed} events replayed${broken}`, json: { replayed, unreadable } };
    },
  },
];

/** One by one, so that the record says how far it came. */
async function remove(
  directory: Documents,
  author: Author,
  letters: readonly DeadLetter[],
  identifier: string,
): Promise<void> {
  const store = createDeadLetters(directory.client);
  const text = (count: number): string => `${count} dead letters of ${identifier}`;
  const about = { what: 'dead-letters delete', subject: subscriptionId(identifier), change: text(letters.length) };
  await audited(directory, author, about, async (tell) => {
    for (const [at, letter] of letters.entries()) {
      tell(`${at} of ${text(letters.length)}`);
      await store.remove(letter);
    }
    tell(text(letters.length));
  });
}

/** Whom a letter names; its body may be no JSON. */
function identifiersIn(body: string): Set<string> {
  return new Set([...body.matchAll(/"identifier"\s*:\s*"([^"]*)"/g)].map(([, identifier = '']) => identifier));
}

function lettersOf(directory: Documents): Promise<DeadLetter[]> {
  return createDeadLetters(directory.client).list(lettersMost);
}

/**
 * Single events together, whole tasks as they were. Each is removed once the queue has it: stopped halfway, nothing is
 * lost.
 */
async function replay(
  letters: readonly DeadLetter[],
  queue: TaskQueue,
  directory: Documents,
  tell: Tell,
): Promise<void> {
  const store = createDeadLetters(directory.client);
  for (const [at, letter] of letters.entries()) {
    tell(`${at} of ${letters.length} dead letters`);
    const { kind, body } = letter;
    const [task = body] = kind === 'event' ? eventTaskBodies([body]) : [body];
    await queue.create(task);
    await store.remove(letter);
  }
  tell(`${letters.length} dead letters`);
}

const cloudSchema = v.object({ tasksEndpoint: v.string(), deliverEventsUrl: v.string() });

async function withQueue<T>(
  deployment: Deployment,
  options: QueueOptions,
  work: (queue: TaskQueue) => Promise<T>,
): Promise<T> {
  const { tasksEndpoint, deliverEventsUrl } = await addresses(options);
  const tasks = tasksClient(tasksEndpoint);
  const settings = {
    googleCloudProject: deployment.googleCloudProject,
    tasksLocation: options.location ?? 'us-central1',
    tasksServiceAccount: options['service-account'] ?? null,
    deliverEventsUrl,
    eventsQueue: options.queue ?? 'events',
    eventsQueueCount: 1,
  };
  const queue = createEventQueue(settings, tasks);
  if (queue === null) throw new UsageError('--target is missing: the address of deliver-events');
  try {
    return await work(queue);
  } finally {
    await tasks.close();
  }
}

/** On a real project as told; of the local cloud from the file that npm start writes. */
async function addresses({ project, target }: QueueOptions): Promise<v.InferOutput<typeof addressSchema>> {
  if (project !== undefined || target !== undefined) {
    const endpoint = process.env['CODY_GATEWAY_TASKS_ENDPOINT'];
    return {
      tasksEndpoint: endpoint === undefined || endpoint === '' ? null : endpoint,
      deliverEventsUrl: target ?? null,
    };
  }
  const text = await readCloudFile();
  if (text === null)
    throw new UsageError('which queue? Start the local cloud with npm start, or name a project with --project <id>');
  return v.parse(cloudSchema, JSON.parse(text));
}

const addressSchema = v.object({ tasksEndpoint: v.nullable(v.string()), deliverEventsUrl: v.nullable(v.string()) });
