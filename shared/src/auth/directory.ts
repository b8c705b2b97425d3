// The Firestore directory: tokens, subscriptions, users. Its client loads when it is first needed, never in front of the port.

import type { Firestore, Settings } from '@google-cloud/firestore';
import { Refusal } from '../http/http.ts';
import type { Actor } from './actor.ts';
import { parseDocument, subscriptionSchema, tokenSchema } from './documents.ts';
import { entitle, features, type BurstSettings, type Feature, type Entitlement } from './entitlement.ts';
import type { KnownToken } from './token.ts';

/** A point read takes milliseconds; the first one opens a channel. */
const defaultReadTimeoutMs = 5_000;
/** What Firestore's own client asks for. */
const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/datastore'];

/** The directory of this process. */
export interface Directory {
  /** The actor of a token, or null when the directory knows none. @throws Refusal `directory-unavailable` */
  findActor(token: KnownToken, settings: BurstSettings): Promise<Actor | null>;
  /** The client itself, for what writes (subscriptions.ts). */
  client(): Promise<Firestore>;
  warm(): Promise<void>;
  close(): Promise<void>;
}

/** Where the directory is. */
export interface DirectorySettings {
  readonly googleCloudProject: string | null;
  readonly firestoreEmulatorHost: string | null;
}

/** Opens the directory; no network before the first use. */
export function openDirectory(settings: DirectorySettings, readTimeoutMs = defaultReadTimeoutMs): Directory {
  let loading: Promise<Firestore> | null = null;
  const client = (): Promise<Firestore> => {
    if (loading !== null) return loading;
    const load = loadClient(settings);
    loading = load;
    // A failed load is tried again by the next look-up.
    load.catch(() => (loading = null));
    return load;
  };
  return {
    client,
    warm: async () => void (await client()),
    findActor: async (token, burst) => {
      try {
        return await withDeadline(
          client().then((firestore) => find(firestore, token, burst)),
          readTimeoutMs,
        );
      } catch (error) {
        throw new Refusal('directory-unavailable', 'access cannot be checked at the moment, please retry', {
          cause: error,
        });
      }
    },
    close: async () => {
      if (loading !== null) await (await loading).terminate();
    },
  };
}

async function loadClient({ googleCloudProject, firestoreEmulatorHost }: DirectorySettings): Promise<Firestore> {
  const { Firestore } = await import('@google-cloud/firestore');
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  const options: Settings = {};
  if (googleCloudProject !== null) options.projectId = googleCloudProject;
  if (firestoreEmulatorHost === null) {
    // A client that has to look for credentials itself leaves a failure to nobody, which ends the process, and never looks again.
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

async function find(firestore: Firestore, { source, hash }: KnownToken, burst: BurstSettings): Promise<Actor | null> {
  const tokenDocument = await firestore.doc(`tokens/${hash}`).get();
  if (!tokenDocument.exists) return null;
  const token = parseDocument(tokenSchema, tokenDocument.data(), `tokens/${hash}`);
  if (token.revoked) return null;
  const [collection, id = ''] = token.actor.split('/');
  // A token of one kind must not open an account of the other.
  if ((collection === 'users') !== (source === 'dotcom-user')) return null;
  const document = await firestore.doc(token.actor).get();
  if (!document.exists) return null;
  const record = parseDocument(subscriptionSchema, document.data(), token.actor);
  const limits: Partial<Record<Feature, Entitlement>> = {};
  for (const feature of features) {
    const entitlement = entitle(record.limits[feature], burst);
    if (entitlement !== null) limits[feature] = entitlement;
  }
  return { source, id, name: record.name, accessEnabled: record.accessEnabled && !record.archived, limits };
}

/** The outcome of the work, if it comes in time. What Firestore's client does after that is its own: a write may still be done. */
export async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Firestore did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
