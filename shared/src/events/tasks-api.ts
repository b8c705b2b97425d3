// The one call of Cloud Tasks that the gateway makes, CreateTask, over its REST API. Google's client (tasks-client.ts)
// takes a third of a second of processor time to load and 50 MiB to keep: whoever streams through the instance then
// would notice the one, and every instance would pay for the other.

import { fetchJson, type AccessTokens } from '../http/http.ts';

/** The task is on its way: whoever asked for it has answered its caller long ago, or waits 300 ms (outbox.ts). */
const createTimeoutMs = 3_000;
/** The task comes back without its body. */
const answerBytesMax = 256 * 1024;

/** A call to be made, once, by Cloud Tasks. */
export interface Task {
  /** `projects/…/locations/…/queues/…` */
  readonly parent: string;
  /** `<parent>/tasks/…`; absent: Cloud Tasks chooses one. */
  readonly name?: string;
  readonly url: string;
  /** JSON. */
  readonly body: string;
  readonly oidcToken: { readonly serviceAccountEmail: string; readonly audience: string } | null;
}

/** Creates tasks. */
export interface TasksApi {
  /**
   * Not tried again: what does not get through stays in the outbox.
   * @returns `exists` for a name that was taken in the last hour or so
   * @throws Error in words without anything that was sent: nothing is promised then
   */
  create(task: Task): Promise<'created' | 'exists'>;
  close(): Promise<void>;
}

/** How either API is made. */
export type OpenTasks = (endpoint: string | null, tokens: AccessTokens) => TasksApi;

/** Over HTTP/1.1, on kept connections. @param endpoint of a stand-in, which wants no token; null: Google's */
export const tasksOverRest = (endpoint: string | null, tokens: AccessTokens): TasksApi => ({
  create: async ({ parent, name, url, body, oidcToken }) => {
    const httpRequest = {
      url,
      httpMethod: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(oidcToken !== null && { oidcToken }),
      body: '',
    };
    const task = JSON.stringify({ task: { ...(name !== undefined && { name }), httpRequest } });
    // The body is the last member: as base64 it can be put in as it is, and need not be copied once more.
    const behind = task.length - '"}}}'.length;
    const { status, body: answer } = await fetchJson({
      url: `${endpoint ?? 'https://cloudtasks.googleapis.com'}/v2/${parent}/tasks`,
      headers: endpoint === null ? { authorization: `Bearer ${await tokens()}` } : {},
      body: [task.slice(0, behind), Buffer.from(body).toString('base64'), task.slice(behind)],
      timeoutMs: createTimeoutMs,
      answerBytesMax,
    });
    if (status === 200) return 'created';
    const reason = reasonOf(answer);
    // By its name: an aborted call is a 409 too.
    if (name !== undefined && reason === 'ALREADY_EXISTS') return 'exists';
    throw new Error(`Cloud Tasks answered ${status} ${reason}`);
  },
  close: async () => {},
});

/** Google's name for what went wrong; its message may name what was sent. */
function reasonOf(answer: unknown): string {
  const name = (answer as { error?: { status?: unknown } } | undefined)?.error?.status;
  return typeof name === 'string' && /^[A-Z_]{1,40}$/.test(name) ? name : 'without a reason';
}
