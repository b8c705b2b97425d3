// The documents of this process's Firestore. Requests read single documents through document-reader.ts; Firestore's
// client loads when something is first written.

import type { Firestore, Settings, Timestamp } from '@google-cloud/firestore';
import { accessTokens, lazyClient, type AccessTokens } from '../http/http.ts';
import { within } from '../telemetry/telemetry.ts';
import { createDocumentReader, type DocumentReader, type DocumentsSettings } from './document-reader.ts';

/**
 * For a person at a terminal: long enough for credentials and a first channel, short enough to be told what is wrong.
 */
export const operatorTimeoutMs = 15_000;

/** The documents of this process. */
export interface Documents extends DocumentReader {
  /** Firestore's own client, for what writes and asks questions. */
  client(): Promise<Firestore>;
  close(): Promise<void>;
}

/** Opens them; no network before the first use. @param tokens whose reads; absent: of whatever credentials are found */
export function openDocuments(settings: DocumentsSettings, tokens: AccessTokens = accessTokens('local')): Documents {
  const firestore = lazyClient(() => loadClient(settings));
  return {
    ...createDocumentReader(settings, tokens),
    client: firestore.open,
    close: async () => (await firestore.opened())?.terminate(),
  };
}

/** A document's last change in microseconds: the version of what stands in it. */
export function versionOf(time: Timestamp | undefined): number {
  return time === undefined ? 0 : time.seconds * 1_000_000 + Math.trunc(time.nanoseconds / 1_000);
}

/** What Firestore's own client asks for. */
const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/datastore'];

async function loadClient({ googleCloudProject, firestoreEmulatorHost }: DocumentsSettings): Promise<Firestore> {
  const { Firestore } = await import('@google-cloud/firestore');
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  const options: Settings = {};
  if (googleCloudProject !== null) options.projectId = googleCloudProject;
  if (firestoreEmulatorHost === null) {
    // A client that has to look for credentials itself leaves a failure to nobody, which ends the process, and never
    // looks again.
    const authClient = await new GoogleAuth({ scopes }).getClient();
    return new Firestore({ ...options, authClient });
  }
  const { grpc } = await import('google-gax');
  const [host, port] = firestoreEmulatorHost.split(':');
  return new Firestore({
    ...options,
    servicePath: host,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    customHeaders: { Authorization: 'Bearer owner' },
    authClient: new PassThroughClient(),
  });
}

/**
 * The outcome of the work, if it comes in time. What Firestore's client does after that is its own: a write may still
 * be done.
 */
export function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return within(work, timeoutMs, () => {
    throw new Error(`Firestore did not answer within ${timeoutMs} ms`);
  });
}
