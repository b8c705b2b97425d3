// Creates Cloud Tasks with the real client, loaded when the first task is made: it is heavy, and no caller waits for it.

import type { CloudTasksClient } from '@google-cloud/tasks';
import type { Config } from '../config/config.ts';

/** createTask is not retried by the client (spec platform §3); what does not get through stays in the outbox. */
const createTimeoutMs = 3_000;

/** What a queue needs to know. */
export type QueueSettings = Pick<
  Config,
  'googleCloudProject' | 'tasksEndpoint' | 'tasksLocation' | 'tasksServiceAccount'
>;

/** One target behind one or more queues. */
export interface TaskQueue {
  /** Loads client and channel ahead of the first task. */
  warm(): Promise<void>;
  /**
   * @param body JSON text of at most taskBytesMax bytes.
   * @param name makes it one task however often it is created, for about an hour.
   * @throws whatever the client throws: nothing was promised then.
   */
  create(body: string, name?: string): Promise<void>;
  close(): Promise<void>;
}

/** What carries usage events, or null where no target is configured: then they wait in the outbox. One queue dispatches 500 tasks a second: more of them take turns. */
export function createEventQueue(
  config: QueueSettings & Pick<Config, 'deliverEventsUrl' | 'eventsQueue' | 'eventsQueueCount'>,
): TaskQueue | null {
  const names = Array.from({ length: config.eventsQueueCount }, (_, n) =>
    n === 0 ? config.eventsQueue : `${config.eventsQueue}-${n}`,
  );
  return openQueue(config, config.deliverEventsUrl, names);
}

/** What carries quota notices, or null where no target is configured: then they are logged only. */
export function createNoticeQueue(
  config: QueueSettings & Pick<Config, 'deliverNotificationsUrl' | 'notificationsQueue'>,
): TaskQueue | null {
  return openQueue(config, config.deliverNotificationsUrl, [config.notificationsQueue]);
}

/** gRPC's ALREADY_EXISTS. */
const alreadyExists = 6;

function openQueue(config: QueueSettings, url: string | null, names: readonly string[]): TaskQueue | null {
  const { googleCloudProject: project } = config;
  if (url === null || project === null) return null;
  let client: Promise<CloudTasksClient> | null = null;
  // Instances begin at different queues, so that many quiet ones don't all choose the first.
  let turn = Math.floor(Math.random() * names.length);
  const connect = (): Promise<CloudTasksClient> => {
    client ??= loadClient(config);
    // A failed load is tried again by the next task.
    client.catch(() => (client = null));
    return client;
  };
  const oidcToken =
    config.tasksServiceAccount === null ? null : { serviceAccountEmail: config.tasksServiceAccount, audience: url };
  return {
    warm: async () => void (await connect()),
    create: async (body, name) => {
      const tasks = await connect();
      // A named task always has the same queue: its name is known there alone.
      const queue = names[name === undefined ? turn++ % names.length : 0] ?? '';
      const httpRequest = {
        httpMethod: 'POST' as const,
        url,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(body),
        ...(oidcToken && { oidcToken }),
      };
      const parent = tasks.queuePath(project, config.tasksLocation, queue);
      const task = {
        httpRequest,
        ...(name !== undefined && { name: tasks.taskPath(project, config.tasksLocation, queue, name) }),
      };
      try {
        await tasks.createTask({ parent, task }, { timeout: createTimeoutMs });
      } catch (error) {
        if (name === undefined || (error as { code?: unknown }).code !== alreadyExists) throw error;
      }
    },
    close: async () => {
      if (client !== null) await (await client).close();
    },
  };
}

async function loadClient(config: QueueSettings): Promise<CloudTasksClient> {
  const { CloudTasksClient } = await import('@google-cloud/tasks');
  if (config.tasksEndpoint === null) {
    // A client that has to look for credentials itself leaves a failure to nobody, which ends the process.
    const { GoogleAuth } = await import('google-auth-library');
    const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    return new CloudTasksClient({ authClient: await auth.getClient() });
  }
  const { protocol, hostname, port } = new URL(config.tasksEndpoint);
  const { grpc } = await import('google-gax');
  const sslCreds = protocol === 'http:' ? grpc.credentials.createInsecure() : grpc.credentials.createSsl();
  return new CloudTasksClient({
    apiEndpoint: hostname,
    port: Number(port || (protocol === 'http:' ? 80 : 443)),
    sslCreds,
    projectId: config.googleCloudProject ?? '',
  });
}
