// A change of one document and the record of who made it, in one commit. Work outside of Firestore has its record from
// audit.ts.

import type { DocumentSnapshot, Transaction } from '@google-cloud/firestore';
import { auditDocument, auditPath, type AuditRecord, type Author } from './audit.ts';
import { operatorTimeoutMs, withDeadline, type Documents } from './firestore.ts';

/** Who changes it, by which command, and whom it is about. */
export interface ChangeOrigin extends Pick<AuditRecord, 'what' | 'subject'> {
  readonly author: Author;
}

/**
 * Reads a document in a transaction; `decide` may read others through it first, then writes through that transaction
 * what follows from what it found, and says it in words for the record. Where somebody else changes the document
 * meanwhile, Firestore runs `decide` again on what stands then.
 * @returns what was decided, and the document as it stands afterwards, with its version (`versionOf(after.updateTime)`)
 * @throws what `decide` throws: nothing is written then; what Firestore throws, and a timeout after 15 s
 */
export async function auditedChange<T extends { readonly text: string }>(
  documents: Pick<Documents, 'client'>,
  path: string,
  { author, what, subject }: ChangeOrigin,
  decide: (found: DocumentSnapshot, transaction: Transaction) => T | Promise<T>,
): Promise<{ decided: T; after: DocumentSnapshot }> {
  const firestore = await documents.client();
  const document = firestore.doc(path);
  const change = async (transaction: Transaction): Promise<T> => {
    const decided = await decide(await transaction.get(document), transaction);
    const audit = auditDocument(author, what, subject, decided.text);
    transaction.create(firestore.doc(auditPath(audit)), audit);
    return decided;
  };
  const decided = await withDeadline(firestore.runTransaction(change), operatorTimeoutMs);
  // Read again for its version: a transaction does not tell the time of its commit. A change in between is a newer one,
  // and as good.
  return { decided, after: await withDeadline(document.get(), operatorTimeoutMs) };
}
