// The Firestore directory: tokens, subscriptions, users. Who waits for an answer reads documents (document-reader.ts); Firestore's client loads when something is
// first written.

import type { Firestore, Settings } from '@google-cloud/firestore';
import { accessTokens, Refusal, type AccessTokens } from '../http/http.ts';
import type { Account } from './account.ts';
import { createDocumentReader, type DirectorySettings, type DocumentReader } from './document-reader.ts';
import { parseDocument, subscriptionSchema, tokenSchema, type Origin } from './documents.ts';
import type { Statement } from './sources/access-source.ts';
import { revokeTokens, saveStatement, type Saved } from './statements.ts';
import type { KnownToken } from './token.ts';

/** A point read takes milliseconds; the first one looks for credentials, the first write loads a client and opens its channel. */
const defaultReadTimeoutMs = 5_000;
/** Somebody waits at a terminal: long enough for credentials and a first channel, short enough to be told what is wrong. */
export const operatorTimeoutMs = 15_000;

/** A token that was once somebody's. */
export interface RevokedToken {
  /** Version of the change that revoked it. */
  readonly revokedAt: number;
}

/** The directory of this process. */
export interface Directory {
  /** Whose token it is, or null when the directory knows none. @throws Refusal `directory-unavailable` */
  find(token: KnownToken): Promise<Account | RevokedToken | null>;
  /** Stores what a source stated about the owner of a token. @throws what Firestore throws, and after the same time as a read */
  save(statement: Statement, origin: Origin, token: KnownToken, nowMs: number): Promise<Saved>;
  /** The token's source knows it no longer. @returns the version of that change @throws as `save` */
  revoke(token: KnownToken, nowMs: number): Promise<number>;
  /** The client itself, for what writes (statements.ts, subscriptions.ts). */
  client(): Promise<Firestore>;
  close(): Promise<void>;
}

/** How the directory is read. */
export interface ReadOptions {
  /** Whose reads; absent: of whatever credentials are found. */
  readonly tokens?: AccessTokens;
  readonly readTimeoutMs?: number;
}

/** Opens the directory; no network before the first use. */
export function openDirectory(
  settings: DirectorySettings,
  { tokens = accessTokens('local'), readTimeoutMs = defaultReadTimeoutMs }: ReadOptions = {},
): Directory {
  const reader = createDocumentReader(settings, tokens);
  let loading: Promise<Firestore> | null = null;
  const client = (): Promise<Firestore> => {
    if (loading !== null) return loading;
    const load = loadClient(settings);
    loading = load;
    // A failed load is tried again by whoever needs it next.
    load.catch(() => (loading = null));
    return load;
  };
  const bounded = <T>(work: (firestore: Firestore) => Promise<T>): Promise<T> =>
    withDeadline(client().then(work), readTimeoutMs);
  return {
    client,
    find: async (token) => {
      try {
        return await withDeadline(find(reader, token, readTimeoutMs), readTimeoutMs);
      } catch (error) {
        throw new Refusal('directory-unavailable', 'access cannot be checked at the moment, please retry', {
          cause: error,
        });
      }
    },
    save: (statement, origin, token, nowMs) =>
      bounded((firestore) => saveStatement(firestore, statement, origin, token.hash, nowMs)),
    revoke: (token, nowMs) => bounded((firestore) => revokeTokens(firestore, [token.hash], nowMs)),
    close: async () => {
      if (loading !== null) await (await loading).terminate();
    },
  };
}

/** What Firestore's own client asks for. */
const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/datastore'];

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

async function find(
  reader: DocumentReader,
  { source, hash }: KnownToken,
  timeoutMs: number,
): Promise<Account | RevokedToken | null> {
  const tokenDocument = await reader.read(`tokens/${hash}`, timeoutMs);
  if (tokenDocument === null) return null;
  const token = parseDocument(tokenSchema, tokenDocument.data, `tokens/${hash}`);
  if (token.revoked) return { revokedAt: tokenDocument.version };
  const [collection, id = ''] = token.actor.split('/');
  // A token of one kind must not open an account of the other.
  if ((collection === 'users') !== (source === 'dotcom-user')) return null;
  const document = await reader.read(token.actor, timeoutMs);
  if (document === null) return null;
  const record = parseDocument(subscriptionSchema, document.data, token.actor);
  return { source, id, record, version: Math.max(tokenDocument.version, document.version) };
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
