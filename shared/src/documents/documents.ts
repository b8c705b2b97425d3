// Door of the documents room: documents of Firestore, how they are read and written, and who wrote what. Not what
// stands in them (directory).

export { audited, auditDocument, auditPath, listAudit, type AuditRecord, type Author, type Tell } from './audit.ts';
export { auditedChange, type ChangeOrigin } from './audited-change.ts';
export { confirmCopy, keepCopy, readCopy, readCopyVersion, type DocumentCopy, type NewCopy } from './document-copy.ts';
export type { DocumentReader, DocumentsSettings, StoredDocument } from './document-reader.ts';
export { openDocuments, operatorTimeoutMs, versionOf, withDeadline, type Documents } from './firestore.ts';
export { parseDocument } from './parse-document.ts';
