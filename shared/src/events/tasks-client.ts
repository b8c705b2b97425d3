// CreateTask with Google's own client, over gRPC: where no caller waits (the sweeper, an operator's terminal). It
// loads with the first task.

import type { CloudTasksClient } from '@google-cloud/tasks';
import { lazyClient } from '../http/http.ts';
import type { TasksApi } from './tasks-api.ts';

/** The client does not retry it, and would wait for 20 s. */
const createTimeoutMs = 3_000;
/** gRPC's ALREADY_EXISTS. */
const alreadyExists = 6;

/** Google's client; it finds credentials itself. @param endpoint of a stand-in, which wants none; null: Google's */
export function tasksClient(endpoint: string | null): TasksApi {
  const client = lazyClient(() => loadClient(endpoint));
  return {
    create: async ({ parent, name, url, body, oidcToken }) => {
      const httpRequest = {
        url,
        httpMethod: 'POST' as const,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(body),
        ...(oidcToken !== null && { oidcToken }),
      };
      const task = { httpRequest, ...(name !== undefined && { name }) };
      try {
        await (await client.open()).createTask({ parent, task }, { timeout: createTimeoutMs });
        return 'created';
      } catch (error) {
        if (name !== undefined && (error as { code?: unknown }).code === alreadyExists) return 'exists';
        throw error;
      }
    },
    close: async () => (await client.opened())?.close(),
  };
}

async function loadClient(endpoint: string | null): Promise<CloudTasksClient> {
  const { CloudTasksClient } = await import('@google-cloud/tasks');
  if (endpoint === null) {
    // A client that has to look for credentials itself leaves a failure to nobody, which ends the process.
    const { GoogleAuth } = await import('google-auth-library');
    const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    return new CloudTasksClient({ authClient: await auth.getClient() });
  }
  const { protocol, hostname, port } = new URL(endpoint);
  const { grpc } = await import('google-gax');
  return new CloudTasksClient({
    apiEndpoint: hostname,
    port: Number(port || (protocol === 'http:' ? 80 : 443)),
    sslCreds: protocol === 'http:' ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(),
    projectId: 'none',
  });
}
