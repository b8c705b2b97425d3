// The Firestore directory: tokens, subscriptions, users. Its client loads when it is first needed, never in front of the port.

import type { Firestore, Settings } from '@google-cloud/firestore';
import * as v from 'valibot';
import { Refusal } from '../http/http.ts';
import type { Actor } from './actor.ts';
import { entitle, features, type BurstSettings, type Feature, type Entitlement } from './entitlement.ts';
import type { KnownToken } from './token.ts';

/** A point read takes milliseconds; the first one opens a channel. */
const readTimeoutMs = 5_000;

const limitSchema = v.object({
  limit: v.pipe(v.number(), v.integer()),
  intervalSeconds: v.pipe(v.number(), v.integer()),
  allowedModels: v.array(v.string()),
});

const subscriptionSchema = v.object({
  name: v.string(),
  accessEnabled: v.boolean(),
  archived: v.optional(v.boolean(), false),
  limits: v.object({
    chat_completions: v.nullish(limitSchema),
    code_completions: v.nullish(limitSchema),
    embeddings: v.nullish(limitSchema),
  }),
});

const tokenSchema = v.object({
  /** Path of the document of whom the token belongs to. */
  actor: v.pipe(v.string(), v.regex(/^(subscriptions|users)\/[^/]+$/)),
  revoked: v.optional(v.boolean(), false),
});

/** A document of `subscriptions/` or `users/`, as stored. */
export type SubscriptionRecord = v.InferOutput<typeof subscriptionSchema>;

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
export function openDirectory(settings: DirectorySettings): Directory {
  let loading: Promise<Firestore> | null = null;
  const client = (): Promise<Firestore> => {
    loading ??= loadClient(settings);
    // A failed load is tried again by the next look-up.
    loading.catch(() => (loading = null));
    return loading;
  };
  return {
    client,
    warm: async () => void (await client()),
    findActor: async (token, burst) => {
      try {
        return await withDeadline(find(await client(), token, burst));
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
  const options: Settings = {};
  if (googleCloudProject !== null) options.projectId = googleCloudProject;
  if (firestoreEmulatorHost !== null) {
    const { grpc } = await import('google-gax');
    const [host, port] = firestoreEmulatorHost.split(':');
    Object.assign(options, {
      servicePath: host,
      port: Number(port),
      sslCreds: grpc.credentials.createInsecure(),
      customHeaders: { Authorization: 'Bearer owner' },
    });
  }
  return new Firestore(options);
}

async function find(firestore: Firestore, { source, hash }: KnownToken, burst: BurstSettings): Promise<Actor | null> {
  const tokenDocument = await firestore.doc(`tokens/${hash}`).get();
  if (!tokenDocument.exists) return null;
  const token = parse(tokenSchema, tokenDocument.data(), `tokens/${hash}`);
  if (token.revoked) return null;
  const [collection, id = ''] = token.actor.split('/');
  // A token of one kind must not open an account of the other.
  if ((collection === 'users') !== (source === 'dotcom-user')) return null;
  const document = await firestore.doc(token.actor).get();
  if (!document.exists) return null;
  const { name, accessEnabled, archived, limits } = parse(subscriptionSchema, document.data(), token.actor);
  const usable: Partial<Record<Feature, Entitlement>> = {};
  for (const feature of features) {
    const entitlement = entitle(limits[feature], burst);
    if (entitlement !== null) usable[feature] = entitlement;
  }
  return { source, id, name, accessEnabled: accessEnabled && !archived, limits: usable };
}

/** A document of another shape grants nothing; which one it is goes to the log, its content does not. */
function parse<S extends v.GenericSchema>(schema: S, data: unknown, path: string): v.InferOutput<S> {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const faults = result.issues.map(
    (issue) => `${v.getDotPath(issue) ?? 'document'}: expected ${issue.expected ?? 'something else'}`,
  );
  throw new Error(`directory document ${path} is malformed: ${faults.join('; ')}`);
}

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Firestore did not answer within ${readTimeoutMs} ms`)), readTimeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
