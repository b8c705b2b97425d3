// Creates Cloud Tasks with the real client, loaded when the first task is made: it is heavy, and no caller waits for it.

import type { CloudTasksClient } from '@google-cloud/tasks';
import type { Config } from '../config/config.ts';

/** createTask is not retried by the client (spec platform §3); what does not get through stays in the outbox. */
const createTimeoutMs = 3_000;

/** One queue with one target. */
export interface TaskQueue {
  /** Loads client and channel ahead of the first task. */
  warm(): Promise<void>;
  /** @param body JSON text of at most taskBytesMax bytes. @throws whatever the client throws: nothing was promised then. */
  create(body: string): Promise<void>;
  close(): Promise<void>;
}

/** The queue that carries usage events, or null where no target is configured: then they wait in the outbox. */
export function createTaskQueue(config: Config): TaskQueue | null {
  const { deliverEventsUrl: url, googleCloudProject: project } = config;
  if (url === null || project === null) return null;
  let client: Promise<CloudTasksClient> | null = null;
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
    create: async (body) => {
      const tasks = await connect();
      const parent = tasks.queuePath(project, config.tasksLocation, config.eventsQueue);
      const httpRequest = {
        httpMethod: 'POST' as const,
        url,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(body),
        ...(oidcToken && { oidcToken }),
      };
      await tasks.createTask({ parent, task: { httpRequest } }, { timeout: createTimeoutMs });
    },
    close: async () => {
      if (client !== null) await (await client).close();
    },
  };
}

async function loadClient(config: Config): Promise<CloudTasksClient> {
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
