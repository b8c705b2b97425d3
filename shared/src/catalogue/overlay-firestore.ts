// The overlay's documents in Firestore: `catalogue/{kind}:{provider}`, and `catalogue/version`, which changes with
// each of them. Not what their texts mean (overlay-document.ts).

import * as v from 'valibot';
import { parseDocument, type DocumentReader } from '../documents/documents.ts';

/** Names the documents; written with every one of them. */
export const markerPath = 'catalogue/version';

/** @param id of a document (`overlayId`) */
export const overlayPath = (id: string): string => `catalogue/${id}`;

const markerSchema = v.object({
  /** One more with every write: a write without a change would leave the document's time as it was. */
  writes: v.pipe(v.number(), v.integer()),
  documents: v.pipe(
    v.array(v.pipe(v.string(), v.regex(/^[a-z]{1,20}:[a-z0-9][a-z0-9._-]{0,62}$/))),
    v.maxLength(1_000),
  ),
});

/** What `catalogue/version` says. */
export type Marker = v.InferOutput<typeof markerSchema>;

/** @throws Error that names what is malformed */
export function parseMarker(data: unknown): Marker {
  return parseDocument(markerSchema, data, markerPath);
}

/**
 * When anything was last written, microseconds since 1970, and which documents there are; null: nobody ever wrote.
 * @throws as `read`
 */
export async function readMarker(
  documents: DocumentReader,
  timeoutMs: number,
): Promise<{ readonly version: number; readonly documents: readonly string[] } | null> {
  const stored = await documents.read(markerPath, timeoutMs);
  return stored === null ? null : { version: stored.version, documents: parseMarker(stored.data).documents };
}

/** The texts of documents by name; one that is gone is absent. @throws as `readAll` */
export async function readTexts(
  documents: DocumentReader,
  ids: readonly string[],
  timeoutMs: number,
): Promise<Record<string, string>> {
  const stored = await documents.readAll(ids.map(overlayPath), timeoutMs);
  return Object.fromEntries(
    ids.flatMap((id, at) => {
      const document = stored[at] ?? null;
      return document === null ? [] : [[id, textOf(document.data)]];
    }),
  );
}

/** A document without a text is a bad one: what is not JSON is told as such. */
export function textOf(data: Readonly<Record<string, unknown>> | undefined): string {
  return typeof data?.['text'] === 'string' ? data['text'] : '';
}
