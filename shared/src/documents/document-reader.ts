// Reads single documents of Firestore over its REST API, for callers that wait. Its client (firestore.ts) is for what
// writes and asks questions: to load it and to open its first channel takes half of a cold start, and it stays a fifth
// of an instance's memory.

import { setTimeout as delay } from 'node:timers/promises';
import { fetchJson, FetchFailed, type AccessTokens, type JsonAnswer } from '../http/http.ts';

/** A document has at most 1 MiB; as JSON, each of its values carries its type's name. */
const answerBytesMax = 8 * 1024 * 1024;
/** Between one try and the next: a read may be repeated, as Firestore's own client does. */
const retryWaitsMs = [50, 200] as const;
/** Answers of a server that could not, or not yet. */
const passing: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Where the documents are. */
export interface DocumentsSettings {
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
  /**
   * @returns null when there is no such document.
   * @throws Error in words that hold nothing of what was read, sent or asked for
   */
  read(path: string, timeoutMs: number): Promise<StoredDocument | null>;
  /** Several in one round trip, in the order of their paths. @throws as `read` */
  readAll(paths: readonly string[], timeoutMs: number): Promise<(StoredDocument | null)[]>;
}

/**
 * Makes a reader; no network before the first use.
 * @param tokens not asked for where an emulator is, which takes its owner's
 */
export function createDocumentReader(
  { googleCloudProject: project, firestoreEmulatorHost }: DocumentsSettings,
  tokens: AccessTokens,
  googleOrigin = 'https://firestore.googleapis.com',
): DocumentReader {
  const database = `projects/${project}/databases/(default)`;
  const place: Place =
    firestoreEmulatorHost === null
      ? { origin: googleOrigin, tokens }
      : { origin: `http://${firestoreEmulatorHost}`, tokens: async () => 'owner' };
  const readAll: DocumentReader['readAll'] = async (paths, timeoutMs) => {
    if (paths.length === 0) return [];
    if (project === null)
      throw new Error('GOOGLE_CLOUD_PROJECT is not set: give the project whose Firestore holds the directory');
    const endMs = performance.now() + timeoutMs;
    const names = paths.map((path) => `${database}/documents/${path}`);
    const body = JSON.stringify({ documents: names });
    const ask = async (): Promise<JsonAnswer> =>
      fetchJson({
        url: `${place.origin}/v1/${database}/documents:batchGet`,
        headers: { authorization: `Bearer ${await place.tokens()}` },
        body,
        timeoutMs: Math.max(1, endMs - performance.now()),
        answerBytesMax,
      });
    for (const waitMs of retryWaitsMs) {
      const answer = await ask().catch((error: unknown) => {
        if (error instanceof FetchFailed && performance.now() + waitMs < endMs) return null;
        throw error;
      });
      if (answer !== null && !passing.has(answer.status)) return documentsOf(answer, names);
      await delay(waitMs);
    }
    return documentsOf(await ask(), names);
  };
  return { read: async (path, timeoutMs) => (await readAll([path], timeoutMs))[0] ?? null, readAll };
}

/** Where the documents are, and who asks for them. */
interface Place {
  readonly origin: string;
  readonly tokens: AccessTokens;
}

/** One of Firestore's values: an object whose only member names its type. */
type Value = Readonly<Record<string, unknown>>;
/** Each document that is asked for has an element, in any order. */
interface BatchGetAnswer {
  readonly found?: {
    readonly name: string;
    readonly fields?: Readonly<Record<string, Value>>;
    readonly updateTime: string;
  };
  readonly missing?: string;
}

/** @throws Error with the status and Google's name for it */
function documentsOf({ status, body }: JsonAnswer, names: readonly string[]): (StoredDocument | null)[] {
  const elements = (Array.isArray(body) ? body : [body]) as readonly unknown[];
  if (status !== 200) {
    const name = (elements[0] as { error?: { status?: unknown } } | undefined)?.error?.status;
    const known = typeof name === 'string' && /^[A-Z_]{1,40}$/.test(name) ? ` ${name}` : '';
    throw new Error(`Firestore answered ${status}${known}`);
  }
  const byName = new Map<string, StoredDocument | null>();
  for (const element of elements) {
    const { found, missing } = (element ?? {}) as BatchGetAnswer;
    if (found !== undefined)
      byName.set(found.name, { data: fieldsOf(found.fields ?? {}), version: microsecondsOf(found.updateTime) });
    else if (missing !== undefined) byName.set(missing, null);
  }
  return names.map((name) => {
    const document = byName.get(name);
    if (document === undefined) throw new Error('Firestore answered 200 without a document');
    return document;
  });
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
