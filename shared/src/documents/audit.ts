// The audit trail of operators' writes: `audit/{id}` of the directory. Who did what to whom, when and why; never a
// token. Not the usage events (events).

import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { operatorTimeoutMs, withDeadline, type Documents } from './firestore.ts';
import { parseDocument } from './parse-document.ts';

/** Who writes and why: every write of an operator's takes one. */
export interface Author {
  /** The operator's account, as the credentials tell it. */
  readonly who: string;
  /** In the operator's words. */
  readonly why: string;
}

const auditSchema = v.object({
  at: v.pipe(v.string(), v.isoTimestamp()),
  who: v.string(),
  why: v.string(),
  /** The command's name, such as `subscriptions disable`. */
  what: v.string(),
  /** Bare id of the subscription it is about; null where it is about none. */
  subject: v.nullable(v.string()),
  /** What changed, for people to read. */
  change: v.string(),
  /** A write outside the directory is announced before it is tried. */
  outcome: v.picklist(['begun', 'done', 'failed']),
});

/** One record. */
export type AuditRecord = v.InferOutput<typeof auditSchema>;

/** A record that goes with a write of the directory, in the same commit. */
export function auditDocument(
  author: Author,
  what: string,
  subject: string | null,
  change: string,
  outcome: AuditRecord['outcome'] = 'done',
): AuditRecord {
  return { at: new Date().toISOString(), ...author, what, subject, change, outcome };
}

/** Read of one subject at once. */
const subjectRecordsMax = 1_000;
/** The largest time that a Date can have. */
const timeMax = 8_640_000_000_000_000;

/**
 * A new place for a record: Firestore's own order, which is by id, has the newest first, and nobody has to ask by time.
 */
export function auditPath({ at }: AuditRecord): string {
  return `audit/${timeMax - Date.parse(at)}-${randomUUID()}`;
}

/** Says for the record what came of the work so far; null: nothing was done. What was said last is what stands. */
export type Tell = (change: string | null) => void;

/**
 * Does something outside the directory (a counter, a queue): the record is written before the work begins, and says
 * afterwards how it ended and what it did. Work that tells null has done nothing, and leaves no record.
 * @throws what the work throws, and what Firestore throws: then nothing was done
 */
export async function audited<T>(
  documents: Pick<Documents, 'client'>,
  author: Author,
  { what, subject, change }: Pick<AuditRecord, 'what' | 'subject' | 'change'>,
  work: (tell: Tell) => Promise<T>,
): Promise<T> {
  const firestore = await documents.client();
  const begun = auditDocument(author, what, subject, change, 'begun');
  const record = firestore.doc(auditPath(begun));
  await withDeadline(record.create(begun), operatorTimeoutMs);
  let told: string | null = change;
  const end = (outcome: AuditRecord['outcome']): Promise<unknown> =>
    withDeadline(told === null ? record.delete() : record.update({ outcome, change: told }), operatorTimeoutMs);
  let result: T;
  try {
    result = await work((done) => {
      told = done;
    });
  } catch (error) {
    // That it was tried stays on record.
    told ??= change;
    // The error is about the work; a record that still says `begun` means that its outcome is unknown.
    await end('failed').catch(() => undefined);
    throw error;
  }
  await end('done');
  return result;
}

/**
 * The latest records, newest first.
 * @param subject of this subscription alone.
 * @throws what Firestore throws, and a timeout after 15 s
 */
export async function listAudit(
  documents: Pick<Documents, 'client'>,
  subject: string | null,
  most: number,
): Promise<AuditRecord[]> {
  const firestore = await documents.client();
  const all = firestore.collection('audit');
  // By one field each: both at once would need an index of their own. Firestore's own order has the newest of a subject
  // first; the local emulator has none, and is asked for all that there can be.
  const chosen =
    subject === null
      ? all.orderBy('at', 'desc').limit(most)
      : all.where('subject', '==', subject).limit(Math.max(most, subjectRecordsMax));
  const { docs } = await withDeadline(chosen.get(), operatorTimeoutMs);
  return docs
    .map((document) => parseDocument(auditSchema, document.data(), document.ref.path))
    .toSorted((a, b) => b.at.localeCompare(a.at))
    .slice(0, most);
}
