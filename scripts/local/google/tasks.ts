// Cloud Tasks on one port, gRPC for the real client and REST (tasks-rest.ts): keeps tasks in memory and delivers them
// with retries. No persistence, no OIDC tokens.

import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createRequire } from 'node:module';
import path from 'node:path';
import { requireFree } from '../process/port.ts';
import { tasksRest, type CreateTask, type CreateTaskAnswer, type Instant } from './tasks-rest.ts';
import { listenTwice } from './two-protocols.ts';

/** The real service refuses a larger task (shared/COMPATIBILITY.md#cloud-tasks-limits). */
const taskBytesMax = 100 * 1024;
const concurrentDispatches = 16;
/** The real service's default. */
const dispatchDeadlineMs = 600_000;
/** The real service forgets a name after about an hour; this many are more than a local run makes in that time. */
const namesMax = 100_000;

/** How the stand-in behaves. */
export interface LocalTasksOptions {
  readonly port?: number;
  /** Last parts of the queues' names that exist; any where absent. */
  readonly queues?: readonly string[];
  readonly minBackoffMs?: number;
  readonly maxBackoffMs?: number;
  /**
   * Does the work after that time and gives what calls it off. Real time where absent; a test that has hours to pass
   * brings its own.
   */
  readonly wait?: (delayMs: number, work: () => void) => () => void;
}

/** A running stand-in with its controls. */
export interface LocalTasks {
  readonly url: string;
  /** Holds deliveries back until `resume`. */
  pause(): void;
  resume(): void;
  /**
   * The next `times` calls of CreateTask fail with that gRPC status, as each API says it; whatever was asked before is
   * forgotten.
   */
  failCreate(code: grpc.status, times: number): void;
  /**
   * That share of the tasks, from 0 to 1, is delivered once more after it was: at least once is all that the real
   * service promises.
   */
  redeliver(share: number): void;
  /** Resolves when every task is delivered. */
  idle(): Promise<void>;
  readonly stats: { created: number; delivered: number; redelivered: number; attempts: number; waiting: number };
  close(): Promise<void>;
}

interface Task {
  readonly name: string;
  readonly queue: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly deadlineMs: number;
  attempts: number;
}

/**
 * A task whose target does not answer 2xx is delivered again, ever later, until it does.
 * @throws Error that names a port which is taken
 */
export async function startTasks({
  port = 0,
  queues,
  minBackoffMs = 100,
  maxBackoffMs = 10_000,
  wait = (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
}: LocalTasksOptions = {}): Promise<LocalTasks> {
  await requireFree(port, 'Cloud Tasks');
  const tasks = new Map<string, Task>();
  const named = new Set<string>();
  const ready: Task[] = [];
  const waiting = new Set<() => void>();
  const stats = { created: 0, delivered: 0, redelivered: 0, attempts: 0, waiting: 0 };
  let redelivered = 0;
  let failing = { code: grpc.status.OK, times: 0 };
  let idlers: (() => void)[] = [];
  let running = 0;
  let paused = false;
  const closed = new AbortController();

  const pump = (): void => {
    while (!paused && !closed.signal.aborted && running < concurrentDispatches) {
      const task = ready.shift();
      if (task === undefined) return;
      running++;
      void dispatch(task).then((delivered) => {
        running--;
        if (delivered && Math.random() < redelivered) {
          stats.redelivered++;
          later(task, minBackoffMs);
        } else if (delivered) {
          tasks.delete(task.name);
          stats.delivered++;
        } else if (!closed.signal.aborted)
          later(task, Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(task.attempts - 1, 20)));
        stats.waiting = tasks.size;
        if (tasks.size === 0) for (const resolve of idlers.splice(0)) resolve();
        pump();
      });
    }
  };
  const later = (task: Task, delayMs: number): void => {
    const callOff = wait(delayMs, () => {
      waiting.delete(callOff);
      ready.push(task);
      pump();
    });
    waiting.add(callOff);
  };
  const dispatch = async (task: Task): Promise<boolean> => {
    stats.attempts++;
    const retry = String(task.attempts++);
    const headers = {
      ...task.headers,
      'x-cloudtasks-queuename': task.queue,
      'x-cloudtasks-taskname': task.name.split('/').at(-1) ?? '',
      'x-cloudtasks-taskretrycount': retry,
      'x-cloudtasks-taskexecutioncount': retry,
      'user-agent': 'Google-Cloud-Tasks',
    };
    try {
      const response = await fetch(task.url, {
        method: task.method,
        headers,
        body: new Uint8Array(task.body),
        signal: AbortSignal.any([closed.signal, AbortSignal.timeout(task.deadlineMs)]),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  };

  const create = ({ parent, task }: CreateTask): CreateTaskAnswer => {
    if (failing.times > 0) {
      failing.times--;
      return { code: failing.code, details: 'failed on request' };
    }
    const { httpRequest } = task;
    const queue = parent.split('/').at(-1) ?? '';
    if (queues?.includes(queue) === false)
      return { code: grpc.status.NOT_FOUND, details: `Queue does not exist: ${queue}` };
    if (httpRequest === null) return { code: grpc.status.INVALID_ARGUMENT, details: 'only HTTP tasks are supported' };
    if (httpRequest.body.length > taskBytesMax)
      return { code: grpc.status.INVALID_ARGUMENT, details: 'Task size too large' };
    const name = task.name === '' ? `${parent}/tasks/${crypto.randomUUID()}` : task.name;
    if (named.has(name)) return { code: grpc.status.ALREADY_EXISTS, details: 'Requested entity already exists' };
    if (task.name !== '') remember(named, name);
    const kept: Task = {
      name,
      queue,
      url: httpRequest.url,
      method: httpRequest.httpMethod === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : httpRequest.httpMethod,
      headers: httpRequest.headers,
      body: httpRequest.body,
      deadlineMs: task.dispatchDeadline === null ? dispatchDeadlineMs : milliseconds(task.dispatchDeadline),
      attempts: 0,
    };
    tasks.set(name, kept);
    stats.created++;
    stats.waiting = tasks.size;
    const startMs = task.scheduleTime === null ? 0 : milliseconds(task.scheduleTime) - Date.now();
    if (startMs > 0) later(kept, startMs);
    else ready.push(kept);
    pump();
    return { name };
  };

  const server = new grpc.Server({ 'grpc.max_receive_message_length': 8 * 1024 * 1024 });
  const createTask: grpc.handleUnaryCall<CreateTask, object> = ({ request }, reply) => {
    const created = create(request);
    if ('code' in created) reply(created);
    else reply(null, created);
  };
  server.addService(cloudTasksService(), { createTask });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const open = await listenTwice(port, (socket) => injector.injectConnection(socket), tasksRest(create));
  return {
    url: `http://127.0.0.1:${open.port}`,
    stats,
    pause: () => (paused = true),
    resume: () => {
      paused = false;
      pump();
    },
    failCreate: (code, times) => void (failing = { code, times }),
    redeliver: (share) => void (redelivered = share),
    idle: () => (tasks.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    close: async () => {
      closed.abort();
      for (const callOff of waiting) callOff();
      for (const resolve of idlers) resolve();
      idlers = [];
      server.forceShutdown();
      open.close();
    },
  };
}

function milliseconds({ seconds, nanos }: Instant): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

function remember(names: Set<string>, name: string): void {
  const [oldest] = names;
  if (names.size >= namesMax && oldest !== undefined) names.delete(oldest);
  names.add(name);
}

/** The service as the client's own package describes it. */
function cloudTasksService(): grpc.ServiceDefinition {
  const require = createRequire(import.meta.url);
  const root = (name: string): string => {
    const file = require.resolve(name);
    return file.slice(0, file.lastIndexOf(`${path.sep}node_modules${path.sep}`) + '/node_modules/'.length) + name;
  };
  const definition = loadSync('google/cloud/tasks/v2/cloudtasks.proto', {
    includeDirs: [
      path.join(root('@google-cloud/tasks'), 'build/protos'),
      path.join(root('google-gax'), 'build/protos'),
    ],
    longs: String,
    enums: String,
    defaults: true,
  });
  const { google } = grpc.loadPackageDefinition(definition) as unknown as {
    google: { cloud: { tasks: { v2: { CloudTasks: { service: grpc.ServiceDefinition } } } } };
  };
  return google.cloud.tasks.v2.CloudTasks.service;
}
