// Which deployment of the gateway a command talks to: a project that was named, or the local cloud that runs here.
// Never one that was not asked for.

import { once } from 'node:events';
import { connect } from 'node:net';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import * as v from 'valibot';
import { cloudFile, readCloudFile } from '../local/cloud-file.ts';
import { UsageError } from './command.ts';

/** On loopback: a process that listens takes no longer. */
const probeTimeoutMs = 2_000;

/** Where the directory is. */
export interface Deployment {
  /** For people: `the local cloud`, `project p`. */
  readonly name: string;
  readonly googleCloudProject: string;
  readonly firestoreEmulatorHost: string | null;
  /** The gateway's address, null where this command can't know it. */
  readonly url: string | null;
  /** Redis's, as the gateway's own variable has it; null where nobody told. */
  readonly redisEndpoint: string | null;
}

const cloudSchema = v.object({
  firestoreHost: v.string(),
  projectId: v.string(),
  url: v.string(),
  redisUrl: v.optional(v.string()),
});

/**
 * A named project (on the emulator, if one is named by FIRESTORE_EMULATOR_HOST, as Google's own tools do), else the
 * running local cloud.
 * @throws UsageError when there is neither
 */
export async function findDeployment(
  project: string | undefined,
  emulatorHost: string | undefined,
  file = cloudFile,
  redisEndpoint: string | null = null,
): Promise<Deployment> {
  if (project !== undefined) {
    if (project === '') throw new UsageError('--project is empty: give the id of a Google Cloud project');
    if (emulatorHost === undefined || emulatorHost === '')
      return {
        name: `project ${project}`,
        googleCloudProject: project,
        firestoreEmulatorHost: null,
        url: null,
        redisEndpoint,
      };
    const name = `project ${project} of the emulator at ${emulatorHost}`;
    return { name, googleCloudProject: project, firestoreEmulatorHost: emulatorHost, url: null, redisEndpoint };
  }
  const text = await readCloudFile(file);
  if (text === null)
    throw new UsageError(
      'which directory? Start the local cloud with npm start, or name a project with --project <id>',
    );
  const { firestoreHost, projectId, url, redisUrl = null } = parseCloud(text, file);
  return {
    name: 'the local cloud',
    googleCloudProject: projectId,
    firestoreEmulatorHost: firestoreHost,
    url,
    redisEndpoint: redisUrl,
  };
}

function parseCloud(text: string, file: string): v.InferOutput<typeof cloudSchema> {
  try {
    return v.parse(cloudSchema, JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} is not what npm start writes: remove it and start the local cloud again`, {
      cause: error,
    });
  }
}

/** Does something with the directory of a deployment; what Firestore refuses is said in words that help. */
export async function withDirectory<T>(deployment: Deployment, work: (directory: Documents) => Promise<T>): Promise<T> {
  if (deployment.firestoreEmulatorHost !== null && !(await listens(deployment.firestoreEmulatorHost)))
    throw new Error(
      `${deployment.name} does not answer: nothing listens on ${deployment.firestoreEmulatorHost}. ` +
        (deployment.url === null ? 'Start the emulator, or unset FIRESTORE_EMULATOR_HOST' : 'Start it with npm start'),
    );
  const directory = openDocuments(deployment);
  let result: T;
  try {
    result = await work(directory);
  } catch (error) {
    // The client is not closed: what it still tries would then fail unheard. The process ends.
    throw new Error(explain(error, deployment), { cause: error });
  }
  await directory.close();
  return result;
}

async function listens(host: string): Promise<boolean> {
  const [name = '', port = ''] = host.split(':');
  const socket = connect(Number(port), name);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(probeTimeoutMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** gRPC's codes as an operator meets them. */
function explain(error: unknown, { name }: Deployment): string {
  const { code, message } = error as { code?: unknown; message: string };
  if (message.includes('default credentials'))
    return `no credentials for ${name}: log in with gcloud auth application-default login`;
  if (code === 5) return `${name} has no Firestore database (default): create it first`;
  if (code === 7)
    return `these credentials may not use Firestore in ${name}: they need roles/datastore.viewer to look and roles/datastore.user to write (entitlements look and operate: terraform/README.md)`;
  if (code === 16)
    return `the credentials for ${name} are not accepted: log in again with gcloud auth application-default login`;
  return message;
}
