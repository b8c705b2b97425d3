// The queues of Cloud Tasks: which task goes into which, under which name, to whom.

import type { Config } from '../config/config.ts';
import type { TasksApi } from './tasks-api.ts';

/** What a queue needs to know. */
export type QueueSettings = Pick<Config, 'googleCloudProject' | 'tasksLocation' | 'tasksServiceAccount'>;

/** One target behind one or more queues. */
export interface TaskQueue {
  /**
   * @param body JSON text of at most taskBytesMax bytes.
   * @param name makes it one task however often it is created, for about an hour.
   * @throws whatever the API throws: nothing was promised then.
   */
  create(body: string, name?: string): Promise<void>;
}

/**
 * What carries usage events, or null where no target is configured: then they wait in the outbox. One queue dispatches
 * 500 tasks a second: more of them take turns.
 */
export function createEventQueue(
  config: QueueSettings & Pick<Config, 'deliverEventsUrl' | 'eventsQueue' | 'eventsQueueCount'>,
  tasks: TasksApi,
): TaskQueue | null {
  const names = Array.from({ length: config.eventsQueueCount }, (_, n) =>
    n === 0 ? config.eventsQueue : `${config.eventsQueue}-${n}`,
  );
  return openQueue(config, tasks, config.deliverEventsUrl, names);
}

/** What carries quota notices, or null where no target is configured: then they are logged only. */
export function createNoticeQueue(
  config: QueueSettings & Pick<Config, 'deliverNotificationsUrl' | 'notificationsQueue'>,
  tasks: TasksApi,
): TaskQueue | null {
  return openQueue(config, tasks, config.deliverNotificationsUrl, [config.notificationsQueue]);
}

function openQueue(
  { googleCloudProject: project, tasksLocation, tasksServiceAccount }: QueueSettings,
  tasks: TasksApi,
  url: string | null,
  names: readonly string[],
): TaskQueue | null {
  if (url === null || project === null) return null;
  const parents = names.map((queue) => `projects/${project}/locations/${tasksLocation}/queues/${queue}`);
  const oidcToken = tasksServiceAccount === null ? null : { serviceAccountEmail: tasksServiceAccount, audience: url };
  // Instances begin at different queues, so that many quiet ones don't all choose the first.
  let turn = Math.floor(Math.random() * parents.length);
  return {
    create: async (body, name) => {
      // A named task always has the same queue: its name is known there alone.
      const parent = parents[name === undefined ? turn++ % parents.length : 0] ?? '';
      await tasks.create({
        parent,
        url,
        body,
        oidcToken,
        ...(name !== undefined && { name: `${parent}/tasks/${name}` }),
      });
    },
  };
}
