// Reads single documents of Firestore over its REST API, for callers that wait. Its client (directory.ts) is for what writes and asks questions: to load it
// and to open its first channel takes half of a cold start, and it stays a fifth of an instance's memory.

import { setTimeout as delay } from 'node:timers/promises';
import type { GoogleAuth } from 'google-auth-library';
import { fetchJson, FetchFailed, type JsonAnswer } from '../http/http.ts';

/** What Firestore's own client asks for. */
export const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/datastore'];
/** A document has at most 1 MiB; as JSON, each of its values carries its type's name. */
const answerBytesMax = 8 * 1024 * 1024;
/** Between one try and the next: a read may be repeated, as Firestore's own client does. */
const retryWaitsMs = [50, 200] as const;
/** Answers of a server that could not, or not yet. */
const passing: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Where the directory is. */
export interface DirectorySettings {
  readonly googleCloudProject: string | null;
  readonly firestoreEmulatorHost: string | null;
}

/** A document as it was read. */
export interface StoredDocument {
  readonly data: Readonly<Record<string, unknown>>;
  /** When it was last changed, microseconds since 1970. */
  readonly version: number;
}

/** Reads documents by their paths. */
export interface DocumentReader {
  /** @returns null when there is no such document. @throws Error in words that hold nothing of what was read, sent or asked for */
  read(path: string, timeoutMs: number): Promise<StoredDocument | null>;
}

/** Makes a reader; no network before the first use. */
export function createDocumentReader(settings: DirectorySettings): DocumentReader {
  const access = settings.firestoreEmulatorHost === null ? googleAccess(settings) : emulatorAccess(settings);
  return {
    read: async (path, timeoutMs) => {
      const endMs = performance.now() + timeoutMs;
      const { origin, database, token } = await access();
      const url = `${origin}/v1/${database}/documents:batchGet`;
      const body = JSON.stringify({ documents: [`${database}/documents/${path}`] });
      const ask = (): Promise<JsonAnswer> =>
        fetchJson({
          url,
          headers: { authorization: `Bearer ${token}` },
          body,
          timeoutMs: Math.max(1, endMs - performance.now()),
          answerBytesMax,
        });
      for (const waitMs of retryWaitsMs) {
        const answer = await ask().catch((error: unknown) => {
          if (error instanceof FetchFailed && performance.now() + waitMs < endMs) return null;
          throw error;
        });
        if (answer !== null && !passing.has(answer.status)) return documentOf(answer);
        await delay(waitMs);
      }
      return documentOf(await ask());
    },
  };
}

/** Where to ask, for what database, and with which token. */
type Access = () => Promise<{ readonly origin: string; readonly database: string; readonly token: string }>;

function databaseOf(project: string): string {
  return `projects/${project}/databases/(default)`;
}

function emulatorAccess({ googleCloudProject, firestoreEmulatorHost }: DirectorySettings): Access {
  return async () => {
    if (googleCloudProject === null)
      throw new Error('GOOGLE_CLOUD_PROJECT is not set: give the project whose documents the emulator holds');
    return { origin: `http://${firestoreEmulatorHost}`, database: databaseOf(googleCloudProject), token: 'owner' };
  };
}

function googleAccess({ googleCloudProject }: DirectorySettings): Access {
  let loading: Promise<GoogleAuth> | null = null;
  return async () => {
    loading ??= import('google-auth-library').then(({ GoogleAuth }) => new GoogleAuth({ scopes }));
    try {
      // It keeps the token, and renews it in time.
      const auth = await loading;
      const token = await auth.getAccessToken();
      if (typeof token !== 'string') throw new Error('the credentials of this process give no access token');
      const project = googleCloudProject ?? (await auth.getProjectId());
      return { origin: 'https://firestore.googleapis.com', database: databaseOf(project), token };
    } catch (error) {
      // The next read looks for credentials anew.
      loading = null;
      throw error;
    }
  };
}

/** One of Firestore's values: an object whose only member names its type. */
type Value = Readonly<Record<string, unknown>>;
/** What is asked for one document is answered by one element. */
interface BatchGetAnswer {
  readonly found?: { readonly fields?: Readonly<Record<string, Value>>; readonly updateTime: string };
  readonly missing?: string;
}

/** @throws Error with the status and Google's name for it */
function documentOf({ status, body }: JsonAnswer): StoredDocument | null {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (status !== 200) {
    const name = (first as { error?: { status?: unknown } } | undefined)?.error?.status;
    const known = typeof name === 'string' && /^[A-Z_]{1,40}$/.test(name) ? ` ${name}` : '';
    throw new Error(`Firestore answered ${status}${known}`);
  }
  const { found, missing } = (first ?? {}) as BatchGetAnswer;
  if (found !== undefined) return { data: fieldsOf(found.fields ?? {}), version: microsecondsOf(found.updateTime) };
  if (missing === undefined) throw new Error('Firestore answered 200 without a document');
  return null;
}

function fieldsOf(fields: Readonly<Record<string, Value>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, valueOf(value)]));
}

/** What no document of the directory holds (times, bytes, references, places) stays as it is, and fits no schema. */
function valueOf(value: Value): unknown {
  const [type, content] = Object.entries(value)[0] ?? [];
  switch (type) {
    case 'stringValue':
    case 'booleanValue':
      return content;
    case 'nullValue':
      return null;
    // An integer comes as a text, as do NaN and the infinities.
    case 'integerValue':
    case 'doubleValue':
      return Number(content);
    case 'arrayValue':
      return ((content as { values?: Value[] }).values ?? []).map(valueOf);
    case 'mapValue':
      return fieldsOf((content as { fields?: Record<string, Value> }).fields ?? {});
    default:
      return value;
  }
}

/** @param time of RFC 3339, in UTC, with up to nine digits of a second's parts. @throws Error when it is none */
function microsecondsOf(time: string): number {
  const [, seconds, fraction = ''] = /^([\dT:-]+)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  const ms = Date.parse(`${seconds}Z`);
  if (Number.isNaN(ms)) throw new Error('Firestore answered with a document that has no time');
  return ms * 1_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
